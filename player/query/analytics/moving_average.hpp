// Averages over windows of time: to smooth a noisy axis, to thin out a long recording.
//
//   for (const AverageRow& row : calculate_moving_average(keys, values, kSecond, kSliding)) ...
//
// Pure; not thread-safe. What holds_number() refuses is left out.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "player/query/analytics/moments.hpp"

namespace zbag {

enum class WindowMode : std::uint8_t {
  kTumbling,  // windows side by side, which begin at multiples of their length since the epoch
  kSliding,   // at each point the window (t - length, t] that it ends
};

struct AverageRow {
  std::int64_t time = 0;  // ns: where the window begins (tumbling), the point's stamp (sliding)
  Moments window;         // its average is the mean
};

// Windows of points as they come, in order of time. A window without a number gives no row. Each
// point costs the same, however many a window holds, and nothing is ever subtracted: of a sliding
// window two stacks are kept, one of them of sums.
class MovingAverage {
 public:
  using Take = std::function<void(const AverageRow&)>;

  // REQUIRES: length > 0 ns.
  MovingAverage(std::int64_t length, WindowMode mode, Take take)
      : length_(length), mode_(mode), take_(std::move(take)) {}

  // REQUIRES: `key` is not before those that were added.
  void add(std::int64_t key, double value);
  void finish();  // gives what is left
  // Points in memory: those of a sliding window.
  std::size_t held() const { return incoming_.size() + outgoing_.size(); }

 private:
  struct Sum {
    std::int64_t key;
    Moments moments;  // of this point and all that came behind it, up to those in `incoming_`
  };
  void tumble(std::int64_t key, double value);
  void slide(std::int64_t key, double value);
  void give_sliding();

  std::int64_t length_;
  WindowMode mode_;
  Take take_;
  AverageRow open_;            // the tumbling window at hand
  std::int64_t last_key_ = 0;  // of a sliding window, and how many points have it: all of them are
  std::size_t at_last_ = 0;    // in the window of each
  std::vector<std::pair<std::int64_t, double>> incoming_;
  Moments incoming_sum_;
  std::vector<Sum> outgoing_;  // the oldest last
};

// REQUIRES: keys ascend, one a value; length > 0 ns.
std::vector<AverageRow> calculate_moving_average(std::span<const std::int64_t> keys,
                                                 std::span<const double> values,
                                                 std::int64_t length, WindowMode mode);

// The multiple of `length` at or before `key`, INT64_MIN where that lies out of its range.
std::int64_t window_start(std::int64_t key, std::int64_t length);

}  // namespace zbag
