// Playback time: which instant of the recording is now.
//
// Runs at `rate` times real time from where it was last set, or stands still while paused. All
// arithmetic is relative to the last change, in int64 nanoseconds, so that epoch-sized stamps keep
// their precision. `now` is injected: tests turn it by hand.
//
// No stamp is too far away: what would leave int64 ends at its end.
//
// Not thread-safe: owned by the player, under its lock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "schemas/timestamp.hpp"

namespace zbag {

// Sum and difference of stamps in nanoseconds; beyond the ends of time, the end.
inline std::int64_t sum_of_stamps(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<std::int64_t>::max()
               : std::numeric_limits<std::int64_t>::min();
}
inline std::int64_t between_stamps(std::int64_t from, std::int64_t to) {
  std::int64_t span = 0;
  if (!__builtin_sub_overflow(to, from, &span)) return span;
  return to > from ? std::numeric_limits<std::int64_t>::max()
                   : std::numeric_limits<std::int64_t>::min();
}

class PlaybackClock {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Now = std::function<SteadyTime()>;

  explicit PlaybackClock(Now now) : now_(std::move(now)), set_at_(now_()) {}

  // The instant of the recording, in nanoseconds since the epoch.
  std::int64_t time_ns() const {
    if (paused_) return base_ns_;
    const auto passed = std::chrono::duration_cast<std::chrono::nanoseconds>(now_() - set_at_);
    constexpr double kSpanMaxNs = 9.2e18;
    const double span =
        std::clamp(static_cast<double>(passed.count()) * rate_, -kSpanMaxNs, kSpanMaxNs);
    return sum_of_stamps(base_ns_, static_cast<std::int64_t>(span));
  }
  // When `target_ns` will be reached; nullopt while paused.
  std::optional<SteadyTime> when(std::int64_t target_ns) const {
    if (paused_) return std::nullopt;
    // Beyond a year the wait is a year: the sum must not overflow.
    constexpr double kWaitMaxNs = 3.15e16;
    const double wait_ns = std::min(
        kWaitMaxNs, std::ceil(static_cast<double>(between_stamps(base_ns_, target_ns)) / rate_));
    return set_at_ +
           std::chrono::nanoseconds(static_cast<std::int64_t>(std::max(-kWaitMaxNs, wait_ns)));
  }

  void seek(std::int64_t ns) {
    base_ns_ = ns;
    set_at_ = now_();
  }
  // Shows `span_ns` less from now on, and runs on without a jolt: what a lap took.
  void turn_back(std::int64_t span_ns) { base_ns_ = between_stamps(span_ns, base_ns_); }
  // REQUIRES: rate > 0 and finite.
  void set_rate(double rate) {
    seek(time_ns());
    rate_ = rate;
  }
  void pause() {
    if (paused_) return;
    base_ns_ = time_ns();
    paused_ = true;
  }
  void resume() {
    if (!paused_) return;
    paused_ = false;
    set_at_ = now_();
  }
  double rate() const { return rate_; }
  bool is_paused() const { return paused_; }

 private:
  Now now_;
  SteadyTime set_at_;
  std::int64_t base_ns_ = 0;
  double rate_ = 1.0;
  bool paused_ = false;
};

// The step a loop puts between its laps: the median of the gaps between stamps, 1 s without any, so
// that one point plays once a second.
inline std::int64_t median_step(std::vector<std::int64_t> gaps_ns) {
  if (gaps_ns.empty()) return 1'000'000'000;
  const auto middle = gaps_ns.begin() + static_cast<std::ptrdiff_t>(gaps_ns.size() / 2);
  std::nth_element(gaps_ns.begin(), middle, gaps_ns.end());
  return *middle;
}

struct Lap {
  std::int64_t length_ns = 0;  // with the step behind its last point
  std::int64_t shift_ns = 0;   // of the stamps of the next one
};
// Of a lap from `first` to `last`, whose own stamps were shifted by `shift_ns`. nullopt: the stamps
// of a further one would lie beyond the end of time.
inline std::optional<Lap> lap_of(std::int64_t first, std::int64_t last, std::int64_t step_ns,
                                 std::int64_t shift_ns) {
  Lap lap;
  std::int64_t end = 0;
  const bool is_beyond = __builtin_sub_overflow(last, first, &lap.length_ns) ||
                         __builtin_add_overflow(lap.length_ns, step_ns, &lap.length_ns) ||
                         __builtin_add_overflow(shift_ns, lap.length_ns, &lap.shift_ns) ||
                         __builtin_add_overflow(last, lap.shift_ns, &end) ||
                         !Timestamp::from_seconds(seconds_of_key(end));
  if (is_beyond) return std::nullopt;
  return lap;
}

}  // namespace zbag
