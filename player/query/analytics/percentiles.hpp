// Below which value so many percent of the numbers lie. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace zbag {

struct Percentiles {
  // "p25", "p99.9" and the value, in the order they were asked for; empty: there is no number.
  std::vector<std::pair<std::string, double>> values;
  std::uint64_t total_count = 0;
  double mean_value = 0.0;
  std::optional<double> std_dev;  // of a sample; nullopt: of fewer than two numbers
};

inline constexpr double kUsualPercents[] = {25.0, 50.0, 75.0, 90.0, 95.0, 99.0};

// At position p/100 * (n - 1) of the sorted numbers, between two of them linearly. Sorts as much of
// `values` as it must, in place. REQUIRES: percents from 0 to 100.
Percentiles calculate_percentiles(std::vector<double> values,
                                  std::span<const double> percents = kUsualPercents);

}  // namespace zbag
