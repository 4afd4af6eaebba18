#include "player/query/analytics/trends.hpp"

#include "schemas/check.hpp"

namespace zbag {
namespace {

Trend trend_of(double slope, double flat) {
  if (std::abs(slope) <= flat) return Trend::kStable;
  return slope > 0.0 ? Trend::kIncreasing : Trend::kDecreasing;
}

}  // namespace

void TrendFit::add(std::int64_t key, double value) {
  if (!holds_number(value)) return;
  const std::int64_t start = window_start(key, period_);
  if (!origin_) origin_ = key;
  if (open_.x.count > 0 && start != open_start_) close();
  open_start_ = start;
  // Unsigned: the difference may be more than int64 holds.
  const auto since = static_cast<std::uint64_t>(key) - static_cast<std::uint64_t>(*origin_);
  open_.add(static_cast<double>(since), value);
}

void TrendFit::close() {
  last_ = open_.y.mean();
  if (periods_.x.count == 0) first_ = last_;
  if (take_) take_(open_.x.mean(), open_.y.mean());
  periods_.add(open_.x.mean() * 1e-9, open_.y.mean());
  open_ = {};
}

Trends TrendFit::finish() {
  if (open_.x.count > 0) close();
  Trends trends;
  trends.periods = periods_.x.count;
  trends.origin = origin_.value_or(0);
  trends.first_value = first_;
  trends.last_value = last_;
  if (trends.periods < 2) return trends;
  const WideSum slope = periods_.products / periods_.x.squares;
  trends.slope = static_cast<double>(slope);
  trends.intercept = static_cast<double>(periods_.y.wide_mean - slope * periods_.x.wide_mean);
  // Means that are all alike lie on their line.
  trends.r_squared = periods_.y.squares > 0.0
                         ? static_cast<double>(slope * (periods_.products / periods_.y.squares))
                         : 1.0;
  // Of the first's size: what rises from below zero has risen.
  const WideSum change = static_cast<WideSum>(last_) - first_;
  trends.change_percent =
      first_ == 0.0 ? 0.0 : static_cast<double>(change / std::abs(first_) * 100.0);
  trends.trend = trend_of(trends.slope, flat_);
  return trends;
}

Trends calculate_trends(std::span<const std::int64_t> keys, std::span<const double> values,
                        std::int64_t period, double flat) {
  ZBAG_CHECK(keys.size() == values.size() && period > 0);
  TrendFit fit(period, flat);
  for (std::size_t i = 0; i < keys.size(); ++i) fit.add(keys[i], values[i]);
  return fit.finish();
}

}  // namespace zbag
