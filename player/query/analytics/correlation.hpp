// Whether two columns go together: Pearson's correlation of their pairs. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "player/query/analytics/moments.hpp"

namespace zbag {

struct Correlation {
  std::optional<double> correlation;  // -1 to 1; nullopt: `reason` says why there is none
  std::optional<double> covariance;   // of a sample, infinite beyond a double; nullopt:
                                      // of fewer than two pairs
  std::uint64_t sample_count = 0;     // pairs of numbers
  std::string reason;
};

Correlation correlation_of(const PairMoments& pairs);

// Of the pairs that have both numbers. REQUIRES: both of one size.
Correlation calculate_correlation(std::span<const double> x, std::span<const double> y);

}  // namespace zbag
