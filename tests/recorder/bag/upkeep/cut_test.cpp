#include "recorder/bag/upkeep/cut.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "recorder/bag/upkeep/copied_records.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

void ignore(const std::string&) {}

class CutTest : public testing::Test {
 protected:
  void SetUp() override {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    for (const char* track : {"a", "b", "_sys/clock"}) {
      std::vector<RowPoint> rows;
      for (int i = 0; i < 100; ++i) rows.push_back(store.make(10 * i, number_fields(i)));
      Batch batch = batch_of_one(track, rows);
      batch.tracks[0].fate.received += 3;
      batch.tracks[0].fate.merged = 3;
      batch.tracks[0].lost = 2;
      batch.losses.push_back({.src = 7, .track = track, .lost = 2});
      batch.unnamed.received = batch.unnamed.refused[0] = 1;
      ASSERT_TRUE(writer.write(batch).has_value());
    }
    ASSERT_TRUE(writer.close().has_value());
  }

  CutReport cut(const CutOptions& options) {
    return cut_bag(BagReader::open(path_).value(), out_, options, {}, ignore).value();
  }
  BagSummary summary() const { return BagReader::open(out_)->summary().value(); }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  const std::string out_ = dir_.path("out.zbag");
  const BagReader::Selection everything_{.all_tracks = true};
};

TEST_F(CutTest, OfEverythingIsACopyWithEveryCounter) {
  EXPECT_EQ(cut({{everything_}}).points, 300u);
  const BagSummary before = BagReader::open(path_)->summary().value();
  EXPECT_EQ(summary().fate(), before.fate());
  EXPECT_EQ(summary().lost(), before.lost());
  EXPECT_THAT(summary().losses, SizeIs(3));
  EXPECT_EQ(difference(read_all(BagReader::open(out_).value(), everything_),
                       read_all(BagReader::open(path_).value(), everything_)),
            "");
}

// Which frames merged outside the range is not known: what was copied is what was received.
TEST_F(CutTest, UnderATimeBoundCountsWhatItCopied) {
  CutOptions options{{everything_}};
  options.choice.selection.range = {100, 190};
  EXPECT_EQ(cut(options).points, 30u);
  EXPECT_EQ(summary().fate().received, 30u);
  EXPECT_TRUE(summary().fate().balances());
  EXPECT_EQ(summary().lost(), 6u);
}

TEST_F(CutTest, OfSomeTracksLeavesOutWhatIsOfTheOthers) {
  cut({{{.filter = TrackFilter::parse({"b"}).value()}}});
  ASSERT_THAT(summary().tracks, SizeIs(1));
  EXPECT_EQ(summary().tracks[0].name, "b");
  EXPECT_EQ(summary().tracks[0].fate.merged, 3u);
  EXPECT_THAT(summary().losses, SizeIs(1));
  EXPECT_EQ(summary().unnamed.received, 0u);
}

TEST_F(CutTest, WithTheStateAtStartBeginsWithThePointBefore) {
  CutOptions options{.choice = {.selection = {}}, .state_at_start = true};
  options.choice.selection.filter = TrackFilter::parse({"a"}).value();
  options.choice.selection.range = {505, 520};
  cut(options);
  EXPECT_THAT(keys_of(out_), ElementsAre(500, 510, 520));
}

TEST_F(CutTest, WithTheStateAtStartNeedsNoPointInTheRange) {
  CutOptions options{.choice = {.selection = {}}, .state_at_start = true};
  options.choice.selection.range = {5'000, 6'000};
  cut(options);
  EXPECT_THAT(keys_of(out_), ElementsAre(990, 990));
}

// What of the other fields became of the frames is still so; how many bytes they have is not.
TEST_F(CutTest, OfSomeFieldsKeepsEveryPointAndItsFate) {
  CutOptions options{{everything_}};
  options.choice.columns = {"nowhere"};
  EXPECT_EQ(cut(options).points, 300u);
  const BagSummary before = BagReader::open(path_)->summary().value();
  EXPECT_EQ(summary().fate(), before.fate());
  EXPECT_THAT(summary().tracks[0].fields, IsEmpty());
  EXPECT_LT(summary().tracks[0].bytes, before.tracks[0].bytes);
  EXPECT_THAT(check_bag(out_)->problems, IsEmpty());
}

TEST_F(CutTest, OfTheFirstPointsHasTheStateAtStartBesides) {
  CutOptions options{.choice = {.points_max = 3}, .state_at_start = true};
  options.choice.selection.range = {505, 900};
  EXPECT_EQ(cut(options).points, 6u);
  EXPECT_THAT(keys_of(out_), ElementsAre(500, 500, 510, 510));
  EXPECT_EQ(summary().fate().received, 6u);
}

TEST_F(CutTest, StopsWhenAskedToAndLeavesNothingBehind) {
  const auto stop = [](double) { return false; };
  EXPECT_EQ(
      cut_bag(BagReader::open(path_).value(), out_, {{everything_}}, stop, ignore).error().code,
      ErrorCode::kClosed);
  EXPECT_FALSE(std::filesystem::exists(out_));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir_.path("")), {}), 1);
}

// A recorder that writes on: the copy ends where the bag ended, and its run is closed.
TEST_F(CutTest, OfABagThatIsBeingRecordedIsWhole) {
  BagWriter writer = BagWriter::open(path_, small_blocks()).value();
  RowStore store;
  ASSERT_TRUE(writer.write(small_batch(store, "a", 2'000)).has_value());
  // The registry gives this process's readers the writer's file.
  const BagReader reader(writer.file());
  EXPECT_EQ(cut_bag(reader, out_, {{everything_}}, {}, ignore)->points, 301u);
  EXPECT_THAT(check_bag(out_)->problems, IsEmpty());
  ASSERT_THAT(summary().runs, SizeIs(2));
  EXPECT_TRUE(summary().runs.back().closed);
}

TEST(JoinedRecordsTest, CountsRunsAndLossesOfCutsOfOneRecordingOnce) {
  BagSummary half;
  half.bag.created = 5.0;
  half.runs.push_back({.id = 1, .start = 10.0, .closed = true, .host = "yard"});
  half.losses.push_back({.src = 7, .track = "a", .lost = 2, .received = 9});
  half.tracks.push_back({.name = "a", .id = 1});
  half.tracks[0].fate.received = half.tracks[0].fate.points = 4;
  half.tracks[0].lost = 2;
  BagSummary other = half;
  other.runs.push_back({.id = 2, .start = 2.0, .host = "yard"});
  const BagSummary joined = joined_records(std::vector{half, other});
  ASSERT_THAT(joined.runs, SizeIs(2));
  EXPECT_EQ(joined.runs[0].start, 2.0);
  EXPECT_EQ(joined.runs[1].id, 2u);
  EXPECT_THAT(joined.losses, SizeIs(1));
  ASSERT_THAT(joined.tracks, SizeIs(1));
  EXPECT_EQ(joined.tracks[0].lost, 2u);
  EXPECT_EQ(joined.tracks[0].fate.received, 8u);
}

class MergingCopyTest : public testing::Test {
 protected:
  PointView point(std::int64_t key, const Fields& fields) {
    std::string& map = maps_.emplace_back();
    encode_fields(fields, map);
    PointView view;
    view.track = "a";
    view.key = key;
    view.seconds = seconds_of_key(key);
    view.map = bytes_of(map);
    return view;
  }

  TempDir dir_;
  const std::string out_ = dir_.path("out.zbag");
  std::deque<std::string> maps_;
};

TEST_F(MergingCopyTest, MergesPointsOfOneKeyAcrossItsCommits) {
  BagCopy copy = BagCopy::create(out_, {.merge = MergeMode::kShallow, .commit_bytes = 1}).value();
  EXPECT_TRUE(copy.add(point(5, {{"x", 1}, {"y", 1}})).value());
  EXPECT_TRUE(copy.add(point(5, {{"y", 2}}), 1).value());
  EXPECT_TRUE(copy.add(point(6, {{"x", 3}})).value());
  EXPECT_TRUE(copy.add(point(6, {{"x", 3}}), 1).value());
  ASSERT_TRUE(copy.finish({}).has_value());
  ASSERT_TRUE(copy.publish().has_value());
  const std::vector<Seen> points = read_all(BagReader::open(out_).value(), {});
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_EQ(points[0].fields, (Fields{{"x", 1}, {"y", 2}}));
  const Fate fate = BagReader::open(out_)->summary()->fate();
  EXPECT_EQ(fate.received, 4u);
  EXPECT_EQ(fate.merged, 2u);
  EXPECT_EQ(fate.overwritten, 1u);
}

TEST_F(MergingCopyTest, LeavesOutWhatIsMalformed) {
  BagCopy copy = BagCopy::create(out_, {}).value();
  PointView broken = point(5, {{"x", 1}});
  broken.map = broken.map.first(broken.map.size() - 1);
  EXPECT_FALSE(copy.add(broken).value());
}

TEST_F(MergingCopyTest, WithoutANameLeavesNothingBehind) {
  {
    BagCopy copy = BagCopy::create(out_, {}).value();
    ASSERT_TRUE(copy.add(point(5, {{"x", 1}})).value());
    ASSERT_TRUE(copy.finish({}).has_value());
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path("")));
}

TEST_F(MergingCopyTest, DoesNotTakeANameThatIsTakenMeanwhile) {
  BagCopy copy = BagCopy::create(out_, {}).value();
  ASSERT_TRUE(copy.finish({}).has_value());
  write_file(out_, "mine");
  EXPECT_EQ(copy.publish().error().code, ErrorCode::kExists);
  EXPECT_EQ(file_bytes(out_), "mine");
}

}  // namespace
}  // namespace zbag
