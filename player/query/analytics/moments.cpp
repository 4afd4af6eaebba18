#include "player/query/analytics/moments.hpp"

#include <algorithm>

namespace zbag {

void Moments::add(double value) {
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  ++count;
  const double from_mean = value - mean;
  mean += from_mean / static_cast<double>(count);
  squares += from_mean * (value - mean);
}

void Moments::add(const Moments& others) {
  if (others.count == 0) return;
  if (count == 0) {
    *this = others;
    return;
  }
  const auto mine = static_cast<double>(count);
  const auto theirs = static_cast<double>(others.count);
  const double apart = others.mean - mean;
  mean += apart * (theirs / (mine + theirs));
  squares += others.squares + apart * apart * (mine * theirs / (mine + theirs));
  min = std::min(min, others.min);
  max = std::max(max, others.max);
  count += others.count;
}

std::optional<double> Moments::std_dev() const {
  if (count < 2) return std::nullopt;
  return std::sqrt(squares / static_cast<double>(count - 1));
}

Moments Moments::of(std::span<const double> values) {
  Moments moments;
  for (const double value : values) {
    if (holds_number(value)) moments.add(value);
  }
  return moments;
}

void PairMoments::add(double x_value, double y_value) {
  const double from_mean = x_value - x.mean;
  x.add(x_value);
  y.add(y_value);
  products += from_mean * (y_value - y.mean);
}

}  // namespace zbag
