#include "player/query/analytics/trends.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <limits>

namespace zbag {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Ten points a second for `seconds` from `start` on; `value` is of the seconds since then.
Trends trends_of(int seconds, const std::function<double(double)>& value, std::int64_t start = 0,
                 std::int64_t period = kSecond) {
  std::vector<std::int64_t> keys;
  std::vector<double> values;
  for (int i = 0; i < seconds * 10; ++i) {
    keys.push_back(start + i * (kSecond / 10));
    values.push_back(value(i / 10.0));
  }
  return calculate_trends(keys, values, period);
}

TEST(TrendsTest, OfALineSlopeAndInterceptAreItsOwn) {
  const Trends trends = trends_of(20, [](double t) { return 3.0 + 2.0 * t; });
  EXPECT_EQ(trends.trend, Trend::kIncreasing);
  EXPECT_EQ(trends.periods, 20u);
  EXPECT_NEAR(trends.slope, 2.0, 1e-12);
  EXPECT_NEAR(trends.intercept, 3.0, 1e-11);
  EXPECT_NEAR(trends.r_squared, 1.0, 1e-12);
  EXPECT_NEAR(trends.first_value, 3.9, 1e-12);
  EXPECT_NEAR(trends.last_value, 41.9, 1e-12);
  EXPECT_NEAR(trends.change_percent, (41.9 - 3.9) / 3.9 * 100.0, 1e-9);
}

// At the scale of today's clocks, where squares of seconds have no digits left for them.
TEST(TrendsTest, TheClockOfTodayCostsNoDigits) {
  const Trends trends = trends_of(
      20, [](double t) { return 3.0 - 0.001 * t; }, 1'795'216'430 * kSecond);
  EXPECT_EQ(trends.trend, Trend::kDecreasing);
  EXPECT_EQ(trends.origin, 1'795'216'430 * kSecond);
  EXPECT_NEAR(trends.slope, -0.001, 1e-12);
  EXPECT_NEAR(trends.intercept, 3.0, 1e-10);
}

// The origin looked at the first and the last mean alone, and divided by the number of buckets.
TEST(TrendsTest, ItIsARegressionAndNotTheLastLessTheFirst) {
  const Trends trends = trends_of(11, [](double t) { return t >= 10.0 ? 0.0 : t; });
  EXPECT_EQ(trends.trend, Trend::kIncreasing);
  EXPECT_LT(trends.last_value, trends.first_value);
  EXPECT_GT(trends.slope, 0.1);
  EXPECT_LT(trends.r_squared, 0.9);
}

TEST(TrendsTest, WhatStaysIsStable) {
  const Trends trends = trends_of(20, [](double) { return 0.1; });
  EXPECT_EQ(trends.trend, Trend::kStable);
  EXPECT_EQ(trends.slope, 0.0);
  EXPECT_EQ(trends.change_percent, 0.0);
}

TEST(TrendsTest, OnePeriodIsNotEnough) {
  const Trends trends = trends_of(
      5, [](double t) { return t; }, 0, 60 * kSecond);
  EXPECT_EQ(trends.trend, Trend::kInsufficient);
  EXPECT_EQ(trends.periods, 1u);
  EXPECT_EQ(trends.slope, 0.0);
  EXPECT_EQ(calculate_trends({}, {}, kSecond).trend, Trend::kInsufficient);
}

TEST(TrendsTest, BelowZeroWhatRisesHasRisen) {
  const Trends rising = trends_of(3, [](double t) { return t < 1.0 ? -4.0 : -3.0; });
  EXPECT_EQ(rising.trend, Trend::kIncreasing);
  EXPECT_EQ(rising.change_percent, 25.0);
  const Trends falling = trends_of(3, [](double t) { return t < 1.0 ? -4.0 : -6.0; });
  EXPECT_EQ(falling.trend, Trend::kDecreasing);
  EXPECT_EQ(falling.change_percent, -50.0);
}

TEST(TrendsTest, FromZeroThereIsNoPercentage) {
  const Trends trends = trends_of(3, [](double t) { return t < 1.0 ? 0.0 : 5.0; });
  EXPECT_EQ(trends.first_value, 0.0);
  EXPECT_EQ(trends.last_value, 5.0);
  EXPECT_EQ(trends.change_percent, 0.0);
}

TEST(TrendsTest, APeriodWithoutNumbersIsNone) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const Trends trends =
      trends_of(10, [](double t) { return t >= 3.0 && t < 6.0 ? kNone : 1.0 + t; });
  EXPECT_EQ(trends.periods, 7u);
  EXPECT_NEAR(trends.slope, 1.0, 1e-12);
}

}  // namespace
}  // namespace zbag
