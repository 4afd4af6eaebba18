#include "player/query/analytics/anomalies.hpp"

#include "schemas/check.hpp"

namespace zbag {

std::optional<Anomaly> AnomalyFilter::look(std::int64_t key, double value) const {
  if (!can_tell() || !holds_number(value)) return std::nullopt;
  const WideSum from_mean = value - mean_;
  if (!(std::abs(from_mean) > threshold_ * std_dev_)) return std::nullopt;
  return Anomaly{key, value, static_cast<double>(from_mean / std_dev_)};
}

std::vector<Anomaly> detect_anomalies(std::span<const std::int64_t> keys,
                                      std::span<const double> values, double threshold) {
  ZBAG_CHECK(keys.size() == values.size());
  const AnomalyFilter filter(Moments::of(values), threshold);
  std::vector<Anomaly> found;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (const std::optional<Anomaly> anomaly = filter.look(keys[i], values[i]))
      found.push_back(*anomaly);
  }
  return found;
}

}  // namespace zbag
