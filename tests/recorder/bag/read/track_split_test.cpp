#include "recorder/bag/read/track_split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recorder/bag/read/column_reader.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::IsEmpty;

// A bag of a track `t` of `count` points, one each microsecond, the last hundred of which come
// late.
BagReader write_points(const TempDir& dir, int count) {
  const std::string path = dir.path("split.zbag");
  BagWriter writer = BagWriter::open(path, small_blocks()).value();
  RowStore store;
  std::vector<RowPoint> rows;
  for (int i = 0; i < count; ++i) rows.push_back(store.make(i * 1'000, number_fields(i)));
  std::vector<RowPoint> late(rows.begin() + 200, rows.begin() + 300);
  rows.erase(rows.begin() + 200, rows.begin() + 300);
  ZBAG_CHECK(writer.write(batch_of_one("t", rows)).has_value());
  ZBAG_CHECK(writer.write(batch_of_one("t", late)).has_value());
  ZBAG_CHECK(writer.close().has_value());
  return BagReader::open(path).value();
}

std::size_t points_in(const BagReader& reader, TimeRange range) {
  return read_columns(reader, {.track = "t", .range = range, .fields = {}}, 1'000'000)->keys.size();
}

TEST(TrackSplitTest, PiecesAreDisjointAndTogetherAllOfIt) {
  TempDir dir;
  const BagReader reader = write_points(dir, 5'000);
  const auto pieces = split_track(reader, "t", TimeRange::all(), 2).value();
  ASSERT_GT(pieces.size(), 4u);
  std::size_t points = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    points += points_in(reader, pieces[i]);
    if (i > 0) {
      EXPECT_EQ(pieces[i - 1].last + 1, pieces[i].first);
    }
  }
  EXPECT_EQ(points, 5'000u);
  EXPECT_EQ(pieces.front().first, TimeRange::all().first);
  EXPECT_EQ(pieces.back().last, TimeRange::all().last);
}

TEST(TrackSplitTest, CutsWithinTheRangeAlone) {
  TempDir dir;
  const BagReader reader = write_points(dir, 5'000);
  const TimeRange range{.first = 1'000'500, .last = 2'000'000};
  const auto pieces = split_track(reader, "t", range, 1).value();
  ASSERT_GT(pieces.size(), 1u);
  std::size_t points = 0;
  for (const TimeRange& piece : pieces) points += points_in(reader, piece);
  EXPECT_EQ(points, 1'000u);
  EXPECT_EQ(pieces.front().first, range.first);
  EXPECT_EQ(pieces.back().last, range.last);
}

TEST(TrackSplitTest, HasNoPiecesWhereThereIsNothing) {
  TempDir dir;
  const BagReader reader = write_points(dir, 500);
  EXPECT_THAT(split_track(reader, "other", TimeRange::all(), 4).value(), IsEmpty());
  EXPECT_THAT(split_track(reader, "t", TimeRange::none(), 4).value(), IsEmpty());
}

}  // namespace
}  // namespace zbag
