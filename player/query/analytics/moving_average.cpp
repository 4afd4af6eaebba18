#include "player/query/analytics/moving_average.hpp"

#include "schemas/check.hpp"

namespace zbag {

std::int64_t window_start(std::int64_t key, std::int64_t length) {
  const std::int64_t behind = ((key % length) + length) % length;
  std::int64_t start = 0;
  return __builtin_sub_overflow(key, behind, &start) ? INT64_MIN : start;
}

void MovingAverage::add(std::int64_t key, double value) {
  if (!holds_number(value)) return;
  mode_ == WindowMode::kTumbling ? tumble(key, value) : slide(key, value);
}

void MovingAverage::tumble(std::int64_t key, double value) {
  const std::int64_t start = window_start(key, length_);
  if (start != open_.time) finish();
  open_.time = start;
  open_.window.add(value);
}

void MovingAverage::finish() {
  if (open_.window.count > 0) take_(open_);
  open_ = {};
  give_sliding();
}

void MovingAverage::slide(std::int64_t key, double value) {
  if (key != last_key_) give_sliding();
  last_key_ = key;
  ++at_last_;
  incoming_.emplace_back(key, value);
  incoming_sum_.add(value);
}

// The rows of the points at the last key.
void MovingAverage::give_sliding() {
  if (at_last_ == 0) return;
  std::int64_t limit = 0;  // the window begins behind it
  if (__builtin_sub_overflow(last_key_, length_, &limit)) limit = INT64_MIN;
  const auto drop_old = [&] {
    while (!outgoing_.empty() && outgoing_.back().key <= limit) outgoing_.pop_back();
  };
  drop_old();
  if (outgoing_.empty() && incoming_.front().first <= limit) {
    Moments sum;
    for (; !incoming_.empty(); incoming_.pop_back()) {
      sum.add(incoming_.back().second);
      outgoing_.push_back({incoming_.back().first, sum});
    }
    incoming_sum_ = {};
    drop_old();
  }
  AverageRow row{last_key_, outgoing_.empty() ? Moments{} : outgoing_.back().moments};
  row.window.add(incoming_sum_);
  for (; at_last_ > 0; --at_last_) take_(row);
}

std::vector<AverageRow> calculate_moving_average(std::span<const std::int64_t> keys,
                                                 std::span<const double> values,
                                                 std::int64_t length, WindowMode mode) {
  ZBAG_CHECK(keys.size() == values.size() && length > 0);
  std::vector<AverageRow> rows;
  MovingAverage average(length, mode, [&](const AverageRow& row) { rows.push_back(row); });
  for (std::size_t i = 0; i < keys.size(); ++i) average.add(keys[i], values[i]);
  average.finish();
  return rows;
}

}  // namespace zbag
