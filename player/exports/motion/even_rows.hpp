// The points of a track as rows of numbers that are a constant time apart, for formats that know
// nothing else. A regular track's rows are its points; of another they lie between them.
//
//   EvenRows rows(spool, 3);
//   rows.add(key, values); ...
//   EvenRows::Clock clock = rows.clock(track).value();
//   rows.each(clock, between, [&](std::uint64_t number, double seconds, auto row) { ... });
//
// Points wait in the spool, which is lent. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "player/exports/intervals.hpp"
#include "player/exports/spool.hpp"
#include "schemas/result.hpp"

namespace zbag {

class EvenRows {
 public:
  struct Clock {
    std::uint64_t rows;
    double interval;  // seconds
    bool is_regular;  // each row is a point
  };
  // Fills `row` with what lies the share (0 to 1, neither) of the way from a to b.
  using Between = std::function<void(std::span<const double> a, std::span<const double> b,
                                     double share, std::span<double> row)>;
  // `number` from 0, `seconds` since the first point.
  using Take = std::function<Status(std::uint64_t number, double seconds, std::span<double> row)>;

  EvenRows(Spool& spool, std::size_t values) : spool_(spool), row_(1 + values) {}

  // REQUIRES: as many values as were said; a key that is no less than the one before.
  Status add(std::int64_t key, std::span<const double> values);
  std::uint64_t points() const { return points_; }
  std::int64_t first() const { return first_; }  // 0: there is no point

  // All points were added. kUnsupported: the track is mostly gaps, and would be a great many rows.
  Result<Clock> clock(const std::string& track);
  Status each(const Clock& clock, const Between& between, const Take& take);

 private:
  double length() const;
  Result<double> jitter_around(double interval);

  Spool& spool_;
  std::vector<double> row_;  // seconds since the first point, then the values
  Intervals intervals_;
  std::int64_t first_ = 0;
  std::int64_t last_ = 0;
  std::uint64_t points_ = 0;
};

}  // namespace zbag
