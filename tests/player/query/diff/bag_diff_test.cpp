#include "player/query/diff/bag_diff.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include "recorder/bag/upkeep/set_schema.hpp"
#include "schemas/kinds/known_kinds.hpp"
#include "tests/player/query/diff/diffed_bags.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t kStep = 1'000;

// Points of a track, a thousandth of a millisecond apart.
std::vector<DiffedPoint> walk(int points, const std::string& track = "t") {
  std::vector<DiffedPoint> made;
  for (int i = 0; i < points; ++i) {
    made.push_back({track,
                    i * kStep,
                    {{"n", i},
                     {"pose", Fields{{"x", i * 0.25}, {"y", -i * 0.5}}},
                     {"l", Array{i * 1.0, 2.0}},
                     {"s", "text " + std::to_string(i % 7)}}});
  }
  return made;
}

class BagDiffTest : public testing::Test {
 protected:
  std::string bag(const std::vector<DiffedPoint>& points,
                  const BagWriter::Options& options = in_blocks(Compression::kLz4)) {
    return write_diffed(dir_.path(std::to_string(++bags_) + ".zbag"), points, options);
  }
  DiffSeen diff(const std::vector<DiffedPoint>& a, const std::vector<DiffedPoint>& b,
                const DiffOptions& options = {}) {
    return diff_of(bag(a), bag(b), options);
  }

  TempDir dir_{quick_disk()};
  int bags_ = 0;
};

TEST_F(BagDiffTest, FindsNothingBetweenBagsOfOtherBlocks) {
  const std::vector<DiffedPoint> points = walk(1'500);
  std::vector<std::string> bags;
  for (const Compression compression :
       {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
    for (const std::size_t pages : {1, 2, 5})
      bags.push_back(bag(points, in_blocks(compression, pages)));
  }
  for (const std::string& a : bags) {
    for (const std::string& b : bags) {
      const DiffSeen seen = diff_of(a, b);
      EXPECT_TRUE(seen.diff.is_equal()) << a << " " << b;
      EXPECT_THAT(seen.told, IsEmpty());
      EXPECT_EQ(seen.diff.points_a(), 1'500u);
      EXPECT_EQ(seen.diff.points_b(), 1'500u);
    }
  }
}

TEST_F(BagDiffTest, TellsOfOneFieldThatChanged) {
  for (const int at : {0, 733, 1'499}) {
    std::vector<DiffedPoint> other = walk(1'500);
    other[static_cast<std::size_t>(at)].fields[1].second =
        Fields{{"x", at * 0.25 + 0.5}, {"y", -at * 0.5}};
    for (const Compression compression : {Compression::kNone, Compression::kLz4}) {
      const DiffSeen seen = diff_of(bag(walk(1'500)), bag(other, in_blocks(compression)));
      ASSERT_THAT(seen.told, SizeIs(1));
      std::string expected = "t " + std::to_string(at * kStep) + " pose.x: ";
      write_json_float(at * 0.25, expected);
      expected += " ";
      write_json_float(at * 0.25 + 0.5, expected);
      EXPECT_EQ(seen.told[0], expected);
      ASSERT_THAT(seen.diff.tracks, SizeIs(1));
      EXPECT_EQ(seen.diff.tracks[0].unlike, 1u);
      const auto& fields = seen.diff.tracks[0].fields.by_path();
      ASSERT_THAT(fields, SizeIs(1));
      EXPECT_EQ(fields.at("pose.x").points, 1u);
      EXPECT_EQ(fields.at("pose.x").largest, 0.5);
    }
  }
}

TEST_F(BagDiffTest, TellsOfPointsThatAreMissingAnywhere) {
  std::vector<DiffedPoint> some = walk(1'000);
  some.pop_back();
  some.erase(some.begin() + 400, some.begin() + 700);
  some.erase(some.begin(), some.begin() + 2);
  const DiffSeen seen = diff(walk(1'000), some);
  EXPECT_THAT(seen.told,
              ElementsAre("t only in A: 2 from 0 to 1000", "t only in A: 300 from 400000 to 699000",
                          "t only in A: 1 from 999000 to 999000"));
  EXPECT_EQ(seen.diff.tracks[0].only_in_a, 303u);
  EXPECT_EQ(seen.diff.tracks[0].unlike, 0u);
  const DiffSeen other_way = diff(some, walk(1'000));
  EXPECT_THAT(other_way.told,
              ElementsAre("t only in B: 2 from 0 to 1000", "t only in B: 300 from 400000 to 699000",
                          "t only in B: 1 from 999000 to 999000"));
  EXPECT_EQ(other_way.diff.differing(), 303u);
}

TEST_F(BagDiffTest, PairsPointsOfOneStampInTheirOrder) {
  const std::vector<DiffedPoint> a{
      {"t", 5, {{"n", 1}}}, {"t", 5, {{"n", 2}}}, {"t", 9, {{"n", 3}}}};
  std::vector<DiffedPoint> b = a;
  EXPECT_THAT(diff(a, b).told, IsEmpty());
  std::swap(b[0], b[1]);
  EXPECT_THAT(diff(a, b).told, ElementsAre("t 5 n: 1 2", "t 5 n: 2 1"));
  b = a;
  b.erase(b.begin() + 1);
  EXPECT_THAT(diff(a, b).told, ElementsAre("t only in A: 1 from 5 to 5"));
  EXPECT_THAT(diff(b, a).told, ElementsAre("t only in B: 1 from 5 to 5"));
}

TEST_F(BagDiffTest, DoesNotMindWhenPointsCame) {
  std::vector<DiffedPoint> late = walk(900);
  std::rotate(late.begin() + 100, late.begin() + 300, late.begin() + 700);
  std::swap(late[0], late[899]);
  for (const Compression compression : {Compression::kNone, Compression::kLz4}) {
    const DiffSeen seen = diff_of(bag(walk(900)), bag(late, in_blocks(compression)));
    EXPECT_THAT(seen.told, IsEmpty());
    EXPECT_TRUE(seen.diff.is_equal());
    EXPECT_EQ(seen.diff.points_b(), 900u);
  }
}

TEST_F(BagDiffTest, DoesNotMindTheOrderOfFields) {
  std::vector<DiffedPoint> other = walk(500);
  for (DiffedPoint& point : other) {
    std::reverse(point.fields.begin(), point.fields.end());
    Fields& pose = *point.fields[2].second.get_if<Fields>();
    std::swap(pose[0], pose[1]);
  }
  EXPECT_TRUE(diff(walk(500), other).diff.is_equal());
  EXPECT_TRUE(diff_of(bag(walk(500)), bag(other, in_blocks(Compression::kNone))).diff.is_equal());
}

TEST_F(BagDiffTest, LooksIntoLists) {
  std::vector<DiffedPoint> other = walk(100);
  other[10].fields[2].second = Array{10.0, 3.5};
  other[11].fields[2].second = Array{11.0};
  other[12].fields[2].second = Array{};
  const DiffSeen seen = diff(walk(100), other);
  EXPECT_THAT(seen.told, ElementsAre("t 10000 l[1]: 2.0 3.5", "t 11000 l: [11.0,2.0] [11.0]",
                                     "t 12000 l: [12.0,2.0] []"));
  EXPECT_EQ(seen.diff.tracks[0].fields.by_path().at("l").points, 3u);
  EXPECT_EQ(seen.diff.tracks[0].fields.by_path().at("l").largest, 1.5);
}

TEST_F(BagDiffTest, TellsTypesApartUnlessThereIsATolerance) {
  const auto of = [](Value value) {
    std::vector<DiffedPoint> points;
    for (int i = 0; i < 50; ++i)
      points.push_back({"t", i * kStep, {{"v", value}, {"l", Array{value}}, {"n", i * 1.5}}});
    return points;
  };
  const DiffSeen exact = diff(of(1), of(1.0));
  EXPECT_EQ(exact.diff.tracks[0].unlike, 50u);
  EXPECT_EQ(exact.told[0], "t 0 v: 1 1.0");
  EXPECT_EQ(exact.told[1], "t 0 l[0]: 1 1.0");
  EXPECT_EQ(diff(of(1.0f), of(1.0)).diff.tracks[0].unlike, 50u);
  const DiffOptions none_apart{.tolerance = 0.0};
  EXPECT_TRUE(diff(of(1), of(1.0), none_apart).diff.is_equal());
  EXPECT_TRUE(diff(of(1.0f), of(1.0), none_apart).diff.is_equal());
  EXPECT_FALSE(diff(of(1.0), of(1.5), {.tolerance = 0.25}).diff.is_equal());
  EXPECT_TRUE(diff(of(1.0), of(1.5), {.tolerance = 0.5}).diff.is_equal());
  EXPECT_TRUE(diff(of(std::numeric_limits<double>::quiet_NaN()),
                   of(std::bit_cast<double>(std::uint64_t{0xfff8000000000007})))
                  .diff.is_equal());
  // Two's complement has the same bits for both.
  EXPECT_EQ(diff(of(std::numeric_limits<std::uint64_t>::max()), of(-1)).diff.tracks[0].unlike, 50u);
}

TEST_F(BagDiffTest, TellsAbsentNilAndEmptyApart) {
  const auto of = [](std::optional<Value> value) {
    std::vector<DiffedPoint> points;
    for (int i = 0; i < 50; ++i) {
      points.push_back({"t", i * kStep, {{"n", i * 1.5}}});
      if (value && i % 2 == 0) points.back().fields.emplace_back("v", *value);
    }
    return points;
  };
  const std::vector<std::optional<Value>> values{
      std::nullopt, Value(), Value(0), Value(Fields{}), Value(Array{}), Value(""), Value(Binary{})};
  for (const auto& a : values) {
    for (const auto& b : values) {
      const DiffSeen seen = diff(of(a), of(b));
      EXPECT_EQ(seen.diff.differing(), a == b ? 0u : 25u);
      EXPECT_THAT(seen.told, SizeIs(a == b ? 0 : 25));
    }
  }
}

TEST_F(BagDiffTest, TellsOfTracksOfOneBagAlone) {
  std::vector<DiffedPoint> both = walk(30);
  for (const DiffedPoint& point : walk(20, "u")) both.push_back(point);
  const DiffSeen seen = diff(both, walk(30));
  EXPECT_THAT(seen.told, ElementsAre("u only in A: 20 from 0 to 19000"));
  ASSERT_THAT(seen.diff.tracks, SizeIs(2));
  EXPECT_TRUE(seen.diff.tracks[0].is_equal());
  EXPECT_EQ(seen.diff.tracks[1].points_a, 20u);
  EXPECT_EQ(seen.diff.tracks[1].points_b, 0u);
  EXPECT_THAT(diff(walk(30), both).told, ElementsAre("u only in B: 20 from 0 to 19000"));
}

TEST_F(BagDiffTest, LooksAtWhatIsChosenAlone) {
  std::vector<DiffedPoint> other = walk(400);
  other[100].fields[0].second = -1;
  other[300].fields[1].second = Fields{{"x", 0.0}, {"y", -150.0}};
  const std::string a = bag(walk(400));
  const std::string b = bag(other);
  EXPECT_THAT(diff_of(a, b).told, ElementsAre("t 100000 n: 100 -1", "t 300000 pose.x: 75.0 0.0"));
  DiffOptions options;
  options.columns = {"pose"};
  EXPECT_THAT(diff_of(a, b, options).told, ElementsAre("t 300000 pose.x: 75.0 0.0"));
  options.columns = {"pose.y", "s"};
  EXPECT_TRUE(diff_of(a, b, options).diff.is_equal());
  options = {};
  options.selection.range = {50'000, 200'000};
  const DiffSeen part = diff_of(a, b, options);
  EXPECT_THAT(part.told, ElementsAre("t 100000 n: 100 -1"));
  EXPECT_EQ(part.diff.points_a(), 151u);
  options = {};
  options.selection.track = "u";
  EXPECT_THAT(diff_of(a, b, options).diff.tracks, IsEmpty());
}

TEST_F(BagDiffTest, ComparesWhatTracksMean) {
  const auto imu = [](const std::string& track) {
    std::vector<DiffedPoint> points;
    for (int i = 0; i < 5; ++i)
      points.push_back(
          {track,
           i * kStep,
           {{"ax", 1.0}, {"ay", 2.0}, {"az", 9.81}, {"gx", 0.0}, {"gy", 0.0}, {"gz", 0.0}}});
    return points;
  };
  const std::string a = bag(imu("imu"));
  const std::string b = bag(imu("imu"));
  Kind kind = known_kind("imu").value();
  ASSERT_TRUE(set_schema(a, "imu", kind).has_value());
  const DiffSeen one = diff_of(a, b);
  EXPECT_FALSE(one.diff.is_equal());
  ASSERT_THAT(one.diff.tracks, SizeIs(1));
  EXPECT_TRUE(one.diff.tracks[0].has_other_schema);
  EXPECT_EQ(one.diff.differing(), 0u);
  EXPECT_THAT(one.told, testing::Contains(HasSubstr("imu schema kind: \"imu\" -")));
  // What counts is the newest, however often it was set.
  ASSERT_TRUE(set_schema(b, "imu", kind).has_value());
  ASSERT_TRUE(set_schema(b, "imu", kind).has_value());
  EXPECT_TRUE(diff_of(a, b).diff.is_equal());
  DiffOptions options;
  options.excluded = TrackFilter::parse({"_sys/**"}).value();
  EXPECT_TRUE(diff_of(a, bag(imu("imu")), options).diff.is_equal());
}

TEST_F(BagDiffTest, CountsWhatNobodyAsksToBeTold) {
  std::vector<DiffedPoint> other = walk(1'000);
  for (DiffedPoint& point : other) point.fields[0].second = -1;
  int told = 0;
  const BagDiff diff =
      diff_bags(BagReader::open(bag(walk(1'000))).value(), BagReader::open(bag(other)).value(), {},
                {[&](const Difference&) { return ++told < 3; }})
          .value();
  EXPECT_EQ(told, 3);
  EXPECT_EQ(diff.tracks[0].unlike, 1'000u);
  EXPECT_EQ(diff.tracks[0].fields.by_path().at("n").points, 1'000u);
}

TEST_F(BagDiffTest, StopsWhenItIsTold) {
  const Result<BagDiff> diff =
      diff_bags(BagReader::open(bag(walk(1'000))).value(),
                BagReader::open(bag(walk(1'000))).value(), {}, {{}, [](double) { return false; }});
  ASSERT_FALSE(diff.has_value());
  EXPECT_EQ(diff.error().code, ErrorCode::kClosed);
}

TEST_F(BagDiffTest, ReadsBagsThatAreRecorded) {
  const std::string a = bag(walk(700));
  const std::string b = dir_.path("live.zbag");
  BagWriter writer = BagWriter::open(b, in_blocks(Compression::kLz4)).value();
  for (const DiffedPoint& point : walk(700)) {
    RowStore store;
    ASSERT_TRUE(writer.write(batch_of_one("t", {store.make(point.key, point.fields)})).has_value());
  }
  EXPECT_TRUE(diff_of(a, b).diff.is_equal());
  RowStore store;
  ASSERT_TRUE(writer.write(small_batch(store, "t", 700 * kStep)).has_value());
  EXPECT_THAT(diff_of(a, b).told, ElementsAre("t only in B: 1 from 700000 to 700000"));
  ASSERT_TRUE(writer.close().has_value());
}

// Neither equal nor different, and not missing either.
TEST_F(BagDiffTest, TellsOfDamageAndOfWhatItKeepsFromBeingCompared) {
  const std::string a = bag(walk(1'000));
  const std::string b = bag(walk(1'000));
  const std::vector<std::string> blocks = stored_blocks(b);
  ASSERT_GT(blocks.size(), 3u);
  const std::string& block = blocks[blocks.size() / 2];
  const std::uint32_t points = read_block_header(block).value().count;
  std::string changed = block;
  changed.back() = static_cast<char>(changed.back() ^ 1);
  replace_block(b, file_bytes(b), block, changed);
  for (const bool is_expected : {true, false}) {
    const DiffSeen seen = is_expected ? diff_of(b, a) : diff_of(a, b);
    EXPECT_FALSE(seen.diff.is_equal());
    EXPECT_THAT(seen.damage, ElementsAre(HasSubstr("wrong checksum")));
    EXPECT_THAT(seen.told, IsEmpty());
    EXPECT_EQ(seen.diff.left_out, 1u);
    EXPECT_EQ(seen.diff.uncompared(), points);
    EXPECT_EQ(seen.diff.differing(), 0u);
  }
  EXPECT_EQ(diff_of(b, b).diff.uncompared(), 0u);
  EXPECT_FALSE(diff_of(b, b).diff.is_equal());
}

}  // namespace
}  // namespace zbag
