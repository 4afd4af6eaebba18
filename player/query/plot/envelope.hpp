// A column of numbers over time, reduced to what a picture shows: of each of its pixel columns the
// first, the last, the least and the greatest. A line through these covers the pixels that one
// through all points does.
//
// Adding a point twice changes nothing but its count. Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "player/query/plot/chart.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

class Envelope {
 public:
  // REQUIRES: `range` is not empty; columns > 0.
  Envelope(TimeRange range, std::size_t columns);

  // Of a key in the range.
  std::size_t column_of(std::int64_t key) const;
  // What is no number, or lies out of the range, is left out. REQUIRES: a key a value; the keys
  // ascend.
  void add(std::span<const std::int64_t> keys, std::span<const double> values);
  void add(std::int64_t key, double value) { add({&key, 1}, {&value, 1}); }
  // A run of `count` numbers of one column. REQUIRES: keys in the range; finite.
  struct Run {
    std::int64_t first_key;
    std::int64_t last_key;
    double first;
    double last;
    double min;
    double max;
    std::uint64_t count;
  };
  void add(const Run& run);

  std::uint64_t count() const;
  // Over seconds since the range begins. Where nothing comes for `kGapSpacings` times what usually
  // lies between two numbers, the line is broken.
  static constexpr double kGapSpacings = 5.0;
  std::vector<ChartPoint> line() const;

 private:
  double spacing() const;
  double seconds_of(std::int64_t key) const;

  TimeRange range_;
  double columns_per_ns_;
  std::vector<Run> columns_;  // count 0: nothing is there
};

}  // namespace zbag
