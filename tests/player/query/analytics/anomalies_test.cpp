#include "player/query/analytics/anomalies.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <numeric>

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::int64_t> keys_of(std::size_t n) {
  std::vector<std::int64_t> keys(n);
  std::iota(keys.begin(), keys.end(), 1'000);
  return keys;
}

TEST(AnomaliesTest, OneSpikeAmongAHundredIsFound) {
  std::vector<double> values;
  for (int i = 0; i < 100; ++i) values.push_back(i % 2 == 0 ? 1.0 : 1.1);
  values.insert(values.begin() + 40, 50.0);
  const auto found = detect_anomalies(keys_of(101), values, 2.0);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].time, 1'040);
  EXPECT_EQ(found[0].value, 50.0);
  const Moments all = Moments::of(values);
  EXPECT_DOUBLE_EQ(found[0].z_score, (50.0 - all.mean()) / *all.std_dev());
}

// The mean of -3, -1, 1, 3 is 0 and its sample deviation sqrt(20 / 3).
TEST(AnomaliesTest, AtExactlyTheThresholdItIsNone) {
  const std::vector<double> values{-3.0, -1.0, 1.0, 3.0};
  const double deviation = *Moments::of(values).std_dev();
  EXPECT_DOUBLE_EQ(deviation, std::sqrt(20.0 / 3.0));
  AnomalyFilter filter(Moments::of(values), 2.0);
  EXPECT_FALSE(filter.look(0, 2.0 * deviation).has_value());
  EXPECT_FALSE(filter.look(0, -2.0 * deviation).has_value());
  EXPECT_TRUE(filter.look(0, std::nextafter(2.0 * deviation, 100.0)).has_value());
}

TEST(AnomaliesTest, ValuesThatAreAlikeAreNoAnomalies) {
  const std::vector<double> values(100, 0.1);
  EXPECT_THAT(detect_anomalies(keys_of(100), values, 0.0), IsEmpty());
  EXPECT_FALSE(AnomalyFilter(Moments::of(values), 2.0).can_tell());
}

TEST(AnomaliesTest, OneValueIsNone) {
  EXPECT_THAT(detect_anomalies(keys_of(1), std::vector{5.0}, 0.0), IsEmpty());
  EXPECT_THAT(detect_anomalies({}, {}, 2.0), IsEmpty());
}

TEST(AnomaliesTest, NaNIsNeitherCountedNorFound) {
  std::vector<double> values(20, 1.0);
  values[3] = std::numeric_limits<double>::quiet_NaN();
  values[5] = std::numeric_limits<double>::infinity();
  values[9] = 2.0;
  const auto found = detect_anomalies(keys_of(20), values, 2.0);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].time, 1'009);
}

TEST(AnomaliesTest, TheyComeInOrderOfTimeWithTheirSign) {
  std::vector<double> values(50, 1.0);
  values[10] = -9.0;
  values[30] = 11.0;
  const auto found = detect_anomalies(keys_of(50), values, 3.0);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_LT(found[0].z_score, -3.0);
  EXPECT_GT(found[1].z_score, 3.0);
}

}  // namespace
}  // namespace zbag
