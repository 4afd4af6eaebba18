#include "player/query/analytics/moments.hpp"

#include <algorithm>

namespace zbag {

void Moments::add(double value) {
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  ++count;
  const WideSum from_mean = value - wide_mean;
  wide_mean += from_mean / static_cast<WideSum>(count);
  squares += from_mean * (value - wide_mean);
}

void Moments::add(const Moments& others) {
  if (others.count == 0) return;
  if (count == 0) {
    *this = others;
    return;
  }
  const auto mine = static_cast<WideSum>(count);
  const auto theirs = static_cast<WideSum>(others.count);
  const WideSum apart = others.wide_mean - wide_mean;
  wide_mean += apart * (theirs / (mine + theirs));
  squares += others.squares + apart * apart * (mine * theirs / (mine + theirs));
  min = std::min(min, others.min);
  max = std::max(max, others.max);
  count += others.count;
}

std::optional<double> Moments::std_dev() const {
  if (count < 2) return std::nullopt;
  return static_cast<double>(wide_std_dev());
}

WideSum Moments::wide_std_dev() const {
  return std::sqrt(squares / static_cast<WideSum>(count - 1));
}

Moments Moments::of(std::span<const double> values) {
  Moments moments;
  for (const double value : values) {
    if (holds_number(value)) moments.add(value);
  }
  return moments;
}

void PairMoments::add(double x_value, double y_value) {
  const WideSum from_mean = x_value - x.wide_mean;
  x.add(x_value);
  y.add(y_value);
  products += from_mean * (y_value - y.wide_mean);
}

}  // namespace zbag
