#include "recorder/bag/block/columns/point_streams.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

Bytes encode(const std::vector<RowPoint>& rows, bool indexed) {
  PointStreamsEncoder encoder;
  Bytes out;
  encoder.encode(rows, indexed, Squeeze::kPack, out);
  return out;
}

bool comes_back(const std::vector<RowPoint>& rows, bool indexed) {
  const Bytes bytes = encode(rows, indexed);
  std::vector<StoredPoint> points(rows.size());
  if (!decode_point_streams(ByteInput(bytes), rows.front().key, rows.back().key, indexed, points))
    return false;
  return std::equal(rows.begin(), rows.end(), points.begin(), [&](const auto& a, const auto& b) {
    return a.key == b.key && a.wall_ns == b.wall_ns && a.mono_ns == b.mono_ns &&
           std::bit_cast<std::uint64_t>(a.seconds) == std::bit_cast<std::uint64_t>(b.seconds) &&
           a.has_src == b.has_src && a.has_seq == b.has_seq && (!a.has_src || a.src == b.src) &&
           (!a.has_seq || a.seq == b.seq) && (!indexed || a.index == b.index);
  });
}

// Points of a sensor at 200 Hz, received a little later each.
std::vector<RowPoint> live_points(std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<RowPoint> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    RowPoint& row = rows[i];
    row.key = 1'795'202'544'000'000'000 + static_cast<std::int64_t>(i) * 5'000'000;
    row.seconds = seconds_of_key(row.key);
    row.wall_ns = row.key + 60'000 + static_cast<std::int64_t>(random() % 4'000);
    row.mono_ns = row.wall_ns - 1'000'000'000'000;
    row.src = 7;
    row.seq = i;
    row.has_src = row.has_seq = true;
  }
  return rows;
}

TEST(PointStreamsTest, GivesBackRandomPoints) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 100; ++round) {
    std::vector<RowPoint> rows = live_points(1 + random() % 300);
    for (RowPoint& row : rows) {
      row.seconds = std::bit_cast<double>(std::bit_cast<std::uint64_t>(row.seconds) + random() % 2);
      row.mono_ns += static_cast<std::int64_t>(random() % 100);
      row.src = random() % 4;
      row.has_src = random() % 5 != 0;
      row.has_seq = random() % 5 != 0;
      row.index = random();
    }
    ASSERT_TRUE(comes_back(rows, round % 2 == 0)) << round;
  }
}

TEST(PointStreamsTest, KeepsTheEndsOfTime) {
  std::vector<RowPoint> rows(2);
  rows[0] = {{.key = kMin, .seconds = -0.0, .wall_ns = kMax, .mono_ns = kMin, .seq = ~0ull}};
  rows[1] = {{.key = kMax, .seconds = 1.0, .wall_ns = kMin, .mono_ns = kMax, .src = ~0ull}};
  rows[0].has_seq = rows[1].has_src = true;
  EXPECT_TRUE(comes_back(rows, true));
}

TEST(PointStreamsTest, KeepsEqualKeys) {
  std::vector<RowPoint> rows = live_points(5);
  for (RowPoint& row : rows) row.key = 5;
  EXPECT_TRUE(comes_back(rows, false));
}

// A regular sensor costs what its arrival jitters: 12 bits here.
TEST(PointStreamsTest, StoresOfARegularSensorOnlyTheJitter) {
  EXPECT_LE(encode(live_points(1'000), false).size(), 1'600u);
}

TEST(PointStreamsTest, RefusesOtherEndsThanTheHeaderSays) {
  const std::vector<RowPoint> rows = live_points(9);
  const Bytes bytes = encode(rows, false);
  std::vector<StoredPoint> points(rows.size());
  const ByteInput in(bytes);
  EXPECT_FALSE(decode_point_streams(in, rows[0].key + 1, rows[8].key, false, points));
  EXPECT_FALSE(decode_point_streams(in, rows[0].key, rows[8].key + 1, false, points));
  EXPECT_TRUE(decode_point_streams(in, rows[0].key, rows[8].key, false, points));
}

TEST(PointStreamsTest, RefusesEveryTruncation) {
  const std::vector<RowPoint> rows = live_points(40);
  const Bytes bytes = encode(rows, true);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::vector<StoredPoint> points(rows.size());
    ASSERT_FALSE(decode_point_streams(ByteInput({bytes.data(), size}), rows[0].key, rows[39].key,
                                      true, points));
  }
}

}  // namespace
}  // namespace zbag
