#include "schemas/timestamp.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "schemas/shortest_text.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// The nearest double to whole + nanos * 1e-9. Decimal text is the one correctly rounded route
// there: any arithmetic in doubles rounds twice.
double nearest_double(std::int64_t whole, std::int64_t nanos) {
  const bool negative = whole < 0 && nanos > 0;
  if (negative) {  // -2 + 0.25 s is written "-1.75"
    ++whole;
    nanos = kNanosPerSecond - nanos;
  }
  std::array<char, 48> text;
  char* end = text.data();
  if (negative && whole == 0) *end++ = '-';
  end = std::to_chars(end, text.data() + text.size(), whole).ptr;
  *end++ = '.';
  std::array<char, 9> digits;
  digits.fill('0');
  for (std::size_t i = digits.size(); i-- > 0; nanos /= 10) {
    digits[i] = static_cast<char>('0' + nanos % 10);
  }
  for (const char digit : digits) *end++ = digit;
  double seconds = 0.0;
  std::from_chars(text.data(), end, seconds);
  return seconds;
}

}  // namespace

std::optional<Timestamp> Timestamp::from_seconds(double seconds) {
  if (!(std::abs(seconds) < 1e10)) return std::nullopt;  // NaN too; the exact bound follows
  if (seconds == 0.0) return Timestamp();
  const double whole = std::floor(seconds);
  const auto rest = static_cast<std::int64_t>(std::nearbyint((seconds - whole) * 1e9));
  // Of negative times the second above is taken, so that no step leaves int64 before the sum does.
  const bool is_negative = whole < 0;
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(static_cast<std::int64_t>(whole) + (is_negative ? 1 : 0),
                             kNanosPerSecond, &ns) ||
      __builtin_add_overflow(ns, is_negative ? rest - kNanosPerSecond : rest, &ns)) {
    return std::nullopt;
  }
  return Timestamp(ns, seconds);
}

Timestamp Timestamp::from_ns(std::int64_t ns) {
  std::int64_t whole = ns / kNanosPerSecond;
  std::int64_t rest = ns % kNanosPerSecond;
  if (rest < 0) {
    --whole;
    rest += kNanosPerSecond;
  }
  const std::optional<Timestamp> stamp = from_seconds(nearest_double(whole, rest));
  // Within a microsecond of the ends of int64 the nearest double lies outside it.
  return stamp ? *stamp : Timestamp(ns, nearest_double(whole, rest));
}

std::optional<Timestamp> Timestamp::from_parts(std::int64_t seconds, std::uint32_t nanos) {
  if (nanos >= kNanosPerSecond) return std::nullopt;
  return from_seconds(nearest_double(seconds, nanos));
}

std::string seconds_text(double seconds) {
  std::string text;
  append_shortest(seconds, text);
  return text;
}

}  // namespace zbag
