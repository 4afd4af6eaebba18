#include "recorder/bag/read/bag_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/field_lookup.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::vector<std::string> tracks_of(const std::vector<Seen>& points) {
  std::vector<std::string> names;
  for (const Seen& point : points) names.push_back(point.track);
  return names;
}

std::vector<std::uint64_t> numbers_of(const std::vector<Seen>& points) {
  std::vector<std::uint64_t> numbers;
  for (const Seen& point : points) numbers.push_back(uint_field(point.fields, "n"));
  return numbers;
}

class BagReaderTest : public testing::Test {
 protected:
  void SetUp() override { open(small_blocks()); }
  void open(const BagWriter::Options& options) {
    reader_.reset();
    writer_.reset();
    writer_.emplace(BagWriter::open(path_, options).value());
    reader_.emplace(writer_->file());
  }
  void write(const std::string& track, std::int64_t key, int n = 0) {
    ASSERT_TRUE(writer_->write(small_batch(store_, track, key, n)).has_value());
  }
  std::vector<Seen> all(const BagReader::Selection& selection = {}) {
    return read_all(*reader_, selection);
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  RowStore store_;
  std::optional<BagWriter> writer_;
  std::optional<BagReader> reader_;
};

TEST_F(BagReaderTest, OrdersEqualStampsByNameInByteOrder) {
  for (const char* track : {"b", "a/z", "\xc3\xa9", "B", "a"}) write(track, 5);
  EXPECT_THAT(tracks_of(all()), ElementsAre("B", "a", "a/z", "b", "\xc3\xa9"));
  EXPECT_THAT(tracks_of(all({.reverse = true})), ElementsAre("\xc3\xa9", "b", "a/z", "a", "B"));
}

TEST_F(BagReaderTest, HasNothingInAnEmptyBag) {
  EXPECT_THAT(all(), IsEmpty());
  EXPECT_THAT(all({.reverse = true}), IsEmpty());
  const BagSummary summary = reader_->summary().value();
  EXPECT_FALSE(summary.start().has_value());
  EXPECT_FALSE(summary.end().has_value());
  EXPECT_FALSE(summary.lost().has_value());
}

// As those of a session do, while it writes.
TEST_F(BagReaderTest, ServesSeveralThreadsAtOnce) {
  BagWriter::Options options = small_blocks();
  options.compression = {Compression::kLz4};
  open(options);
  for (int i = 0; i < 400; ++i) write("t", i, i);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_GE(all().size(), 400u);
        EXPECT_EQ(reader_->read_page("t", 7, 1).value().points.at(0).key, 7);
        EXPECT_EQ(reader_->floor("t", Timestamp::from_ns(399)).value()->key, 399);
        EXPECT_GE(reader_->summary().value().points(), 400u);
      }
    });
  }
  for (int i = 400; i < 500; ++i) write("t", i, i);
}

TEST_F(BagReaderTest, StaysAtTheEnd) {
  write("t", 1);
  BagCursor cursor = reader_->cursor({}).value();
  ASSERT_TRUE(cursor.next()->has_value());
  EXPECT_FALSE(cursor.next()->has_value());
  EXPECT_FALSE(cursor.next()->has_value());
}

// S0.20, S0.21, S0.22
TEST_F(BagReaderTest, ClosesRangesAtBothEnds) {
  for (int i = 0; i < 10; ++i) write("t", i * 10);
  EXPECT_THAT(keys_of(all({.range = {20, 50}})), ElementsAre(20, 30, 40, 50));
  EXPECT_THAT(keys_of(all({.range = {20, 50}, .reverse = true})), ElementsAre(50, 40, 30, 20));
  EXPECT_THAT(keys_of(all({.range = {21, 49}})), ElementsAre(30, 40));
  EXPECT_THAT(keys_of(all({.range = {kMin, 0}})), ElementsAre(0));
  EXPECT_THAT(keys_of(all({.range = {90, kMax}})), ElementsAre(90));
  EXPECT_THAT(all({.range = {50, 20}}), IsEmpty());
  EXPECT_THAT(all({.range = {50, 20}, .reverse = true}), IsEmpty());
  EXPECT_THAT(all({.range = {91, kMax}}), IsEmpty());
}

TEST_F(BagReaderTest, ReadsPointsAtBothEndsOfTime) {
  write("t", kMin);
  write("t", kMax);
  EXPECT_THAT(keys_of(all()), ElementsAre(kMin, kMax));
  EXPECT_THAT(keys_of(all({.reverse = true})), ElementsAre(kMax, kMin));
  EXPECT_EQ(reader_->read_page("t", 0, 5)->points.size(), 2u);
}

TEST_F(BagReaderTest, ChoosesTracksByFilterAndHidesSystemTracks) {
  for (const char* track : {"robot/arm", "robotics", "_sys/log"}) write(track, 1);
  BagReader::Selection robot;
  robot.filter = TrackFilter::parse({"robot/**"}).value();
  EXPECT_THAT(tracks_of(all(robot)), ElementsAre("robot/arm"));
  EXPECT_THAT(tracks_of(all()), ElementsAre("robot/arm", "robotics"));
  EXPECT_THAT(tracks_of(all({.all_tracks = true})),
              ElementsAre("_sys/log", "robot/arm", "robotics"));
  EXPECT_THAT(tracks_of(all({.track = "_sys/log"})), ElementsAre("_sys/log"));
  EXPECT_THAT(all({.track = "none"}), IsEmpty());
}

// S0.45
TEST_F(BagReaderTest, FindsTheLastPointAtOrBeforeAStamp) {
  for (const std::int64_t key : {10, 30, 50, 70}) write("t", key);
  const auto floor_key = [&](std::int64_t key) {
    return reader_->floor("t", Timestamp::from_stored(key, 0))->value().stamp().ns();
  };
  EXPECT_EQ(floor_key(55), 50);
  EXPECT_EQ(floor_key(70), 70);
  EXPECT_EQ(floor_key(99), 70);
  EXPECT_EQ(floor_key(10), 10);
  EXPECT_FALSE(reader_->floor("t", Timestamp::from_stored(9, 0))->has_value());
  EXPECT_FALSE(reader_->floor("none", Timestamp::from_stored(9, 0))->has_value());
}

// S0.23
TEST_F(BagReaderTest, GivesPagesByIndex) {
  for (int i = 0; i < 50; ++i) write("t", i, i);
  const Page first = reader_->read_page("t", 0, 25).value();
  EXPECT_EQ(first.start_index, 0);
  EXPECT_EQ(first.end_index, 24);
  EXPECT_EQ(first.total, 25u);
  EXPECT_TRUE(first.has_more);
  const Page second = reader_->read_page("t", 25, 25).value();
  EXPECT_EQ(second.points.at(0).index, 25u);
  EXPECT_EQ(second.end_index, 49);
  EXPECT_FALSE(second.has_more);
}

TEST_F(BagReaderTest, GivesAnEmptyPagePastTheEndAndOfAnUnknownTrack) {
  write("t", 1);
  for (const Page& page :
       {reader_->read_page("t", 7, 5).value(), reader_->read_page("none", 7, 5).value(),
        reader_->read_page("t", std::numeric_limits<std::uint64_t>::max() / 2, 5).value()}) {
    EXPECT_THAT(page.points, IsEmpty());
    EXPECT_EQ(page.end_index, page.start_index - 1);
    EXPECT_FALSE(page.has_more);
  }
}

// S0.24: late points take the next index, wherever they lie in time.
TEST_F(BagReaderTest, NumbersPointsInTheOrderOfTheirWriting) {
  for (const std::int64_t key : {100, 200, 300, 50, 150, 400, 250}) write("t", key);
  std::vector<std::int64_t> keys;
  const Page page = reader_->read_page("t", 0, 10).value();
  for (const Point& point : page.points) keys.push_back(point.stamp().ns());
  EXPECT_THAT(keys, ElementsAre(100, 200, 300, 50, 150, 400, 250));
  EXPECT_THAT(keys_of(all()), ElementsAre(50, 100, 150, 200, 250, 300, 400));
}

TEST_F(BagReaderTest, SeeksForwardsAndBack) {
  for (int i = 0; i < 100; ++i) write("t", i);
  BagCursor cursor = reader_->cursor({}).value();
  ASSERT_TRUE(cursor.next()->has_value());
  cursor.seek({60, kMax});
  EXPECT_EQ(cursor.next()->value().stamp().ns(), 60);
  cursor.seek({5, 6});
  EXPECT_EQ(cursor.next()->value().stamp().ns(), 5);
  EXPECT_EQ(cursor.next()->value().stamp().ns(), 6);
  EXPECT_FALSE(cursor.next()->has_value());
  cursor.seek(TimeRange::none());
  EXPECT_FALSE(cursor.next()->has_value());
  cursor.seek(TimeRange::all());
  EXPECT_EQ(cursor.next()->value().stamp().ns(), 0);
}

TEST_F(BagReaderTest, SeeksAReversedCursorToTheEndOfTheRange) {
  for (int i = 0; i < 100; ++i) write("t", i);
  BagCursor cursor = reader_->cursor({.reverse = true}).value();
  cursor.seek({10, 40});
  EXPECT_EQ(cursor.next()->value().stamp().ns(), 40);
  cursor.seek({10, 10});
  EXPECT_EQ(cursor.next()->value().stamp().ns(), 10);
  EXPECT_FALSE(cursor.next()->has_value());
}

// A range the cursor was not opened with is as good as one that it was.
TEST_F(BagReaderTest, SeeksToTracksOutsideItsFirstRange) {
  write("early", 10);
  write("late", 1'000);
  BagCursor cursor = reader_->cursor({.range = {0, 100}}).value();
  ASSERT_EQ(cursor.next()->value().track, "early");
  cursor.seek({500, 2'000});
  const auto point = cursor.next().value();
  ASSERT_TRUE(point.has_value());
  EXPECT_EQ(point->track, "late");
}

TEST_F(BagReaderTest, AddsUpItsTracks) {
  write("a", -5);
  write("b", 10);
  write("b", 20);
  const BagSummary summary = reader_->summary().value();
  EXPECT_EQ(summary.points(), 3u);
  EXPECT_EQ(summary.start()->ns(), -5);
  EXPECT_EQ(summary.end()->ns(), 20);
  EXPECT_EQ(summary.fate().points, 3u);
  EXPECT_EQ(summary.path, path_);
  EXPECT_EQ(summary.bag.format, kBagFormat);
}

TEST_F(BagReaderTest, MeetsEveryOldPointOnceWhileTheWriterGoesOn) {
  std::vector<std::int64_t> old;
  for (int i = 0; i < 60; ++i) {
    write("t", i * 100);
    old.push_back(i * 100);
  }
  BagCursor forwards = reader_->cursor({}).value();
  BagCursor backwards = reader_->cursor({.reverse = true}).value();
  std::vector<std::int64_t> met_forwards;
  std::vector<std::int64_t> met_backwards;
  for (int i = 0; i < 60; ++i) {
    met_forwards.push_back(forwards.next()->value().stamp().ns());
    met_backwards.push_back(backwards.next()->value().stamp().ns());
    forwards.release();
    backwards.release();
    write("t", 6'000 + i);
    write("t", i * 137 % 6'000);  // late, before and behind where the cursors are
  }
  std::erase_if(met_forwards, [](std::int64_t key) { return key % 100 != 0; });
  std::erase_if(met_backwards, [](std::int64_t key) { return key % 100 != 0 || key >= 6'000; });
  while (const auto view = forwards.next().value()) met_forwards.push_back(view->stamp().ns());
  while (const auto view = backwards.next().value()) met_backwards.push_back(view->stamp().ns());
  std::erase_if(met_forwards, [](std::int64_t key) { return key % 100 != 0 || key >= 6'000; });
  std::erase_if(met_backwards, [](std::int64_t key) { return key % 100 != 0 || key >= 6'000; });
  EXPECT_EQ(met_forwards, old);
  std::reverse(met_backwards.begin(), met_backwards.end());
  EXPECT_EQ(met_backwards, old);
}

// The reader lets its pages go: else the file would grow behind it without end.
TEST_F(BagReaderTest, LetsTheFileReusePagesAfterRelease) {
  for (int i = 0; i < 20; ++i) write("t", i);
  BagCursor cursor = reader_->cursor({}).value();
  ASSERT_TRUE(cursor.next()->has_value());
  cursor.release();
  for (int i = 20; i < 60; ++i) write("t", i);
  const std::uint64_t before = writer_->file()->size_bytes();
  for (int i = 60; i < 200; ++i) write("t", i);
  EXPECT_LE(writer_->file()->size_bytes(), before + 10 * 4096);
}

class AppendModeReaderTest : public BagReaderTest {
 protected:
  void SetUp() override {
    BagWriter::Options options = small_blocks();
    options.merge = MergeMode::kAppend;
    open(options);
  }
};

TEST_F(AppendModeReaderTest, MeetsEqualKeysOnceForwardsWhileMoreOfThemArrive) {
  for (int i = 0; i < 4; ++i) write("t", 5, i);
  BagCursor cursor = reader_->cursor({}).value();
  std::vector<Seen> met;
  for (int i = 0; i < 4; ++i) {
    met.push_back(seen_of(cursor.next()->value()));
    cursor.release();
    write("t", 5, 100 + i);
  }
  EXPECT_THAT(numbers_of(met), ElementsAre(0, 1, 2, 3));
}

TEST_F(AppendModeReaderTest, MeetsEqualKeysOnceBackwardsWhileMoreOfThemArrive) {
  for (int i = 0; i < 4; ++i) write("t", 5, i);
  BagCursor cursor = reader_->cursor({.reverse = true}).value();
  std::vector<Seen> met = {seen_of(cursor.next()->value())};
  cursor.release();
  write("t", 5, 100);
  while (const auto view = cursor.next().value()) met.push_back(seen_of(*view));
  std::vector<std::uint64_t> old = numbers_of(met);
  std::erase(old, 100u);
  EXPECT_THAT(old, ElementsAre(3, 2, 1, 0));
}

// wire.md, Merge: of the points of one stamp it is the one that came last.
TEST_F(AppendModeReaderTest, FindsTheNewestOfEqualStamps) {
  const auto floor_number = [&](std::int64_t key) {
    return uint_field(reader_->floor("t", Timestamp::from_stored(key, 0))->value().fields, "n");
  };
  for (int i = 0; i < 3; ++i) write("t", 5, i);
  EXPECT_EQ(floor_number(5), 2u);
  write("t", 9, 3);
  write("t", 5, 4);
  EXPECT_EQ(floor_number(5), 4u);
  EXPECT_EQ(floor_number(8), 4u);
}

// A bag may be gone on with in another mode: both keep their points.
TEST_F(AppendModeReaderTest, FindsLatePointsByIndexAfterTheModeChanged) {
  BagWriter::Options late = small_blocks();
  late.late_merge = LateMerge::kAppend;
  open(late);
  write("t", 10, 0);
  write("t", 20, 1);
  ASSERT_TRUE(
      writer_->write(batch_of_one("t", {store_.make(15, {{"n", 2}}), store_.make(20, {{"n", 3}})}))
          .has_value());
  ASSERT_TRUE(writer_->close().has_value());
  SetUp();
  write("t", 20, 4);
  const Result<Page> page = reader_->read_page("t", 0, 10);
  ASSERT_TRUE(page.has_value()) << page.error().message;
  std::vector<std::uint64_t> numbers;
  for (const Point& point : page->points) numbers.push_back(uint_field(point.fields, "n"));
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(numbers_of(all()), ElementsAre(0, 2, 1, 3, 4));
}

}  // namespace
}  // namespace zbag
