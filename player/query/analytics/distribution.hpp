// How often values of each size come: a histogram of equal widths from the least to the greatest.
// Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace zbag {

struct DistributionBin {
  std::uint64_t bin = 0;  // from 0 on
  double lo = 0.0;
  double hi = 0.0;  // belongs to the next bin, and to the last one itself
  std::uint64_t count = 0;
  double percentage = 0.0;

  std::string range() const;  // "0.5 - 1.5"
};

class Histogram {
 public:
  // Of numbers from `min` to `max`. Where these are equal there is one bin. REQUIRES: both finite,
  // min <= max, bins > 0.
  Histogram(double min, double max, std::size_t bins);

  // What is no number is left out. REQUIRES: numbers lie within the bounds.
  void add(double value);
  std::vector<DistributionBin> bins() const;  // all of them, also those without a number

 private:
  double edge(std::size_t bin) const;
  std::size_t bin_of(double value) const;

  double min_;
  double max_;
  double scale_;  // keeps max - min within a double
  std::vector<std::uint64_t> counts_;
};

// Empty: there is no number. REQUIRES: bins > 0.
std::vector<DistributionBin> calculate_distribution(std::span<const double> values,
                                                    std::size_t bins = 10);

}  // namespace zbag
