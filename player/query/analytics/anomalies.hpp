// Values that lie far from the others: more than so many standard deviations from the mean.
//
// Of times between points these are late and lost frames. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "player/query/analytics/moments.hpp"

namespace zbag {

struct Anomaly {
  std::int64_t time = 0;  // ns
  double value = 0.0;
  double z_score = 0.0;  // how many standard deviations above the mean
};

// What is told from others once these are known.
class AnomalyFilter {
 public:
  // `all` are the moments of everything; `threshold` counts standard deviations.
  AnomalyFilter(const Moments& all, double threshold)
      : mean_(all.mean()), std_dev_(all.std_dev().value_or(0.0)), threshold_(threshold) {
    // As it is told, unless a double can not tell it.
    if (std::isinf(std_dev_) || (std_dev_ == 0.0 && all.squares > 0.0))
      std_dev_ = all.wide_std_dev();
  }

  // False: all values are alike, or there are fewer than two, and none is an anomaly.
  bool can_tell() const { return std_dev_ > 0.0; }
  // nullopt: `value` is no anomaly. At exactly the threshold it is none.
  std::optional<Anomaly> look(std::int64_t key, double value) const;

 private:
  WideSum mean_;
  WideSum std_dev_;
  WideSum threshold_;
};

// In order of time. REQUIRES: one key a value.
std::vector<Anomaly> detect_anomalies(std::span<const std::int64_t> keys,
                                      std::span<const double> values, double threshold);

}  // namespace zbag
