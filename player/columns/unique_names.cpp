#include "player/columns/unique_names.hpp"

#include <algorithm>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

std::string storable(std::string_view wanted) {
  std::string name(wanted.empty() ? "?" : wanted);
  std::replace(name.begin(), name.end(), '\0', '?');
  if (!is_utf8(name)) {
    std::replace_if(
        name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; },
        '?');
  }
  return name;
}

}  // namespace

std::string UniqueNames::key_of(std::string_view name) const {
  std::string key(name);
  if (letters_ == Case::kIgnored) std::transform(key.begin(), key.end(), key.begin(), lower);
  return key;
}

std::string UniqueNames::take(std::string_view wanted) {
  const std::string name = storable(wanted);
  const auto [first, is_free] = taken_.try_emplace(key_of(name), 2);
  if (is_free) return name;
  // No reference into the map lives over an insertion, its nodes do.
  std::uint64_t& number = first->second;
  std::string numbered;
  do {
    numbered = name + "_" + std::to_string(number++);
  } while (!taken_.try_emplace(key_of(numbered), 2).second);
  return numbered;
}

}  // namespace zbag
