#include "player/query/analytics/correlation.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace zbag {
namespace {

// The origin divided a covariance of n by deviations of n - 1: of two pairs it said 0.5.
TEST(CorrelationTest, PairsThatGoTogetherHaveOneHoweverFewTheyAre) {
  for (const int n : {2, 3, 10}) {
    std::vector<double> x;
    std::vector<double> y;
    std::vector<double> against;
    for (int i = 0; i < n; ++i) {
      x.push_back(i * 0.1);
      y.push_back(7.0 + i * 3.0);
      against.push_back(7.0 - i * 3.0);
    }
    EXPECT_DOUBLE_EQ(*calculate_correlation(x, y).correlation, 1.0) << n;
    EXPECT_DOUBLE_EQ(*calculate_correlation(x, against).correlation, -1.0) << n;
    EXPECT_EQ(calculate_correlation(x, y).sample_count, static_cast<std::uint64_t>(n));
  }
}

TEST(CorrelationTest, ItIsPearsonsAndTheCovarianceThatOfASample) {
  const std::vector<double> x{1, 2, 3, 4, 5};
  const std::vector<double> y{2, 1, 4, 3, 5};
  const Correlation found = calculate_correlation(x, y);
  EXPECT_DOUBLE_EQ(*found.correlation, 0.8);
  EXPECT_DOUBLE_EQ(*found.covariance, 2.0);
}

TEST(CorrelationTest, WhatStaysTheSameHasNoneAndSaysWhy) {
  const std::vector<double> moves{1, 2, 3};
  const std::vector<double> stays{0.1, 0.1, 0.1};
  EXPECT_EQ(calculate_correlation(moves, stays).correlation, std::nullopt);
  EXPECT_EQ(calculate_correlation(moves, stays).reason, "the second is always the same");
  EXPECT_EQ(calculate_correlation(stays, moves).reason, "the first is always the same");
  EXPECT_EQ(calculate_correlation(moves, stays).covariance, 0.0);
}

TEST(CorrelationTest, OfOnePairThereIsNone) {
  const Correlation found = calculate_correlation(std::vector{1.0}, std::vector{1.0});
  EXPECT_EQ(found.correlation, std::nullopt);
  EXPECT_EQ(found.reason, "fewer than two pairs");
}

TEST(CorrelationTest, PairsThatLackOneAreLeftOut) {
  const double none = std::nan("");
  const Correlation found =
      calculate_correlation(std::vector{1.0, none, 3.0, 9.0}, std::vector{1.0, 5.0, 3.0, none});
  EXPECT_EQ(found.sample_count, 2u);
  EXPECT_DOUBLE_EQ(*found.correlation, 1.0);
}

}  // namespace
}  // namespace zbag
