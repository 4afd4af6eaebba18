#include "player/columns/column_names.hpp"

#include <algorithm>

#include "schemas/track_name.hpp"

namespace zbag {

std::string without_case(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return lower;
}

std::string ColumnNames::add(std::string_view name) {
  const bool is_plain = !name.empty() && is_utf8(name) && name.find('\0') == std::string_view::npos;
  const std::string wanted = is_plain ? std::string(name) : "_" + printable(name);
  std::string given = wanted;
  for (int i = 2; !used_.insert(without_case(given)).second; ++i)
    given = wanted + "_" + std::to_string(i);
  return given;
}

}  // namespace zbag
