#include "player/imports/tables/table_stamps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "schemas/item.hpp"
#include "schemas/quantity_text.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct UnitName {
  std::string_view text;
  TimeUnit unit;
};
constexpr std::array kUnitNames = {
    UnitName{"ns", TimeUnit::kNanos},     UnitName{"nanoseconds", TimeUnit::kNanos},
    UnitName{"us", TimeUnit::kMicros},    UnitName{"microseconds", TimeUnit::kMicros},
    UnitName{"ms", TimeUnit::kMillis},    UnitName{"milliseconds", TimeUnit::kMillis},
    UnitName{"s", TimeUnit::kSeconds},    UnitName{"sec", TimeUnit::kSeconds},
    UnitName{"secs", TimeUnit::kSeconds}, UnitName{"seconds", TimeUnit::kSeconds},
};
// In this order.
constexpr std::array<std::string_view, 10> kTimeNames = {
    "_ts", "timestamp", "time", "t", "ts", "stamp", "datetime", "timestamps", "times", "__time"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kPairs = {
    {{"sec", "nsec"}, {"sec", "nanosec"}, {"secs", "nsecs"}, {"seconds", "nanoseconds"}}};
constexpr std::array<std::string_view, 6> kPairsIn = {"",       "stamp.",        "header.stamp.",
                                                      "stamp_", "header_stamp_", ".header.stamp."};

struct NamedTime {
  std::string base;
  std::optional<TimeUnit> unit;
};

// "#timestamp [ns]" is timestamp in ns, "Time (s)" is time in s, "t_us" is t in us.
NamedTime named_time(std::string_view name) {
  constexpr std::string_view kAround = " \t#%";
  name.remove_prefix(std::min(name.find_first_not_of(kAround), name.size()));
  std::string text(name.substr(0, 64));
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    if (c == '(' || c == '[' || c == ' ') c = '_';
  }
  text.resize(text.find_last_not_of(" \t)]") + 1);
  const std::size_t cut = text.rfind('_');
  const std::string_view behind =
      cut == std::string::npos ? "" : std::string_view(text).substr(cut + 1);
  const auto unit =
      std::ranges::find_if(kUnitNames, [&](const UnitName& one) { return one.text == behind; });
  if (cut == 0 || unit == kUnitNames.end()) return {text, std::nullopt};
  text.resize(cut);
  text.resize(text.find_last_not_of('_') + 1);
  return {text, unit->unit};
}

std::optional<std::size_t> place_of(const std::vector<std::string>& names, std::string_view name) {
  const auto found = std::ranges::find_if(names, [&](const std::string& one) {
    return std::ranges::equal(one, name, [](char a, char b) {
      return a == b || ((a | 0x20) == (b | 0x20) && (a | 0x20) >= 'a' && (a | 0x20) <= 'z');
    });
  });
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

std::optional<TimeColumns> find_pair(const std::vector<std::string>& names) {
  for (const std::string_view in : kPairsIn) {
    for (const auto& [seconds, nanos] : kPairs) {
      const auto whole = place_of(names, fmt::format("{}{}", in, seconds));
      const auto rest = whole ? place_of(names, fmt::format("{}{}", in, nanos)) : std::nullopt;
      if (rest) return TimeColumns{.column = *whole, .unit = TimeUnit::kSeconds, .nanos = rest};
    }
  }
  return std::nullopt;
}

// Without a unit first: beside `timestamp` lies `_ts_ns`, of zbag's own.
std::optional<TimeColumns> find_by_name(const std::vector<std::string>& names) {
  std::vector<NamedTime> named;
  for (const std::string& name : names) named.push_back(named_time(name));
  for (const bool has_unit : {false, true}) {
    for (const std::string_view base : kTimeNames) {
      const auto found = std::ranges::find_if(named, [&](const NamedTime& one) {
        return one.base == base && one.unit.has_value() == has_unit;
      });
      if (found == named.end()) continue;
      return TimeColumns{.column = static_cast<std::size_t>(found - named.begin()),
                         .unit = found->unit};
    }
  }
  return std::nullopt;
}

double per_second(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return 1.0;
    case TimeUnit::kMillis:
      return 1e3;
    case TimeUnit::kMicros:
      return 1e6;
    case TimeUnit::kNanos:
      break;
  }
  return 1e9;
}

std::optional<Timestamp> stamp_of_whole(std::int64_t number, TimeUnit unit) {
  const auto nanos = static_cast<std::int64_t>(1e9 / per_second(unit));
  std::int64_t ns = 0;
  if (__builtin_mul_overflow(number, nanos, &ns)) return std::nullopt;
  return Timestamp::from_ns(ns);
}

}  // namespace

Result<TimeColumns> find_time_columns(const std::vector<std::string>& names,
                                      const std::string& wanted, const std::string& place) {
  const std::optional<TimeColumns> pair = find_pair(names);
  std::optional<TimeColumns> found;
  if (!wanted.empty()) {
    const auto exact = std::ranges::find(names, wanted);
    const std::optional<std::size_t> at = exact != names.end()
                                              ? static_cast<std::size_t>(exact - names.begin())
                                              : place_of(names, wanted);
    if (!at)
      return fail(ErrorCode::kInvalid, fmt::format("{}: it has no column {}; it has {}", place,
                                                   printable(wanted), some_names(names)));
    found = TimeColumns{.column = *at, .unit = named_time(names[*at]).unit};
    if (pair && pair->column == *at) found = pair;
  } else {
    found = find_by_name(names);
    if (!found) found = pair;
  }
  if (!found)
    return fail(
        ErrorCode::kInvalid,
        fmt::format("{}: no column says when its rows were: name it with --time-field, of {}",
                    place, some_names(names)));
  return *found;
}

std::string some_names(const std::vector<std::string>& names) {
  constexpr std::size_t kNamedMax = 20;
  std::string text;
  for (std::size_t n = 0; n < std::min(names.size(), kNamedMax); ++n)
    text += (n > 0 ? ", " : "") + printable(names[n]);
  if (names.size() > kNamedMax) text += fmt::format(" and {} more", names.size() - kNamedMax);
  return text;
}

std::optional<Timestamp> stamp_of(const CellNumber& number, TimeUnit unit) {
  if (const auto* const real = std::get_if<double>(&number))
    return Timestamp::from_seconds(*real / per_second(unit));
  if (const auto* const whole = std::get_if<std::int64_t>(&number))
    return stamp_of_whole(*whole, unit);
  return std::nullopt;
}

std::optional<Timestamp> stamp_of(const CellNumber& seconds, const CellNumber& nanos) {
  constexpr double kSecond = 1e9;
  const double whole = as_double(seconds);
  const double rest = as_double(nanos);
  const bool are_parts = whole == std::floor(whole) && std::abs(whole) < 1e10 && rest >= 0 &&
                         rest < kSecond && rest == std::floor(rest);
  if (!are_parts) return std::nullopt;
  return Timestamp::from_parts(static_cast<std::int64_t>(whole), static_cast<std::uint32_t>(rest));
}

std::optional<Timestamp> stamp_beside_key(double seconds, std::int64_t ns) {
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(seconds);
  return stamp && stamp->ns() != ns ? Timestamp::from_ns(ns) : stamp;
}

std::optional<double> iso_seconds(std::string_view given) {
  constexpr std::size_t kLongest = 48;
  constexpr std::size_t kDay = 10;  // letters of 2026-11-20
  if (given.size() <= kDay || given.size() > kLongest) return std::nullopt;
  std::string text(given);
  if (text[kDay] == ' ') text[kDay] = 'T';
  if (text.ends_with('Z')) return parse_iso_time(text);
  double offset = 0.0;
  if (const std::size_t sign = text.find_first_of("+-", kDay); sign != std::string::npos) {
    int hours = 0;
    int minutes = 0;
    int used = 0;
    const char* const zone = text.c_str() + sign + 1;
    const bool is_zone = std::sscanf(zone, "%2d:%2d%n", &hours, &minutes, &used) == 2 ||
                         std::sscanf(zone, "%2d%2d%n", &hours, &minutes, &used) == 2 ||
                         std::sscanf(zone, "%2d%n", &hours, &used) == 1;
    if (!is_zone || used != static_cast<int>(text.size() - sign - 1)) return std::nullopt;
    offset = (text[sign] == '-' ? -60.0 : 60.0) * (60 * hours + minutes);
    text.resize(sign);
  }
  const std::optional<double> seconds = parse_iso_time(text + 'Z');
  return seconds ? std::optional(*seconds - offset) : std::nullopt;
}

std::optional<Timestamp> stamp_of_text_item(std::string_view item) {
  item::Cursor in(bytes_of(item));
  std::span<const std::uint8_t> text;
  if (!item::take_text(in, text)) return std::nullopt;
  const std::optional<double> seconds = iso_seconds(text_of(text));
  return seconds ? Timestamp::from_seconds(*seconds) : std::nullopt;
}

std::optional<TimeUnit> unit_of_name(std::string_view name) {
  return named_time(fmt::format("t_{}", name)).unit;
}

void UnitGuess::see(const CellNumber& number) {
  const double size = std::abs(as_double(number));
  if (std::isfinite(size)) largest_ = std::max(largest_, size);
}

TimeUnit UnitGuess::unit() const {
  if (largest_ < 1e11) return TimeUnit::kSeconds;
  if (largest_ < 1e14) return TimeUnit::kMillis;
  return largest_ < 1e17 ? TimeUnit::kMicros : TimeUnit::kNanos;
}

const char* name_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return "seconds";
    case TimeUnit::kMillis:
      return "milliseconds";
    case TimeUnit::kMicros:
      return "microseconds";
    case TimeUnit::kNanos:
      break;
  }
  return "nanoseconds";
}

}  // namespace zbag
