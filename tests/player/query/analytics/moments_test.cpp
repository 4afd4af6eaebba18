#include "player/query/analytics/moments.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "player/query/analytics/anomalies.hpp"
#include "player/query/analytics/correlation.hpp"
#include "player/query/analytics/trends.hpp"

namespace zbag {
namespace {

constexpr double kMost = std::numeric_limits<double>::max();
constexpr double kLeast = std::numeric_limits<double>::denorm_min();

TEST(MomentsTest, NumbersAtBothEndsOfADoubleHaveAMeanAndASpread) {
  const Moments moments = Moments::of(std::vector{-kMost, kMost, -kMost, kMost});
  EXPECT_EQ(moments.mean(), 0.0);
  // sqrt(4 / 3) times the greatest: more than a double holds, and no NaN.
  EXPECT_EQ(moments.std_dev(), std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(static_cast<double>(moments.wide_std_dev() / kMost), std::sqrt(4.0 / 3.0));
}

TEST(MomentsTest, ASpreadThatADoubleHoldsIsToldThoughItsSquareIsNot) {
  const Moments moments = Moments::of(std::vector{1e308, 1.2e308, 1.4e308});
  EXPECT_DOUBLE_EQ(moments.mean(), 1.2e308);
  EXPECT_DOUBLE_EQ(moments.std_dev().value_or(0.0), 0.2e308);
}

TEST(MomentsTest, NumbersThatAreNearlyNothingHaveASpread) {
  const Moments moments = Moments::of(std::vector{1e-200, 2e-200, 3e-200});
  EXPECT_DOUBLE_EQ(moments.std_dev().value_or(0.0), 1e-200);
  EXPECT_GT(Moments::of(std::vector{0.0, kLeast}).squares, 0.0);
}

TEST(MomentsTest, PartsOfHugeNumbersJoinAsTheWholeHasThem) {
  Moments whole = Moments::of(std::vector{-kMost, kMost});
  whole.add(Moments::of(std::vector{kMost, kMost}));
  EXPECT_DOUBLE_EQ(whole.mean(), kMost / 2.0);
  EXPECT_DOUBLE_EQ(static_cast<double>(whole.wide_std_dev() / kMost), 1.0);
}

TEST(MomentsTest, HugePairsGoTogether) {
  const std::vector<double> x{-kMost, 0.0, kMost};
  const Correlation found = calculate_correlation(x, std::vector{kMost, 0.0, -kMost});
  EXPECT_DOUBLE_EQ(found.correlation.value_or(0.0), -1.0);
  EXPECT_EQ(found.covariance, -std::numeric_limits<double>::infinity());
  EXPECT_DOUBLE_EQ(
      calculate_correlation(x, std::vector{1e-200, 2e-200, 3e-200}).correlation.value_or(0.0), 1.0);
}

TEST(MomentsTest, AHugeSpikeIsAnAnomalyWithAScore) {
  std::vector<double> values(101, -kMost);
  std::vector<std::int64_t> keys(values.size());
  values[7] = kMost;
  keys[7] = 7;
  const std::vector<Anomaly> found = detect_anomalies(keys, values, 3.0);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].time, 7);
  // 100 / 101 of the way from the others, over sqrt(1 / 101) of it.
  EXPECT_DOUBLE_EQ(found[0].z_score, 100.0 / 101.0 * std::sqrt(101.0));
}

TEST(MomentsTest, ALineThroughHugeMeansHasASlope) {
  const std::vector<std::int64_t> keys{0, 1'000'000'000, 2'000'000'000};
  const Trends trends = calculate_trends(keys, std::vector{-kMost, 0.0, kMost}, 1'000'000'000);
  EXPECT_EQ(trends.trend, Trend::kIncreasing);
  EXPECT_DOUBLE_EQ(trends.slope, kMost);
  EXPECT_DOUBLE_EQ(trends.intercept, -kMost);
  EXPECT_DOUBLE_EQ(trends.r_squared, 1.0);
  EXPECT_DOUBLE_EQ(trends.change_percent, 200.0);
}

}  // namespace
}  // namespace zbag
