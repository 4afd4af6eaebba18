#include "player/query/analytics/percentiles.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(PercentilesTest, BetweenTwoNumbersTheyAreLinear) {
  const Percentiles found = calculate_percentiles({5, 3, 1, 4, 2}, std::vector{50.0, 90.0});
  EXPECT_THAT(found.values, ElementsAre(Pair("p50", 3.0), Pair("p90", 4.6)));
  EXPECT_EQ(found.total_count, 5u);
  EXPECT_EQ(found.mean_value, 3.0);
  EXPECT_DOUBLE_EQ(*found.std_dev, std::sqrt(2.5));
}

TEST(PercentilesTest, OfOneNumberAllAreThatNumber) {
  const Percentiles found = calculate_percentiles({7.5});
  EXPECT_THAT(found.values, ElementsAre(Pair("p25", 7.5), Pair("p50", 7.5), Pair("p75", 7.5),
                                        Pair("p90", 7.5), Pair("p95", 7.5), Pair("p99", 7.5)));
  EXPECT_EQ(found.std_dev, std::nullopt);
}

TEST(PercentilesTest, OfNoNumbersThereAreNone) {
  EXPECT_THAT(calculate_percentiles({}).values, IsEmpty());
  EXPECT_THAT(calculate_percentiles({std::nan("")}).values, IsEmpty());
}

TEST(PercentilesTest, TheEndsAreLeastAndGreatest) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const Percentiles found = calculate_percentiles({3, -kInfinite, 9, std::nan(""), -2, kInfinite},
                                                  std::vector{0.0, 100.0, 99.9});
  EXPECT_EQ(found.total_count, 3u);
  EXPECT_EQ(found.values[0], (std::pair<std::string, double>("p0", -2.0)));
  EXPECT_EQ(found.values[1], (std::pair<std::string, double>("p100", 9.0)));
  EXPECT_EQ(found.values[2].first, "p99.9");
}

TEST(PercentilesTest, TheyEqualThoseOfSortedNumbers) {
  std::mt19937 random(3);
  std::normal_distribution<double> number;
  std::vector<double> values(1'001);
  for (double& value : values) value = number(random);
  const std::vector<double> percents{75.0, 10.0, 99.0, 50.0, 33.3};
  const Percentiles found = calculate_percentiles(values, percents);
  std::sort(values.begin(), values.end());
  for (std::size_t i = 0; i < percents.size(); ++i) {
    const double at = percents[i] / 100.0 * 1'000.0;
    const auto below = static_cast<std::size_t>(at);
    const double expected =
        values[below] + (values[below + 1] - values[below]) * (at - static_cast<double>(below));
    EXPECT_NEAR(found.values[i].second, expected, 1e-12);
  }
}

}  // namespace
}  // namespace zbag
