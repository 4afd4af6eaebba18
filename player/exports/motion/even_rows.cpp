#include "player/exports/motion/even_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "schemas/apart.hpp"

namespace zbag {
namespace {

constexpr double kIntervalOfNothing = 1.0 / 30;
// How far from its place a point of a regular track may be, in intervals.
constexpr double kJitterMax = 0.1;
// Rows a point: more of them would be gaps and nothing else.
constexpr double kRowsOfAPointMax = 100;

}  // namespace

Status EvenRows::add(std::int64_t key, std::span<const double> values) {
  if (points_ == 0) first_ = key;
  last_ = key;
  ++points_;
  intervals_.add(key);
  row_[0] = length();
  std::ranges::copy(values, row_.begin() + 1);
  return spool_.write({reinterpret_cast<const char*>(row_.data()), row_.size() * sizeof(double)});
}

double EvenRows::length() const { return static_cast<double>(apart(first_, last_)) / 1e9; }

Result<EvenRows::Clock> EvenRows::clock(const std::string& track) {
  if (last_ == first_) return Clock{std::min<std::uint64_t>(points_, 1), kIntervalOfNothing, true};
  const double mean = length() / static_cast<double>(points_ - 1);
  const Result<double> jitter = jitter_around(mean);
  if (!jitter) return tl::unexpected(jitter.error());
  if (*jitter <= kJitterMax * mean) return Clock{points_, mean, true};
  const std::uint64_t median = intervals_.median();
  const double interval = median > 0 ? static_cast<double>(median) / 1e9 : mean;
  const double rows = std::floor(length() / interval + 1e-6) + 1;
  if (rows <= kRowsOfAPointMax * static_cast<double>(points_))
    return Clock{static_cast<std::uint64_t>(rows), interval, false};
  return fail(ErrorCode::kUnsupported,
              fmt::format("track {} is mostly gaps: {} points would be {:.0f} rows; choose a part "
                          "with --start and --end",
                          track, points_, rows));
}

// How far a point is at most from its place, in seconds.
Result<double> EvenRows::jitter_around(double interval) {
  if (Status ready = spool_.rewind(); !ready) return tl::unexpected(ready.error());
  double jitter = 0;
  for (std::uint64_t place = 0;; ++place) {
    const Result<bool> is_there = spool_.read(row_.data(), row_.size() * sizeof(double));
    if (!is_there) return tl::unexpected(is_there.error());
    if (!*is_there) return jitter;
    jitter = std::max(jitter, std::abs(row_[0] - interval * static_cast<double>(place)));
  }
}

Status EvenRows::each(const Clock& clock, const Between& between, const Take& take) {
  if (Status ready = spool_.rewind(); !ready) return ready;
  std::vector<double> before(row_.size());
  std::vector<double> next(row_.size());
  std::vector<double> row(row_.size() - 1);
  std::uint64_t taken = 0;
  for (bool is_first = true;; is_first = false) {
    const Result<bool> is_there = spool_.read(next.data(), next.size() * sizeof(double));
    if (!is_there) return tl::unexpected(is_there.error());
    if (!*is_there) return {};
    if (is_first) before = next;
    while (taken < clock.rows) {
      const double at = static_cast<double>(taken) * clock.interval;
      // The last row may lie behind the last point by what doubles round.
      if (!clock.is_regular && at > next[0] + 1e-9) break;
      const double share = next[0] > before[0] ? (at - before[0]) / (next[0] - before[0]) : 0;
      if (clock.is_regular || share >= 1) {
        std::copy(next.begin() + 1, next.end(), row.begin());
      } else if (share <= 0) {
        std::copy(before.begin() + 1, before.end(), row.begin());
      } else {
        between(std::span(before).subspan(1), std::span(next).subspan(1), share, row);
      }
      if (Status done = take(taken, at, row); !done) return done;
      ++taken;
      if (clock.is_regular) break;
    }
    std::swap(before, next);
  }
}

}  // namespace zbag
