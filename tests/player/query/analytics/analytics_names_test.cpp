// The names of S4.34 are the public interface, of columns and of tracks in bags.
#include <gmock/gmock.h>

#include "player/query/analytics/track_analytics.hpp"

namespace zbag {
namespace {

TEST(AnalyticsNamesTest, TheFunctionsAreCalledAsTheDocumentCallsThem) {
  const std::vector<std::int64_t> keys{1, 2, 3};
  const std::vector<double> values{1.0, 2.0, 3.0};
  const std::vector<Group> groups{true, true, false};
  EXPECT_EQ(calculate_moving_average(keys, values, 2, WindowMode::kTumbling).size(), 2u);
  EXPECT_EQ(detect_anomalies(keys, values, 2.0).size(), 0u);
  EXPECT_EQ(calculate_trends(keys, values, 1).periods, 3u);
  EXPECT_EQ(calculate_percentiles(values).total_count, 3u);
  EXPECT_EQ(calculate_correlation(values, values).sample_count, 3u);
  EXPECT_EQ(calculate_distribution(values).size(), 10u);
  EXPECT_EQ(calculate_top_values(groups, values).size(), 2u);

  TrackAnalytics track({}, {.track = "none", .field = ValueField::parse("x", {})});
  const TrackAnalytics::Other other{"none", ValueField::parse("y", {})};
  EXPECT_TRUE(track.calculate_moving_average(1, WindowMode::kSliding, [](const AverageRow&) {}));
  EXPECT_EQ(track.detect_anomalies(2.0, [](const Anomaly&) {})->count, 0u);
  EXPECT_EQ(track.calculate_trends(1, 0.0)->trend, Trend::kInsufficient);
  EXPECT_EQ(track.calculate_percentiles(kUsualPercents)->total_count, 0u);
  EXPECT_EQ(track.calculate_correlation(other, 0)->sample_count, 0u);
  EXPECT_EQ(track.calculate_distribution(10)->size(), 0u);
  EXPECT_EQ(track.calculate_top_values(other.field, 10)->size(), 0u);
}

}  // namespace
}  // namespace zbag
