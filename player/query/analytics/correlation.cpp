#include "player/query/analytics/correlation.hpp"

#include <algorithm>

#include "schemas/check.hpp"

namespace zbag {

Correlation correlation_of(const PairMoments& pairs) {
  Correlation found;
  found.sample_count = pairs.x.count;
  if (pairs.x.count < 2) {
    found.reason = "fewer than two pairs";
    return found;
  }
  found.covariance = static_cast<double>(pairs.products / static_cast<WideSum>(pairs.x.count - 1));
  if (pairs.x.squares == 0.0 || pairs.y.squares == 0.0) {
    found.reason =
        pairs.x.squares == 0.0 ? "the first is always the same" : "the second is always the same";
    return found;
  }
  // Two roots: the product of the squares may be more than there is room for.
  const WideSum spread = std::sqrt(pairs.x.squares) * std::sqrt(pairs.y.squares);
  found.correlation = std::clamp(static_cast<double>(pairs.products / spread), -1.0, 1.0);
  return found;
}

Correlation calculate_correlation(std::span<const double> x, std::span<const double> y) {
  ZBAG_CHECK(x.size() == y.size());
  PairMoments pairs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (holds_number(x[i]) && holds_number(y[i])) pairs.add(x[i], y[i]);
  }
  return correlation_of(pairs);
}

}  // namespace zbag
