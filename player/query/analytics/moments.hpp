// What numbers come to: how many, mean, spread, least and greatest.
//
// Sums are kept about the mean, so that nothing cancels (Welford; parts are joined as Chan does):
// numbers that are all alike have exactly that mean and no spread.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

namespace zbag {

// Analytics take numbers as columns have them; NaN and infinities say that there is none, and are
// left out of everything.
inline bool holds_number(double value) { return std::isfinite(value); }

struct Moments {
  std::uint64_t count = 0;
  double mean = 0.0;
  double squares = 0.0;  // sum of (value - mean)^2
  double min = 0.0;
  double max = 0.0;

  void add(double value);
  void add(const Moments& others);
  // Of a sample (n - 1); nullopt: of fewer than two numbers there is none.
  std::optional<double> std_dev() const;

  static Moments of(std::span<const double> values);
};

// How two columns go together: the same of pairs.
struct PairMoments {
  Moments x;
  Moments y;
  double products = 0.0;  // sum of (x - mean of x) * (y - mean of y)

  void add(double x_value, double y_value);
};

}  // namespace zbag
