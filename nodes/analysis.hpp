// The functions of `zbag analyze`: what each reads, reports and draws.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nodes/analysis_report.hpp"
#include "player/query/analytics/track_analytics.hpp"
#include "player/query/plot/chart.hpp"

namespace zbag {

enum class AnalysisFunction : std::uint8_t {
  kMovingAverage,
  kAnomalies,
  kTrends,
  kPercentiles,
  kCorrelation,
  kDistribution,
  kTopValues,
};

struct AnalysisRequest {
  AnalysisFunction function = AnalysisFunction::kPercentiles;
  std::int64_t window = 1'000'000'000;  // ns
  WindowMode mode = WindowMode::kTumbling;
  double threshold = 2.0;
  double eps = 1e-9;
  std::uint64_t bins = 10;
  std::vector<double> percents{std::begin(kUsualPercents), std::end(kUsualPercents)};
  std::int64_t tolerance = 0;  // ns
  std::uint64_t top = 10;
  std::optional<TrackAnalytics::Other> other;  // correlation
  std::optional<ValueField> group;             // top values
  std::optional<TimeRange> axis;               // a picture is wanted, of these times
};

struct AnalysisOutcome {
  std::uint64_t numbers = 0;      // that it is made of
  std::string remark;             // what somebody should know of the result
  std::string none;               // what a table without rows says to people
  std::uint64_t more_values = 0;  // of top values, that have no row, and the points that have them
  std::uint64_t more_points = 0;
  ChartPanel panel;     // where a picture is wanted
  std::string x_label;  // of it, where that is not time
  std::vector<std::string> x_names;
};

// Errors as those of TrackAnalytics.
Result<AnalysisOutcome> analyze(TrackAnalytics& analytics, const AnalysisRequest& request,
                                const std::string& field, AnalysisReport& report);

}  // namespace zbag
