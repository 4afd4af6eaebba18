#include "player/query/analytics/track_analytics.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// `later` - `earlier`, which may be more than int64 holds.
std::uint64_t ns_between(std::int64_t earlier, std::int64_t later) {
  return static_cast<std::uint64_t>(later) - static_cast<std::uint64_t>(earlier);
}

std::int64_t earlier_by(std::int64_t key, std::int64_t ns) {
  std::int64_t earlier = 0;
  return __builtin_sub_overflow(key, ns, &earlier) ? INT64_MIN : earlier;
}

tl::unexpected<Error> too_much(const std::string& what, std::size_t most,
                               const std::string& remedy) {
  return fail(ErrorCode::kUnsupported, fmt::format("more than {} {}; {}", most, what, remedy));
}

// The last number of a column at or before a time that only goes forward.
class FloorNumbers {
 public:
  using Next = std::function<Result<bool>(ValueChunk&)>;
  explicit FloorNumbers(Next next) : next_(std::move(next)) {}

  // NaN: there is none within `tolerance` ns before `key`.
  Result<double> at(std::int64_t key, std::int64_t tolerance) {
    while (true) {
      if (at_ == chunk_.keys.size()) {
        if (is_done_) break;
        const Result<bool> more = next_(chunk_);
        if (!more) return tl::unexpected(more.error());
        is_done_ = !*more;
        at_ = 0;
        continue;
      }
      if (chunk_.keys[at_] > key) break;
      if (holds_number(chunk_.numbers[0][at_])) last_ = {chunk_.keys[at_], chunk_.numbers[0][at_]};
      ++at_;
    }
    const bool is_near =
        last_ && ns_between(last_->first, key) <= static_cast<std::uint64_t>(tolerance);
    return is_near ? last_->second : kNone;
  }

 private:
  Next next_;
  ValueChunk chunk_;
  std::size_t at_ = 0;
  bool is_done_ = false;
  std::optional<std::pair<std::int64_t, double>> last_;
};

}  // namespace

Result<TrackValues> TrackAnalytics::open(std::string track, std::vector<ValueField> fields,
                                         std::optional<ValueField> group, Pass pass) {
  TrackValues::Query query{std::move(track), query_.range, std::move(fields), std::move(group)};
  if (pass == Pass::kFirst) query.warn = query_.warn;
  return TrackValues::open(bags_, std::move(query));
}

Result<bool> TrackAnalytics::next(TrackValues& values, ValueChunk& chunk) const {
  Result<bool> more = values.next(chunk);
  if (more && *more && query_.go_on && !query_.go_on(chunk.keys.back()))
    return fail(ErrorCode::kClosed, "stopped");
  return more;
}

Status TrackAnalytics::read(const Take& take, Pass pass) {
  std::vector<ValueField> fields;
  if (query_.field) fields.push_back(*query_.field);
  Result<TrackValues> values = open(query_.track, fields, std::nullopt, pass);
  if (!values) return tl::unexpected(values.error());
  ValueChunk chunk;
  std::vector<double> intervals;
  std::optional<std::int64_t> before;
  while (true) {
    const Result<bool> more = next(*values, chunk);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    if (!query_.field) {
      intervals.clear();
      for (const std::int64_t key : chunk.keys) {
        intervals.push_back(before ? static_cast<double>(ns_between(*before, key)) * 1e-9 : kNone);
        before = key;
      }
    }
    const std::vector<double>& numbers = query_.field ? chunk.numbers[0] : intervals;
    for (std::size_t i = 0; hear_ && pass == Pass::kFirst && i < numbers.size(); ++i) {
      if (holds_number(numbers[i])) hear_(chunk.keys[i], numbers[i]);
    }
    if (Status taken = take(chunk.keys, numbers); !taken) return taken;
  }
  if (pass == Pass::kAgain) return {};
  reading_ = {.points = values->points(), .left_out = values->left_out()};
  if (query_.field)
    reading_.skipped = values->skipped(0);
  else
    reading_.skipped.absent = before ? 1 : 0;  // nothing comes before the first
  return {};
}

Result<Moments> TrackAnalytics::moments() {
  Moments all;
  Status done = read([&](auto, std::span<const double> numbers) -> Status {
    for (const double number : numbers) {
      if (holds_number(number)) all.add(number);
    }
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return all;
}

Status TrackAnalytics::calculate_moving_average(std::int64_t length, WindowMode mode,
                                                const MovingAverage::Take& take) {
  MovingAverage average(length, mode, take);
  Status done =
      read([&](std::span<const std::int64_t> keys, std::span<const double> numbers) -> Status {
        for (std::size_t i = 0; i < keys.size(); ++i) average.add(keys[i], numbers[i]);
        if (average.held() > kWindowPointsMax)
          return too_much("points in a window", kWindowPointsMax, "ask for a shorter one");
        return {};
      });
  if (done) average.finish();
  return done;
}

Result<Moments> TrackAnalytics::detect_anomalies(double threshold,
                                                 const std::function<void(const Anomaly&)>& take) {
  Result<Moments> all = moments();
  if (!all) return all;
  const AnomalyFilter filter(*all, threshold);
  if (!filter.can_tell()) return all;
  Status done = read(
      [&](std::span<const std::int64_t> keys, std::span<const double> numbers) -> Status {
        for (std::size_t i = 0; i < keys.size(); ++i) {
          if (const auto anomaly = filter.look(keys[i], numbers[i])) take(*anomaly);
        }
        return {};
      },
      Pass::kAgain);
  if (!done) return tl::unexpected(done.error());
  return all;
}

Result<Trends> TrackAnalytics::calculate_trends(std::int64_t period, double flat,
                                                const TrendFit::Take& take) {
  TrendFit fit(period, flat, take);
  Status done =
      read([&](std::span<const std::int64_t> keys, std::span<const double> numbers) -> Status {
        for (std::size_t i = 0; i < keys.size(); ++i) fit.add(keys[i], numbers[i]);
        return {};
      });
  if (!done) return tl::unexpected(done.error());
  return fit.finish();
}

Result<Percentiles> TrackAnalytics::calculate_percentiles(std::span<const double> percents) {
  std::vector<double> all;
  Status done = read([&](auto, std::span<const double> numbers) -> Status {
    for (const double number : numbers) {
      if (holds_number(number)) all.push_back(number);
    }
    if (all.size() > kPercentileNumbersMax)
      return too_much("numbers", kPercentileNumbersMax, "ask for less of the time");
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return zbag::calculate_percentiles(std::move(all), percents);
}

Result<std::vector<DistributionBin>> TrackAnalytics::calculate_distribution(std::size_t bins) {
  const Result<Moments> all = moments();
  if (!all) return tl::unexpected(all.error());
  if (all->count == 0) return std::vector<DistributionBin>();
  // What has come to a bag that is written since then is counted at the ends.
  Histogram histogram(all->min, all->max, bins);
  Status done = read(
      [&](auto, std::span<const double> numbers) -> Status {
        for (const double number : numbers) histogram.add(number);
        return {};
      },
      Pass::kAgain);
  if (!done) return tl::unexpected(done.error());
  return histogram.bins();
}

Result<std::vector<TopValue>> TrackAnalytics::calculate_top_values(const ValueField& group,
                                                                   std::size_t n) {
  std::vector<ValueField> fields;
  if (query_.field) fields.push_back(*query_.field);
  Result<TrackValues> values = open(query_.track, fields, group, Pass::kFirst);
  if (!values) return tl::unexpected(values.error());
  GroupCounts counts;
  ValueChunk chunk;
  std::uint64_t without = 0;
  while (true) {
    const Result<bool> more = next(*values, chunk);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    for (std::size_t i = 0; i < chunk.keys.size(); ++i) {
      const std::optional<Group>& one = chunk.groups[i];
      if (!one) ++without;
      if (one && query_.field) counts.add(*one, chunk.numbers[0][i]);
      if (one && !query_.field) counts.add(*one);
    }
    if (counts.groups() > kGroupsMax)
      return too_much("different values of " + printable(group.text), kGroupsMax,
                      "ask for less of the time");
  }
  reading_ = {.points = values->points(), .left_out = values->left_out()};
  if (query_.field) reading_.skipped = values->skipped(0);
  reading_.other_points = values->points();
  reading_.other_skipped.not_numbers = without;
  reading_.groups = counts.groups();
  reading_.grouped = counts.points();
  return counts.top(n);
}

Result<Correlation> TrackAnalytics::calculate_correlation(
    const Other& other, std::int64_t tolerance,
    const std::function<void(double x, double y)>& take) {
  PairMoments pairs;
  const auto add = [&](double x, double y) {
    if (!holds_number(x) || !holds_number(y)) return;
    pairs.add(x, y);
    if (take) take(x, y);
  };
  Status done = other.track == query_.track ? pair_in_track(other.field, add)
                                            : pair_across(other, tolerance, add);
  if (!done) return tl::unexpected(done.error());
  return correlation_of(pairs);
}

Status TrackAnalytics::pair_in_track(const ValueField& other,
                                     const std::function<void(double, double)>& take) {
  Result<TrackValues> values =
      open(query_.track, {query_.field.value(), other}, std::nullopt, Pass::kFirst);
  if (!values) return tl::unexpected(values.error());
  ValueChunk chunk;
  while (true) {
    const Result<bool> more = next(*values, chunk);
    if (!more) return tl::unexpected(more.error());
    if (!*more) break;
    for (std::size_t i = 0; i < chunk.keys.size(); ++i)
      take(chunk.numbers[0][i], chunk.numbers[1][i]);
  }
  reading_ = {.points = values->points(),
              .skipped = values->skipped(0),
              .other_points = values->points(),
              .other_skipped = values->skipped(1),
              .left_out = values->left_out()};
  return {};
}

Status TrackAnalytics::pair_across(const Other& other, std::int64_t tolerance,
                                   const std::function<void(double, double)>& take) {
  TrackValues::Query query{other.track, query_.range, {other.field}, std::nullopt, query_.warn};
  query.range.first = earlier_by(query.range.first, tolerance);
  Result<TrackValues> others = TrackValues::open(bags_, std::move(query));
  if (!others) return tl::unexpected(others.error());
  FloorNumbers floor([&](ValueChunk& chunk) { return next(*others, chunk); });
  Status done =
      read([&](std::span<const std::int64_t> keys, std::span<const double> numbers) -> Status {
        for (std::size_t i = 0; i < keys.size(); ++i) {
          const Result<double> y = floor.at(keys[i], tolerance);
          if (!y) return tl::unexpected(y.error());
          take(numbers[i], *y);
        }
        return {};
      });
  reading_.other_points = others->points();
  reading_.other_skipped = others->skipped(0);
  reading_.left_out += others->left_out();
  return done;
}

}  // namespace zbag
