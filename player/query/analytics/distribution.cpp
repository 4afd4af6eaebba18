#include "player/query/analytics/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "player/query/analytics/moments.hpp"
#include "schemas/check.hpp"

namespace zbag {

std::string DistributionBin::range() const {
  return lo == hi ? fmt::format("{:g}", lo) : fmt::format("{:g} - {:g}", lo, hi);
}

Histogram::Histogram(double min, double max, std::size_t bins)
    : min_(min),
      max_(max),
      scale_(std::isinf(max - min) ? 0.5 : 1.0),
      counts_(min == max ? 1 : bins) {
  ZBAG_CHECK(std::isfinite(min) && std::isfinite(max) && min <= max && bins > 0);
}

double Histogram::edge(std::size_t bin) const {
  if (bin == counts_.size()) return max_;
  return std::lerp(min_, max_, static_cast<double>(bin) / static_cast<double>(counts_.size()));
}

std::size_t Histogram::bin_of(double value) const {
  if (counts_.size() == 1) return 0;
  const double share = (value * scale_ - min_ * scale_) / (max_ * scale_ - min_ * scale_);
  const auto size = static_cast<double>(counts_.size());
  auto bin = static_cast<std::size_t>(std::clamp(share * size, 0.0, size - 1.0));
  // The edges as they are told decide, not what rounding makes of the share.
  while (bin > 0 && value < edge(bin)) --bin;
  while (bin + 1 < counts_.size() && value >= edge(bin + 1)) ++bin;
  return bin;
}

void Histogram::add(double value) {
  if (holds_number(value)) ++counts_[bin_of(value)];
}

std::vector<DistributionBin> Histogram::bins() const {
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts_) total += count;
  std::vector<DistributionBin> bins;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const double share =
        total == 0 ? 0.0 : static_cast<double>(counts_[i]) / static_cast<double>(total);
    bins.push_back({i, edge(i), edge(i + 1), counts_[i], share * 100.0});
  }
  return bins;
}

std::vector<DistributionBin> calculate_distribution(std::span<const double> values,
                                                    std::size_t bins) {
  const Moments all = Moments::of(values);
  if (all.count == 0) return {};
  Histogram histogram(all.min, all.max, bins);
  for (const double value : values) histogram.add(value);
  return histogram.bins();
}

}  // namespace zbag
