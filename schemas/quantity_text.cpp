#include "schemas/quantity_text.hpp"

#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <string>
#include <utility>

namespace zbag {
namespace {

using Unit = std::pair<std::string_view, double>;
constexpr std::array<Unit, 8> kSeconds = {{{"ms", 1e-3},
                                           {"s", 1.0},
                                           {"sec", 1.0},
                                           {"m", 60.0},
                                           {"min", 60.0},
                                           {"h", 3600.0},
                                           {"hr", 3600.0},
                                           {"d", 86400.0}}};
constexpr double kKi = 1024.0;
constexpr std::array<Unit, 17> kBytes = {{{"B", 1.0},
                                          {"k", 1e3},
                                          {"kB", 1e3},
                                          {"M", 1e6},
                                          {"MB", 1e6},
                                          {"G", 1e9},
                                          {"GB", 1e9},
                                          {"T", 1e12},
                                          {"TB", 1e12},
                                          {"Ki", kKi},
                                          {"KiB", kKi},
                                          {"Mi", kKi* kKi},
                                          {"MiB", kKi* kKi},
                                          {"Gi", kKi* kKi* kKi},
                                          {"GiB", kKi* kKi* kKi},
                                          {"Ti", kKi* kKi* kKi* kKi},
                                          {"TiB", kKi* kKi* kKi* kKi}}};

constexpr std::string_view kDigits = "0123456789.";

// Cuts the digits at the start off `text`; nullopt: there is no number.
std::optional<double> take_number(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of(kDigits), text.size());
  const std::optional<double> value = parse_decimal(text.substr(0, digits));
  text.remove_prefix(digits);
  return value;
}

// In either case where it ends with B: 1m might be a minute.
bool is_unit_of_bytes(std::string_view unit, std::string_view text) {
  return unit == text || (unit.ends_with('B') && unit.size() == text.size() &&
                          ::strncasecmp(unit.data(), text.data(), unit.size()) == 0);
}

}  // namespace

std::optional<double> parse_decimal(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<double> parse_span(std::string_view text, double per_second) {
  constexpr double kSecondsMax = 9.2e9;
  const auto bounded = [&](double units) {
    return units <= kSecondsMax * per_second ? std::optional(units) : std::nullopt;
  };
  if (text.empty() || text[0] == '+' || text[0] == '-') return std::nullopt;
  if (const std::optional<double> plain = parse_decimal(text)) return bounded(*plain);
  double sum = 0.0;
  while (!text.empty()) {
    const std::optional<double> value = take_number(text);
    const std::string_view name = text.substr(0, text.find_first_of(kDigits));
    const auto* const unit = std::find_if(kSeconds.begin(), kSeconds.end(),
                                          [&](const Unit& one) { return one.first == name; });
    if (!value || unit == kSeconds.end()) return std::nullopt;
    text.remove_prefix(name.size());
    sum += *value * (unit->second * per_second);
  }
  return bounded(sum);
}

std::optional<double> parse_megabytes(std::string_view text) {
  if (text.empty() || text[0] == '+' || text[0] == '-') return std::nullopt;
  if (const std::optional<double> plain = parse_decimal(text)) return plain;
  const std::optional<double> value = take_number(text);
  const auto* const unit = std::find_if(kBytes.begin(), kBytes.end(), [&](const Unit& one) {
    return is_unit_of_bytes(one.first, text);
  });
  if (!value || unit == kBytes.end()) return std::nullopt;
  return *value * unit->second / 1e6;
}

std::optional<double> parse_iso_time(const std::string& text) {
  std::tm tm{};
  int year = 0;
  int month = 0;
  double seconds = 0.0;
  int used = 0;
  const int got = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%lfZ%n", &year, &month,
                              &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &seconds, &used);
  if (got == 6 && static_cast<std::size_t>(used) == text.size() && month >= 1 && month <= 12 &&
      seconds >= 0.0 && seconds < 61.0) {
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    const int day = tm.tm_mday;
    const int hour = tm.tm_hour;
    const int minute = tm.tm_min;
    const std::time_t whole = timegm(&tm);  // carries February 30 over into March
    if (tm.tm_mday != day || tm.tm_hour != hour || tm.tm_min != minute) return std::nullopt;
    return static_cast<double>(whole) + seconds;
  }
  return std::nullopt;
}

}  // namespace zbag
