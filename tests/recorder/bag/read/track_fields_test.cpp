#include "recorder/bag/read/track_fields.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<TrackField> fields_of(const std::string& path, TimeRange range = TimeRange::all()) {
  return read_track_fields(BagReader::open(path).value(), "t", range).value();
}

// So many points of numbers that they fill blocks.
std::vector<Fields> poses(int count) {
  std::vector<Fields> points;
  for (int i = 0; i < count; ++i)
    points.push_back({{"pose", Fields{{"position", Fields{{"x", i * 0.25}, {"y", 1.0 * i}}}}},
                      {"n", i},
                      {"name", "a"}});
  return points;
}

const TrackField kN{{"n"}, {ColumnType::kInt}};
const TrackField kName{{"name"}, {ColumnType::kText}};
const TrackField kX{{"pose", "position", "x"}, {ColumnType::kFloat64}};
const TrackField kY{{"pose", "position", "y"}, {ColumnType::kFloat64}};

class TrackFieldsTest : public testing::TestWithParam<Compression> {};

TEST_P(TrackFieldsTest, GivesLeavesOfNestedMapsInOrderOfTheirNames) {
  TempDir dir;
  EXPECT_THAT(fields_of(write_points(dir.path("fields.zbag"), poses(3'000), {GetParam(), 3})),
              ElementsAre(kN, kName, kX, kY));
}

TEST_P(TrackFieldsTest, GivesEveryTypeThatWasMet) {
  TempDir dir;
  std::vector<Fields> points = poses(3'000);
  points[2'900] = {{"n", 0.5}, {"name", Value()}};
  EXPECT_THAT(fields_of(write_points(dir.path("fields.zbag"), points, {GetParam(), 3})),
              ElementsAre(TrackField{{"n"}, {ColumnType::kInt, ColumnType::kFloat64}},
                          TrackField{{"name"}, {ColumnType::kNil, ColumnType::kText}}, kX, kY));
}

// Its first element is all that the track's record knows of an array.
TEST_P(TrackFieldsTest, TellsListsFromArraysOfMixedTypes) {
  TempDir dir;
  const std::vector<Fields> points(
      10, {{"list", Array{1, 2}}, {"mixed", Array{1, 2.5}}, {"empty", Array{}}});
  EXPECT_THAT(fields_of(write_points(dir.path("fields.zbag"), points, {GetParam(), 3})),
              ElementsAre(TrackField{{"empty"}, {ColumnType::kOther}},
                          TrackField{{"list"}, {ColumnType::kInts}},
                          TrackField{{"mixed"}, {ColumnType::kOther}}));
}

TEST_P(TrackFieldsTest, LeavesOutBlocksThatAreNotInTheRange) {
  TempDir dir;
  std::vector<Fields> points = poses(3'000);
  points[2'900].push_back({"late", true});
  const std::string path = write_points(dir.path("fields.zbag"), points, {GetParam(), 3});
  EXPECT_THAT(fields_of(path, {.first = 0, .last = 1'000}), ElementsAre(kN, kName, kX, kY));
  EXPECT_THAT(fields_of(path, {.first = 2'899'000, .last = 2'901'000}),
              ElementsAre(TrackField{{"late"}, {ColumnType::kBool}}, kN, kName, kX, kY));
}

INSTANTIATE_TEST_SUITE_P(All, TrackFieldsTest,
                         testing::Values(Compression::kNone, Compression::kLz4));

TEST(TrackFieldsTest, HasNoneOfAnUnknownTrack) {
  TempDir dir;
  const std::string path = write_points(dir.path("fields.zbag"), poses(3), {});
  EXPECT_THAT(read_track_fields(BagReader::open(path).value(), "other").value(), IsEmpty());
}

TEST(TrackFieldsTest, RefusesMoreFieldsThanATableCanHave) {
  TempDir dir;
  Fields inner;
  for (std::size_t i = 0; i <= kLeafFieldsMax; ++i) inner.emplace_back("f" + std::to_string(i), 1);
  const std::string path = write_points(dir.path("fields.zbag"), {{{"map", inner}}}, {});
  EXPECT_EQ(read_track_fields(BagReader::open(path).value(), "t").error().code,
            ErrorCode::kUnsupported);
}

// Flat points of single values: what every sensor that is no camera and no laser sends.
TEST(TrackFieldsTest, BelievesTheRecordOfFlatPoints) {
  TempDir dir;
  const std::vector<Fields> points(5, {{"x", 1.5}, {"on", true}, {"text", "a"}});
  const std::string path = write_points(dir.path("fields.zbag"), points, {});
  const std::vector<TrackField> expected = {{{"on"}, {ColumnType::kBool}},
                                            {{"text"}, {ColumnType::kText}},
                                            {{"x"}, {ColumnType::kFloat64}}};
  EXPECT_EQ(fields_of(path), expected);
  EXPECT_EQ(fields_of(path, {.first = 0, .last = 10'000}), expected);
}

}  // namespace
}  // namespace zbag
