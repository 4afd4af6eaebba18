#include "nodes/analysis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "nodes/bag_fields.hpp"
#include "player/query/plot/envelope.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kPixels = 2'000;  // across a picture
constexpr std::size_t kDotsMax = 10'000;

Value or_nil(const std::optional<double>& number) { return number ? Value(*number) : Value(); }

// At most so many of the pairs that come, evenly chosen of them.
class Thinned {
 public:
  void add(double x, double y) {
    if (seen_++ % every_ != 0) return;
    points_.push_back({x, y});
    if (points_.size() < kDotsMax) return;
    for (std::size_t i = 0; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
    points_.resize((points_.size() + 1) / 2);
    every_ *= 2;
  }
  std::vector<ChartPoint> take() { return std::move(points_); }

 private:
  std::vector<ChartPoint> points_;
  std::uint64_t seen_ = 0;
  std::uint64_t every_ = 1;
};

class Analysis {
 public:
  Analysis(TrackAnalytics& analytics, const AnalysisRequest& request, const std::string& field,
           AnalysisReport& report)
      : analytics_(analytics), request_(request), field_(field), report_(report) {}

  Result<AnalysisOutcome> run() {
    const Status done = run_function();
    if (!done) return tl::unexpected(done.error());
    outcome_.panel.y_label = outcome_.panel.y_label.empty() ? field_ : outcome_.panel.y_label;
    return std::move(outcome_);
  }

 private:
  Status run_function() {
    switch (request_.function) {
      case AnalysisFunction::kMovingAverage:
        return moving_average();
      case AnalysisFunction::kAnomalies:
        return anomalies();
      case AnalysisFunction::kTrends:
        return trends();
      case AnalysisFunction::kPercentiles:
        return percentiles();
      case AnalysisFunction::kCorrelation:
        return correlation();
      case AnalysisFunction::kDistribution:
        return distribution();
      case AnalysisFunction::kTopValues:
        return top_values();
    }
    return {};
  }

  void draw(std::string title, ChartSeries::Kind kind, std::vector<ChartPoint> points,
            std::size_t colour = 0, double bar_width = 0.0) {
    outcome_.panel.series.push_back({std::move(title), kind, std::move(points), bar_width, colour});
  }

  // The values themselves, which are seen behind what is made of them.
  void keep_values() {
    if (!request_.axis) return;
    values_.emplace(*request_.axis, kPixels);
    analytics_.watch([this](std::int64_t key, double number) { values_->add(key, number); });
  }
  void draw_values() {
    if (values_) draw(field_, ChartSeries::Kind::kBackdrop, values_->line());
  }

  Status moving_average() {
    keep_values();
    Envelope averages(request_.axis.value_or(TimeRange{0, 0}), kPixels);
    const bool is_sliding = request_.mode == WindowMode::kSliding;
    Status done = analytics_.calculate_moving_average(
        request_.window, request_.mode, [&](const AverageRow& row) {
          const Moments& window = row.window;
          report_.row({{is_sliding ? "time" : "window_start", seconds_of_key(row.time)},
                       {"moving_avg", window.mean()},
                       {"sample_count", window.count},
                       {"min", window.min},
                       {"max", window.max},
                       {"std", or_nil(window.std_dev())}});
          outcome_.numbers += is_sliding ? 1 : window.count;
          if (request_.axis) averages.add(time_on_axis(row), window.mean());
        });
    draw_values();
    draw("average", ChartSeries::Kind::kLine, averages.line(), 1);
    return done;
  }

  Status anomalies() {
    keep_values();
    std::vector<ChartPoint> marks;
    bool has_one = false;
    const Result<Moments> all =
        analytics_.detect_anomalies(request_.threshold, [&](const Anomaly& one) {
          has_one = true;
          report_.row(
              {{"time", seconds_of_key(one.time)}, {"value", one.value}, {"z_score", one.z_score}});
          if (request_.axis && marks.size() < kDotsMax)
            marks.push_back({seconds_on_axis(one.time), one.value});
        });
    if (!all) return tl::unexpected(all.error());
    outcome_.numbers = all->count;
    if (all->count > 0 && !AnomalyFilter(*all, request_.threshold).can_tell())
      outcome_.remark = all->count == 1 ? "one number alone has no anomalies"
                                        : "all numbers are the same: there are no anomalies";
    else if (all->count > 0 && !has_one)
      outcome_.none = fmt::format("none beyond {} standard deviations", request_.threshold);
    draw_values();
    if (request_.axis) draw_bounds(*all);
    draw("anomaly", ChartSeries::Kind::kMarks, std::move(marks), 1);
    return {};
  }

  void draw_bounds(const Moments& all) {
    const double from_mean = request_.threshold * all.std_dev().value_or(0.0);
    const double end = seconds_on_axis(request_.axis->last);
    draw("mean", ChartSeries::Kind::kDashed, {{0.0, all.mean()}, {end, all.mean()}}, 2);
    draw(fmt::format("{} std", request_.threshold), ChartSeries::Kind::kDashed,
         {{0.0, all.mean() - from_mean},
          {end, all.mean() - from_mean},
          ChartPoint::gap(),
          {0.0, all.mean() + from_mean},
          {end, all.mean() + from_mean}},
         4);
  }

  Status trends() {
    static constexpr const char* kWords[] = {"increasing", "decreasing", "stable",
                                             "insufficient_data"};
    Thinned means;
    const Result<Trends> found =
        analytics_.calculate_trends(request_.window, request_.eps, [&](double time, double value) {
          if (request_.axis) means.add(time * 1e-9, value);
        });
    if (!found) return tl::unexpected(found.error());
    const bool has_line = found->trend != Trend::kInsufficient;
    const auto told = [&](double number) { return has_line ? Value(number) : Value(); };
    outcome_.numbers = found->periods;
    report_.object({{"trend", kWords[static_cast<std::size_t>(found->trend)]},
                    {"slope", found->slope},
                    {"intercept", told(found->intercept)},
                    {"r_squared", told(found->r_squared)},
                    {"origin", told(seconds_of_key(found->origin))},
                    {"periods", found->periods},
                    {"first_value", told(found->first_value)},
                    {"last_value", told(found->last_value)},
                    {"change_percent", told(found->change_percent)}});
    if (!request_.axis) return {};
    std::vector<ChartPoint> points = means.take();
    const double shift = seconds_on_axis(found->origin);
    for (ChartPoint& point : points) point.x += shift;
    const double end = seconds_on_axis(request_.axis->last);
    draw("mean of a period", ChartSeries::Kind::kMarks, std::move(points));
    if (has_line)
      draw(fmt::format("{:+.4g} / s, r\u00b2 {:.3f}", found->slope, found->r_squared),
           ChartSeries::Kind::kDashed,
           {{shift, found->intercept}, {end, found->intercept + found->slope * (end - shift)}}, 1);
    return {};
  }

  Status percentiles() {
    const Result<Percentiles> found = analytics_.calculate_percentiles(request_.percents);
    if (!found) return tl::unexpected(found.error());
    outcome_.numbers = found->total_count;
    Fields object;
    std::vector<ChartPoint> points;
    for (std::size_t i = 0; i < found->values.size(); ++i) {
      const auto& [name, value] = found->values[i];
      object.emplace_back(name, value);
      points.push_back({static_cast<double>(i), value});
      outcome_.x_names.push_back(name);
    }
    object.emplace_back("total_count", found->total_count);
    object.emplace_back("mean_value", found->total_count > 0 ? Value(found->mean_value) : Value());
    object.emplace_back("std_dev", or_nil(found->std_dev));
    report_.object(object);
    draw("", ChartSeries::Kind::kLine, std::move(points));
    return {};
  }

  Status correlation() {
    Thinned dots;
    const Result<Correlation> found = analytics_.calculate_correlation(
        *request_.other, request_.tolerance, [&](double x, double y) { dots.add(x, y); });
    if (!found) return tl::unexpected(found.error());
    outcome_.numbers = found->sample_count;
    outcome_.remark = found->reason;
    Fields object{{"correlation", or_nil(found->correlation)},
                  {"sample_count", found->sample_count},
                  {"covariance", or_nil(found->covariance)}};
    if (!found->reason.empty()) object.emplace_back("reason", found->reason);
    report_.object(object);
    outcome_.x_label = field_;
    outcome_.panel.y_label = request_.other->field.text;
    draw(found->correlation ? fmt::format("correlation {:.3f}", *found->correlation) : "",
         ChartSeries::Kind::kDots, dots.take());
    return {};
  }

  Status distribution() {
    const Result<std::vector<DistributionBin>> found =
        analytics_.calculate_distribution(request_.bins);
    if (!found) return tl::unexpected(found.error());
    std::vector<ChartPoint> bars;
    for (const DistributionBin& bin : *found) {
      report_.row({{"bin", bin.bin},
                   {"lo", bin.lo},
                   {"hi", bin.hi},
                   {"count", bin.count},
                   {"percentage", bin.percentage},
                   {"range", bin.range()}});
      outcome_.numbers += bin.count;
      bars.push_back({std::midpoint(bin.lo, bin.hi), static_cast<double>(bin.count)});
    }
    const double width = found->empty() ? 0.0 : found->front().hi - found->front().lo;
    outcome_.x_label = field_;
    outcome_.panel.y_label = "points";
    draw("", ChartSeries::Kind::kBars, std::move(bars), 0, width > 0.0 ? width : 1.0);
    return {};
  }

  Status top_values() {
    const Result<std::vector<TopValue>> found =
        analytics_.calculate_top_values(*request_.group, request_.top);
    if (!found) return tl::unexpected(found.error());
    std::vector<ChartPoint> bars;
    for (const TopValue& one : *found) {
      const auto number = [&](double value) {
        return one.numbers.count > 0 ? Value(value) : Value();
      };
      const auto text = std::visit(
          [](const auto& group) {
            if constexpr (std::is_same_v<std::decay_t<decltype(group)>, std::string>)
              return group;
            else
              return fmt::format("{}", group);
          },
          one.group);
      report_.row(
          {{"count", one.count},
           {"avg_value", number(one.numbers.mean())},
           {"min_value", number(one.numbers.min)},
           {"max_value", number(one.numbers.max)},
           {"group", std::visit([](const auto& group) { return Value(group); }, one.group)}});
      outcome_.numbers += one.count;
      bars.push_back({static_cast<double>(bars.size()), static_cast<double>(one.count)});
      outcome_.x_names.push_back(text);
    }
    outcome_.more_values = analytics_.reading().groups - found->size();
    outcome_.more_points = analytics_.reading().grouped - outcome_.numbers;
    outcome_.x_label = request_.group->text;
    outcome_.panel.y_label = "points";
    draw("", ChartSeries::Kind::kBars, std::move(bars), 0, 0.8);
    return {};
  }

  // Where a row is drawn: a tumbling window in its middle.
  std::int64_t time_on_axis(const AverageRow& row) const {
    if (request_.mode == WindowMode::kSliding) return row.time;
    std::int64_t middle = 0;
    if (__builtin_add_overflow(row.time, request_.window / 2, &middle)) middle = INT64_MAX;
    return std::clamp(middle, request_.axis->first, request_.axis->last);
  }

  double seconds_on_axis(std::int64_t key) const {
    return seconds_between(request_.axis->first, key);
  }

  TrackAnalytics& analytics_;
  const AnalysisRequest& request_;
  const std::string& field_;
  AnalysisReport& report_;
  std::optional<Envelope> values_;
  AnalysisOutcome outcome_;
};

}  // namespace

Result<AnalysisOutcome> analyze(TrackAnalytics& analytics, const AnalysisRequest& request,
                                const std::string& field, AnalysisReport& report) {
  return Analysis(analytics, request, field, report).run();
}

}  // namespace zbag
