#include "player/query/analytics/moving_average.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Column {
  std::vector<std::int64_t> keys;
  std::vector<double> values;
};

Column minutes(int n) {
  Column column;
  for (int i = 0; i < n; ++i) {
    column.keys.push_back(1'699'999'200 * kSecond + i * kMinute);  // a multiple of half an hour
    column.values.push_back(i);
  }
  return column;
}

// The origin truncated the time to its unit: "30 minutes" were buckets of one.
TEST(MovingAverageTest, AWindowOfThirtyMinutesHoldsThirtyOfAMinuteEach) {
  const Column column = minutes(240);
  const auto rows =
      calculate_moving_average(column.keys, column.values, 30 * kMinute, WindowMode::kTumbling);
  ASSERT_THAT(rows, SizeIs(240 / 30));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].time % (30 * kMinute), 0);
    EXPECT_EQ(rows[i].window.count, 30u);
    EXPECT_DOUBLE_EQ(rows[i].window.mean(), static_cast<double>(i) * 30 + 14.5);
    EXPECT_EQ(rows[i].window.min, static_cast<double>(i) * 30);
    EXPECT_EQ(rows[i].window.max, static_cast<double>(i) * 30 + 29);
  }
}

TEST(MovingAverageTest, WindowsBeforeTheEpochBeginAtMultiplesToo) {
  EXPECT_EQ(window_start(-1, 10), -10);
  EXPECT_EQ(window_start(-10, 10), -10);
  EXPECT_EQ(window_start(9, 10), 0);
  EXPECT_EQ(window_start(INT64_MIN + 1, kMinute), INT64_MIN);
}

TEST(MovingAverageTest, AGapGivesNoRowOfTumblingWindows) {
  const std::vector<std::int64_t> keys{0, 1, 100, 101};
  const std::vector<double> values{1, 3, 5, 7};
  const auto rows = calculate_moving_average(keys, values, 10, WindowMode::kTumbling);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].window.mean(), 2.0);
  EXPECT_EQ(rows[1].time, 100);
  EXPECT_EQ(rows[1].window.mean(), 6.0);
}

TEST(MovingAverageTest, BehindAGapASlidingWindowHoldsOnePoint) {
  const std::vector<std::int64_t> keys{0, 1, 100};
  const std::vector<double> values{1, 3, 5};
  const auto rows = calculate_moving_average(keys, values, 10, WindowMode::kSliding);
  ASSERT_THAT(rows, SizeIs(3));
  EXPECT_EQ(rows[1].window.count, 2u);
  EXPECT_EQ(rows[2].window.count, 1u);
  EXPECT_EQ(rows[2].window.mean(), 5.0);
  EXPECT_EQ(rows[2].window.std_dev(), std::nullopt);
}

// What lies exactly a window back is out: (t - w, t].
TEST(MovingAverageTest, ASlidingWindowIsOpenWhereItBegins) {
  const std::vector<std::int64_t> keys{0, 10, 19};
  const std::vector<double> values{1, 2, 4};
  const auto rows = calculate_moving_average(keys, values, 10, WindowMode::kSliding);
  EXPECT_EQ(rows[1].window.count, 1u);
  EXPECT_EQ(rows[2].window.count, 2u);
}

// Stamps that are equal, too: both are in the window of each.
TEST(MovingAverageTest, SlidingEqualsWhatEveryWindowGivesByItself) {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::int64_t> step(0, 5);
  std::normal_distribution<double> value(1e6, 3.0);
  Column column;
  std::int64_t key = -500;
  for (int i = 0; i < 2'000; ++i) {
    column.keys.push_back(key += step(random) * (i % 400 == 0 ? 100 : 1));
    column.values.push_back(i % 37 == 0 ? kNone : value(random));
  }
  const std::int64_t length = 23;
  const auto rows =
      calculate_moving_average(column.keys, column.values, length, WindowMode::kSliding);
  auto row = rows.begin();
  for (std::size_t i = 0; i < column.keys.size(); ++i) {
    if (std::isnan(column.values[i])) continue;
    Moments naive;
    for (std::size_t j = 0; j < column.keys.size(); ++j) {
      const bool is_in =
          column.keys[j] > column.keys[i] - length && column.keys[j] <= column.keys[i];
      if (is_in && !std::isnan(column.values[j])) naive.add(column.values[j]);
    }
    ASSERT_NE(row, rows.end());
    EXPECT_EQ(row->time, column.keys[i]);
    EXPECT_EQ(row->window.count, naive.count);
    EXPECT_EQ(row->window.min, naive.min);
    EXPECT_EQ(row->window.max, naive.max);
    EXPECT_NEAR(row->window.mean(), naive.mean(), 1e-9);
    EXPECT_NEAR(row->window.std_dev().value_or(-1), naive.std_dev().value_or(-1), 1e-6);
    ++row;
  }
  EXPECT_EQ(row, rows.end());
}

// A running sum would have lost all that is small to what was large.
TEST(MovingAverageTest, WhatHasLeftTheWindowLeavesNothingBehind) {
  const std::vector<std::int64_t> keys{0, 1, 100, 101};
  const std::vector<double> values{1e17, 1.0, 0.25, 0.75};
  const auto rows = calculate_moving_average(keys, values, 10, WindowMode::kSliding);
  EXPECT_EQ(rows[3].window.mean(), 0.5);
}

TEST(MovingAverageTest, PointsOfASlidingWindowAloneAreHeld) {
  std::size_t most = 0;
  MovingAverage average(10, WindowMode::kSliding, [](const AverageRow&) {});
  for (std::int64_t key = 0; key < 10'000; ++key) {
    average.add(key, 1.0);
    most = std::max(most, average.held());
  }
  EXPECT_LE(most, 21u);
}

TEST(MovingAverageTest, WhatIsNoNumberIsLeftOut) {
  const std::vector<std::int64_t> keys{0, 1, 2, 3};
  const std::vector<double> values{kNone, 2.0, std::numeric_limits<double>::infinity(), 4.0};
  const auto rows = calculate_moving_average(keys, values, 10, WindowMode::kTumbling);
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].window.count, 2u);
  EXPECT_EQ(rows[0].window.mean(), 3.0);
  EXPECT_THAT(calculate_moving_average({}, {}, 10, WindowMode::kSliding), IsEmpty());
}

}  // namespace
}  // namespace zbag
