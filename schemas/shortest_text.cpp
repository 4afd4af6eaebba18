#include "schemas/shortest_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace zbag {
namespace {

// Every number has room in it.
using Digits = std::array<char, 40>;

template <class T>
std::string_view shortest(T number, Digits& digits) {
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  static_cast<void>(error);
  return {digits.data(), end};
}

}  // namespace

void append_shortest(double number, std::string& out) {
  if (std::isnan(number)) {  // its sign is nobody's
    out += "nan";
    return;
  }
  Digits digits;
  const std::string_view text = shortest(number, digits);
  out += text;
  const auto is_of_float = [](char c) { return c == '.' || c == 'e' || c == 'i'; };  // of inf, too
  if (std::none_of(text.begin(), text.end(), is_of_float)) out += ".0";
}

void append_shortest(std::int64_t number, std::string& out) {
  Digits digits;
  out += shortest(number, digits);
}

void append_shortest(std::uint64_t number, std::string& out) {
  Digits digits;
  out += shortest(number, digits);
}

}  // namespace zbag
