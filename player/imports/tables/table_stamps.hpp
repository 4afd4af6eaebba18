// When the rows of a table were: which of its columns say it, and in what unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/tables/cell_value.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

enum class TimeUnit : std::uint8_t { kSeconds, kMillis, kMicros, kNanos };

struct TimeColumns {
  std::size_t column = 0;
  std::optional<TimeUnit> unit = {};  // that its name says
  // Whole seconds are in `column`, the rest is in this one.
  std::optional<std::size_t> nanos = {};

  bool has(std::size_t at) const { return at == column || nanos == at; }
};

// `wanted`: the name that somebody has given; empty: it is found by the names that programs use.
// kInvalid: there is none, with the columns that there are; `place` is in front of it.
Result<TimeColumns> find_time_columns(const std::vector<std::string>& names,
                                      const std::string& wanted, const std::string& place);

// Some of the names, for errors.
std::string some_names(const std::vector<std::string>& names);

// The time of a number in that unit; nullopt: none that a bag knows.
std::optional<Timestamp> stamp_of(const CellNumber& number, TimeUnit unit);
// Of whole seconds and what is behind them.
std::optional<Timestamp> stamp_of(const CellNumber& seconds, const CellNumber& nanos);

// Of seconds beside which zbag has written the exact key: whoever has changed one of them has
// changed that.
std::optional<Timestamp> stamp_beside_key(double seconds, std::int64_t ns);

// Times as texts of ISO 8601, with T or a blank between day and hour, Z, +hh:mm or nothing behind
// them, which is UTC; seconds since 1970.
std::optional<double> iso_seconds(std::string_view text);

// The time that such a text is, as a MessagePack item; nullopt: it is another one.
std::optional<Timestamp> stamp_of_text_item(std::string_view item);

// The unit that somebody has named so ("ns", "seconds"), in letters of any case.
std::optional<TimeUnit> unit_of_name(std::string_view name);

// The unit of numbers that nobody has named one for, by the largest of them: seconds since 1970
// have 10 digits today, milliseconds 13, microseconds 16, nanoseconds 19.
class UnitGuess {
 public:
  void see(const CellNumber& number);
  TimeUnit unit() const;

 private:
  double largest_ = 0.0;
};

const char* name_of(TimeUnit unit);

}  // namespace zbag
