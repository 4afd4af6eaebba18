#include "player/query/plot/track_envelopes.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class TrackEnvelopesTest : public testing::Test {
 protected:
  BagReader bag(const std::vector<BagPoint>& points) {
    return BagReader::open(write_bag(folder_.path("b.zbag"), points)).value();
  }

  // The same of every point.
  static Envelope direct(const BagReader& bag, const EnvelopeQuery& query) {
    Envelope envelope(query.range, query.columns);
    BagCursor cursor = bag.cursor({.range = query.range, .track = query.track}).value();
    while (const std::optional<PointView> point = cursor.next().value()) {
      const Fields fields = point->fields().value();
      const Value* const value = find_field(fields, query.fields[0].text);
      const double* const number = value == nullptr ? nullptr : value->get_if<double>();
      if (number != nullptr) envelope.add(point->key, *number);
    }
    return envelope;
  }

  static void expect_same(const Envelope& a, const Envelope& b) {
    const auto as = a.line();
    const auto bs = b.line();
    ASSERT_EQ(as.size(), bs.size());
    for (std::size_t i = 0; i < as.size(); ++i) {
      const bool is_gap = std::isnan(as[i].y);
      EXPECT_TRUE(is_gap ? std::isnan(bs[i].y) : as[i].y == bs[i].y) << i;
    }
  }

  TempDir folder_;
};

std::vector<BagPoint> noise(int count) {
  std::mt19937 random(1);
  std::normal_distribution<double> number;
  std::vector<BagPoint> points;
  for (int i = 0; i < count; ++i)
    points.push_back({"imu", 1.0 + i * 0.001, {{"x", number(random)}}});
  return points;
}

TEST_F(TrackEnvelopesTest, BlocksWithinAPixelAreNotDecoded) {
  const BagReader reader = bag(noise(60'000));
  EnvelopeQuery query{"imu", {kSecond, 61 * kSecond}, {ValueField::parse("x", {})}, 4};
  const TrackEnvelopes coarse = read_envelopes({&reader, 1}, query).value();
  EXPECT_LT(coarse.decoded, 40'000u);
  EXPECT_EQ(coarse.envelopes[0].count(), 60'000u);
  expect_same(coarse.envelopes[0], direct(reader, query));
  query.columns = 2'000;
  const TrackEnvelopes fine = read_envelopes({&reader, 1}, query).value();
  EXPECT_EQ(fine.decoded, 60'000u);
  expect_same(fine.envelopes[0], direct(reader, query));
}

TEST_F(TrackEnvelopesTest, PartOfTheTimeIsThatPart) {
  const BagReader reader = bag(noise(20'000));
  const EnvelopeQuery query{
      "imu", {7 * kSecond + 1, 13 * kSecond}, {ValueField::parse("x", {})}, 3};
  const TrackEnvelopes part = read_envelopes({&reader, 1}, query).value();
  EXPECT_EQ(part.envelopes[0].count(), direct(reader, query).count());
  expect_same(part.envelopes[0], direct(reader, query));
}

// Texts, NaN and lists among the numbers: summaries do not tell of them all.
TEST_F(TrackEnvelopesTest, WhatSummariesDoNotTellIsDecoded) {
  std::vector<BagPoint> points = noise(5'000);
  points[100].fields = {{"x", "text"}};
  points[200].fields = {{"x", std::nan("")}};
  points[300].fields = {{"x", Array{1.0, 2.0}}};
  points[400].fields = {{"y", 5.0}};
  points[500].fields = {{"x", INFINITY}};
  const BagReader reader = bag(points);
  const EnvelopeQuery query{"imu", {kSecond, 6 * kSecond}, {ValueField::parse("x", {})}, 1};
  const TrackEnvelopes found = read_envelopes({&reader, 1}, query).value();
  EXPECT_EQ(found.envelopes[0].count(), 4'995u);
  expect_same(found.envelopes[0], direct(reader, query));
}

TEST_F(TrackEnvelopesTest, AnElementOfAListAndABoolAreDrawn) {
  std::vector<BagPoint> points;
  for (int i = 0; i < 100; ++i)
    points.push_back({"arm", 1.0 + i, {{"q", Array{0.0, i * 0.5}}, {"on", i % 2 == 0}}});
  const BagReader reader = bag(points);
  const TrackEnvelopes found =
      read_envelopes({&reader, 1}, {"arm",
                                    {kSecond, 100 * kSecond},
                                    {ValueField::parse("q[1]", {}), ValueField::parse("on", {})},
                                    1'000})
          .value();
  EXPECT_EQ(found.envelopes[0].line().back().y, 49.5);
  EXPECT_EQ(found.envelopes[1].line().front().y, 1.0);
  EXPECT_EQ(found.envelopes[1].count(), 100u);
}

TEST_F(TrackEnvelopesTest, ItStopsWhenAsked) {
  const BagReader reader = bag(noise(100));
  const auto stopped = read_envelopes({&reader, 1}, {"imu",
                                                     {kSecond, kSecond + 99'000'000},
                                                     {ValueField::parse("x", {})},
                                                     10,
                                                     {},
                                                     [](std::int64_t) { return false; }});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace zbag
