// What numbers come to: how many, mean, spread, least and greatest.
//
// Sums are kept about the mean, so that nothing cancels (Welford; parts are joined as Chan does):
// numbers that are all alike have exactly that mean and no spread. They are wider than what they
// are made of: squares of what lies far apart are more than a double holds, of what lies close
// less.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace zbag {

// Analytics take numbers as columns have them; NaN and infinities say that there is none, and are
// left out of everything.
inline bool holds_number(double value) { return std::isfinite(value); }

// Of an x86 80 bits, of an ARM 128: any sum of 2^64 squares or products of doubles has room.
using WideSum = long double;
static_assert(std::numeric_limits<WideSum>::max_exponent >
              2 * (std::numeric_limits<double>::max_exponent + 1) + 64);

struct Moments {
  std::uint64_t count = 0;
  WideSum wide_mean = 0.0;
  WideSum squares = 0.0;  // sum of (value - mean)^2
  double min = 0.0;
  double max = 0.0;

  void add(double value);
  void add(const Moments& others);
  double mean() const { return static_cast<double>(wide_mean); }
  // Of a sample (n - 1); nullopt: of fewer than two numbers there is none. Infinite where it is
  // more than a double holds, as that of the least and the greatest double.
  std::optional<double> std_dev() const;
  WideSum wide_std_dev() const;  // REQUIRES: two numbers

  static Moments of(std::span<const double> values);
};

// How two columns go together: the same of pairs.
struct PairMoments {
  Moments x;
  Moments y;
  WideSum products = 0.0;  // sum of (x - mean of x) * (y - mean of y)

  void add(double x_value, double y_value);
};

}  // namespace zbag
