// Analytics of a field over a track's range in bags: the points are filtered by the bag's cursor,
// and what is computed of their columns is what the functions beside this compute of spans.
//
//   TrackAnalytics analytics(playlist.readers(), {.track = "robot/imu", .field = ax});
//   const Percentiles percentiles = analytics.calculate_percentiles(kUsualPercents).value();
//   analytics.reading().skipped.nan;
//
// Memory does not grow with the range, but for percentiles (8 bytes a number), a sliding window
// (its points) and groups; each has a bound, behind which the answer is kUnsupported with what to
// ask for instead. Anomalies and distributions read the range twice. Other errors as
// BagReader::cursor(); kClosed when `go_on` says no. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "player/query/analytics/anomalies.hpp"
#include "player/query/analytics/correlation.hpp"
#include "player/query/analytics/distribution.hpp"
#include "player/query/analytics/moving_average.hpp"
#include "player/query/analytics/percentiles.hpp"
#include "player/query/analytics/top_values.hpp"
#include "player/query/analytics/track_values.hpp"
#include "player/query/analytics/trends.hpp"

namespace zbag {

inline constexpr std::size_t kPercentileNumbersMax = 64'000'000;
inline constexpr std::size_t kWindowPointsMax = 8'000'000;
inline constexpr std::size_t kGroupsMax = 1'000'000;

class TrackAnalytics {
 public:
  struct Query {
    std::string track;
    TimeRange range = TimeRange::all();
    // Whose numbers are looked at; nullopt: the seconds from each point to the next, told at the
    // later one.
    std::optional<ValueField> field = {};
    std::function<void(const std::string&)> warn = {};  // of damage
    std::function<bool(std::int64_t key)> go_on = {};   // false: somebody wants it to stop
  };
  // Of the function that was called last.
  struct Reading {
    std::uint64_t points = 0;
    Skipped skipped;  // of the field
    std::uint64_t other_points = 0;
    Skipped other_skipped;       // of the field it is compared with, or counted by
    std::uint64_t left_out = 0;  // damaged blocks
    std::uint64_t groups = 0;    // different values that there are, of top values
    std::uint64_t grouped = 0;   // points that were counted by them
  };
  struct Other {  // what a field is compared with
    std::string track;
    ValueField field;
  };

  // The bags must outlive it.
  TrackAnalytics(std::span<const BagReader> bags, Query query)
      : bags_(bags), query_(std::move(query)) {}

  // Rows go to `take` as they come.
  Status calculate_moving_average(std::int64_t length, WindowMode mode,
                                  const MovingAverage::Take& take);
  // What all values come to; where AnomalyFilter can not tell, nothing goes to `take`.
  Result<Moments> detect_anomalies(double threshold,
                                   const std::function<void(const Anomaly&)>& take);
  Result<Trends> calculate_trends(std::int64_t period, double flat,
                                  const TrendFit::Take& take = {});
  Result<Percentiles> calculate_percentiles(std::span<const double> percents);
  // Pairs of equal stamp, or with the last number of the other at most `tolerance` ns before.
  // Within one track of a point each; the tolerance has no meaning there.
  Result<Correlation> calculate_correlation(
      const Other& other, std::int64_t tolerance,
      const std::function<void(double x, double y)>& take = {});
  Result<std::vector<DistributionBin>> calculate_distribution(std::size_t bins);
  // Without a field points are counted alone.
  Result<std::vector<TopValue>> calculate_top_values(const ValueField& group, std::size_t n);

  // From now on hears every number that is read, in order of time, once.
  void watch(std::function<void(std::int64_t key, double number)> hear) { hear_ = std::move(hear); }

  const Reading& reading() const { return reading_; }

 private:
  using Take = std::function<Status(std::span<const std::int64_t>, std::span<const double>)>;
  enum class Pass : std::uint8_t { kFirst, kAgain };  // what was told is not told again
  Status read(const Take& take, Pass pass = Pass::kFirst);
  Result<TrackValues> open(std::string track, std::vector<ValueField> fields,
                           std::optional<ValueField> group, Pass pass);
  Result<bool> next(TrackValues& values, ValueChunk& chunk) const;
  Result<Moments> moments();
  Status pair_in_track(const ValueField& other, const std::function<void(double, double)>& take);
  Status pair_across(const Other& other, std::int64_t tolerance,
                     const std::function<void(double, double)>& take);

  std::span<const BagReader> bags_;
  Query query_;
  std::function<void(std::int64_t, double)> hear_;
  Reading reading_;
};

}  // namespace zbag
