// Where a value is going: a line through the means of periods, by least squares.
//
// For what changes slowly: a battery that empties, a sensor that drifts. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "player/query/analytics/moving_average.hpp"

namespace zbag {

enum class Trend : std::uint8_t { kIncreasing, kDecreasing, kStable, kInsufficient };

struct Trends {
  Trend trend = Trend::kInsufficient;  // of fewer than two periods
  std::uint64_t periods = 0;           // that hold a number
  std::int64_t origin = 0;             // ns: the first number's time
  double slope = 0.0;                  // a second
  double intercept = 0.0;              // of the line, at `origin`
  double r_squared = 0.0;              // 1: every mean lies on the line
  double first_value = 0.0;            // means of the first and the last period
  double last_value = 0.0;
  double change_percent = 0.0;  // from first to last, of |first|; 0 where the first is 0
};

// Periods begin at multiples of their length since the epoch. Each counts once, however many
// numbers it holds, as their mean at the mean of their times.
class TrendFit {
 public:
  // A period's mean time, in ns since the first number, and mean value.
  using Take = std::function<void(double time, double value)>;

  // A slope of at most `flat` a second counts as none. `take` is given each period. REQUIRES:
  // period > 0 ns.
  TrendFit(std::int64_t period, double flat, Take take = {})
      : period_(period), flat_(flat), take_(std::move(take)) {}

  // REQUIRES: `key` is not before those that were added.
  void add(std::int64_t key, double value);
  Trends finish();

 private:
  void close();

  std::int64_t period_;
  double flat_;
  Take take_;
  std::optional<std::int64_t> origin_;
  std::int64_t open_start_ = 0;
  PairMoments open_;  // of the period at hand
  PairMoments periods_;
  double first_ = 0.0;
  double last_ = 0.0;
};

// REQUIRES: keys ascend, one a value; period > 0 ns.
Trends calculate_trends(std::span<const std::int64_t> keys, std::span<const double> values,
                        std::int64_t period, double flat = 1e-9);

}  // namespace zbag
