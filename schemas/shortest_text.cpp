#include "schemas/shortest_text.hpp"

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
  Digits digits;
  const std::string_view text = shortest(number, digits);
  out += std::isnan(number) ? "nan" : text;  // the sign of a NaN is nobody's
  if (std::isfinite(number) && text.find_first_of(".e") == std::string_view::npos) out += ".0";
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
