#include "player/query/plot/envelope.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace zbag {

bool operator==(const ChartPoint& a, const ChartPoint& b) {
  return std::isnan(a.y) ? std::isnan(b.y) : a.x == b.x && a.y == b.y;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(EnvelopeTest, FewPointsAreDrawnAsTheyAre) {
  Envelope envelope({100 * kSecond, 110 * kSecond}, 1'000);
  for (int i = 0; i <= 10; i += 5) envelope.add((100 + i) * kSecond, i * i);
  EXPECT_THAT(envelope.line(),
              ElementsAre(ChartPoint{0, 0}, ChartPoint{5, 25}, ChartPoint{10, 100}));
}

TEST(EnvelopeTest, OfAPixelColumnFirstLastLeastAndGreatestAreDrawn) {
  Envelope envelope({0, 10 * kSecond - 1}, 1);
  const std::vector<double> values{3, 1, 9, 4, 5};
  for (std::size_t i = 0; i < values.size(); ++i)
    envelope.add(static_cast<std::int64_t>(i) * 2 * kSecond, values[i]);
  EXPECT_THAT(envelope.line(),
              ElementsAre(ChartPoint{0, 3}, ChartPoint{4, 1}, ChartPoint{4, 9}, ChartPoint{8, 5}));
  EXPECT_EQ(envelope.count(), 5u);
}

TEST(EnvelopeTest, WhereNothingComesForLongTheLineIsBroken) {
  Envelope envelope({0, 100 * kSecond}, 1'000);
  for (const std::int64_t second : {0, 1, 2, 3, 4, 10, 11, 12, 50})
    envelope.add(second * kSecond, 1);
  EXPECT_THAT(envelope.line(),
              ElementsAre(ChartPoint{0, 1}, ChartPoint{1, 1}, ChartPoint{2, 1}, ChartPoint{3, 1},
                          ChartPoint{4, 1}, ChartPoint::gap(), ChartPoint{10, 1}, ChartPoint{11, 1},
                          ChartPoint{12, 1}, ChartPoint::gap(), ChartPoint{50, 1}));
}

TEST(EnvelopeTest, WhatIsNoNumberOrOutOfTheRangeIsNotThere) {
  Envelope envelope({0, 10}, 10);
  envelope.add(5, std::nan(""));
  envelope.add(11, 1.0);
  envelope.add(-1, 1.0);
  EXPECT_THAT(envelope.line(), IsEmpty());
}

// Blocks that lie among each other are added in any order, and some twice.
TEST(EnvelopeTest, NeitherOrderNorDoublesChangeTheLine) {
  const std::vector<double> values{3, 1, 9, 4, 5, 2};
  Envelope forwards({0, 5}, 2);
  Envelope otherwise({0, 5}, 2);
  for (std::int64_t i = 0; i < 6; ++i) forwards.add(i, values[static_cast<std::size_t>(i)]);
  for (const std::int64_t i : {5, 0, 3, 1, 4, 2, 3, 0})
    otherwise.add(i, values[static_cast<std::size_t>(i)]);
  EXPECT_EQ(forwards.line(), otherwise.line());
}

TEST(EnvelopeTest, TheWidestRangeOfTimeHasColumns) {
  Envelope envelope(TimeRange::all(), 7);
  EXPECT_EQ(envelope.column_of(INT64_MIN), 0u);
  EXPECT_EQ(envelope.column_of(INT64_MAX), 6u);
}

}  // namespace
}  // namespace zbag
