#include "player/query/analytics/distribution.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::uint64_t total(const std::vector<DistributionBin>& bins) {
  std::uint64_t sum = 0;
  for (const DistributionBin& bin : bins) sum += bin.count;
  return sum;
}

// The origin gave nothing where the least value was 0.
TEST(DistributionTest, TheLeastMayBeZero) {
  std::vector<double> values(11);
  std::iota(values.begin(), values.end(), 0.0);
  const auto bins = calculate_distribution(values, 10);
  ASSERT_THAT(bins, SizeIs(10));
  EXPECT_EQ(bins[0].lo, 0.0);
  EXPECT_EQ(bins[0].count, 1u);
  EXPECT_EQ(bins[9].hi, 10.0);
  EXPECT_EQ(bins[9].count, 2u);  // 9 and the greatest
  EXPECT_EQ(total(bins), 11u);
  EXPECT_EQ(bins[9].range(), "9 - 10");
  EXPECT_DOUBLE_EQ(bins[9].percentage, 200.0 / 11.0);
}

// The origin left out bins without a value.
TEST(DistributionTest, BinsWithoutANumberAreThere) {
  const auto bins = calculate_distribution(std::vector{0.0, 0.1, 4.0}, 4);
  ASSERT_THAT(bins, SizeIs(4));
  EXPECT_EQ(bins[1].count, 0u);
  EXPECT_EQ(bins[1].percentage, 0.0);
  EXPECT_EQ(bins[2].bin, 2u);
}

TEST(DistributionTest, NumbersThatAreAlikeAreOneBin) {
  for (const double value : {0.0, -2.5}) {
    const auto bins = calculate_distribution(std::vector(7, value), 10);
    ASSERT_THAT(bins, SizeIs(1));
    EXPECT_EQ(bins[0].count, 7u);
    EXPECT_EQ(bins[0].percentage, 100.0);
    EXPECT_EQ(bins[0].lo, value);
    EXPECT_EQ(bins[0].hi, value);
  }
}

TEST(DistributionTest, WhatIsNotFiniteIsLeftOut) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const auto bins =
      calculate_distribution(std::vector{1.0, kInfinite, 2.0, std::nan(""), -kInfinite}, 2);
  EXPECT_EQ(total(bins), 2u);
  EXPECT_EQ(bins[0].lo, 1.0);
  EXPECT_EQ(bins[1].hi, 2.0);
  EXPECT_THAT(calculate_distribution(std::vector{std::nan("")}), IsEmpty());
}

// Edges as they are told decide, whatever the width does to the last digit.
TEST(DistributionTest, EveryNumberLiesBetweenTheEdgesOfItsBin) {
  std::mt19937 random(11);
  std::uniform_real_distribution<double> number(-0.3, 0.9);
  std::vector<double> values;
  for (int i = 0; i < 5'000; ++i) values.push_back(std::round(number(random) * 100.0) / 100.0);
  const auto bins = calculate_distribution(values, 12);
  EXPECT_EQ(total(bins), values.size());
  for (const DistributionBin& bin : bins) {
    std::uint64_t count = 0;
    for (const double value : values)
      count += (value >= bin.lo && value < bin.hi) || (bin.bin == 11 && value == bin.hi) ? 1 : 0;
    EXPECT_EQ(bin.count, count) << bin.range();
  }
}

TEST(DistributionTest, TheWidestRangeThereIsHasBins) {
  constexpr double kMost = std::numeric_limits<double>::max();
  const auto bins = calculate_distribution(std::vector{-kMost, 0.0, kMost}, 4);
  EXPECT_EQ(bins[0].count, 1u);
  EXPECT_EQ(bins[2].count, 1u);
  EXPECT_EQ(bins[3].count, 1u);
  EXPECT_EQ(total(calculate_distribution(std::vector{0.0, 5e-324}, 10)), 2u);
}

}  // namespace
}  // namespace zbag
