#include "schemas/csv_text.hpp"

#include <algorithm>
#include <array>

namespace zbag {
namespace {

// The bytes that a field with them is quoted for.
constexpr std::array<bool, 256> special_bytes() {
  std::array<bool, 256> special{};
  for (const char c : std::string_view(",\"\r\n")) special[static_cast<unsigned char>(c)] = true;
  return special;
}

bool is_special(char c) {
  static constexpr std::array<bool, 256> kSpecial = special_bytes();
  return kSpecial[static_cast<unsigned char>(c)];
}

}  // namespace

void append_csv_field(std::string_view text, std::string& out) {
  if (!text.empty() && std::none_of(text.begin(), text.end(), is_special)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

}  // namespace zbag
