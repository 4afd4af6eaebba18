#include "player/query/analytics/percentiles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "player/query/analytics/moments.hpp"

namespace zbag {
namespace {

double value_at(std::vector<double>& values, double percent) {
  const double position = percent / 100.0 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), at, values.end());
  if (below + 1 == values.size()) return *at;
  // What nth_element() leaves behind `at` is no less.
  const double above = *std::min_element(at + 1, values.end());
  return std::lerp(*at, above, position - static_cast<double>(below));
}

}  // namespace

Percentiles calculate_percentiles(std::vector<double> values, std::span<const double> percents) {
  Percentiles found;
  const Moments all = Moments::of(values);
  found.total_count = all.count;
  found.mean_value = all.mean();
  found.std_dev = all.std_dev();
  std::erase_if(values, [](double value) { return !holds_number(value); });
  if (values.empty()) return found;
  for (const double percent : percents)
    found.values.emplace_back(fmt::format("p{}", percent), value_at(values, percent));
  return found;
}

}  // namespace zbag
