#include "recorder/bag/write/bag_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "schemas/field_lookup.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BagWriterTest : public testing::Test {
 protected:
  BagWriter open(BagWriter::Options options = small_blocks()) {
    return BagWriter::open(path_, options).value();
  }
  TrackRecord record_of(const BagWriter& writer, const std::string& track) {
    const BagSummary summary = BagReader(writer.file()).summary().value();
    return *std::find_if(summary.tracks.begin(), summary.tracks.end(),
                         [&](const TrackRecord& record) { return record.name == track; });
  }
  Batch number(std::int64_t key, int n = 0) { return small_batch(store_, "t", key, n); }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  RowStore store_;
};

TEST_F(BagWriterTest, MakesABagThatIsWholeBeforeAnythingIsWritten) {
  { BagWriter writer = open(); }
  const CheckReport report = check_bag(path_).value();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_TRUE(report.unclosed);
  EXPECT_EQ(report.points, 0u);
}

// Numbers of tracks behind the damage would be given out again.
TEST_F(BagWriterTest, WritesNoBagWhoseTracksItCanNotReadToTheEnd) {
  {
    BagWriter writer = open();
    Batch batch;
    for (int i = 0; i < 300; ++i) {
      batch.tracks.push_back(batch_of(std::string(150, 'a') + std::to_string(1'000 + i),
                                      {store_.make(i, number_fields(i))}));
    }
    ASSERT_TRUE(writer.write(batch).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  // The last child of every branch page is none of the file's.
  constexpr std::size_t kPage = 4096;
  std::string bytes = file_bytes(path_);
  for (std::size_t at = 2 * kPage; at + kPage <= bytes.size(); at += kPage) {
    std::uint16_t flags = 0;
    std::uint16_t lower = 0;
    std::uint16_t node = 0;
    std::memcpy(&flags, bytes.data() + at + 10, sizeof flags);
    std::memcpy(&lower, bytes.data() + at + 12, sizeof lower);
    if (flags != 1 || lower < 18 || lower > kPage) continue;
    std::memcpy(&node, bytes.data() + at + lower - 2, sizeof node);
    if (node <= kPage - 4) std::fill_n(bytes.begin() + static_cast<long>(at) + node + 2, 2, '\x7f');
  }
  write_file(path_, bytes);
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kDamaged);
}

TEST_F(BagWriterTest, NotesTheRunItsEndAndWhoWrites) {
  BagWriter::Options options = small_blocks();
  options.node = "record-2";
  options.config = {{"sync_ms", 100}};
  options.metadata = {{"robot", "arm"}};
  BagWriter writer = open(options);
  const BagSummary open_summary = BagReader(writer.file()).summary().value();
  ASSERT_TRUE(open_summary.writer.has_value());
  EXPECT_EQ(open_summary.writer->node, "record-2");
  EXPECT_EQ(open_summary.writer->pid, static_cast<std::uint64_t>(::getpid()));
  EXPECT_FALSE(open_summary.runs.at(0).closed);
  ASSERT_TRUE(writer.close().has_value());
  const BagSummary summary = BagReader(writer.file()).summary().value();
  EXPECT_FALSE(summary.writer.has_value());
  EXPECT_TRUE(summary.runs.at(0).closed);
  EXPECT_GE(*summary.runs.at(0).end, summary.runs.at(0).start);
  EXPECT_EQ(summary.runs.at(0).config, options.config);
  EXPECT_EQ(summary.runs.at(0).metadata, options.metadata);
}

TEST_F(BagWriterTest, AddsARunEachTimeItOpens) {
  for (int run = 0; run < 3; ++run) ASSERT_TRUE(open().close().has_value());
  const BagSummary summary = BagReader::open(path_)->summary().value();
  ASSERT_EQ(summary.runs.size(), 3u);
  EXPECT_EQ(summary.runs[2].id, 3u);
}

TEST_F(BagWriterTest, TakesNothingAfterClose) {
  BagWriter writer = open();
  ASSERT_TRUE(writer.close().has_value());
  EXPECT_TRUE(writer.close().has_value());
  EXPECT_EQ(writer.write(number(1)).error().code, ErrorCode::kClosed);
}

TEST_F(BagWriterTest, NotesNamesAndTypesOfFields) {
  BagWriter writer = open();
  ASSERT_TRUE(
      writer.write(batch_of_one("t", {store_.make(1, {{"a", 1}, {"b", 2.0}})})).has_value());
  ASSERT_TRUE(
      writer
          .write(batch_of_one("t", {store_.make(2, {{"a", "x"}, {"c", std::vector<double>{1.0}}})}))
          .has_value());
  const auto fields = record_of(writer, "t").fields;
  EXPECT_THAT(fields.at("a"), ElementsAre("int", "str"));
  EXPECT_THAT(fields.at("b"), ElementsAre("float64"));
  EXPECT_THAT(fields.at("c"), ElementsAre("float64[]"));
}

// S0.24: a late merge finds its point, however old it is, and makes no new index.
TEST_F(BagWriterTest, MergesALateFrameIntoTheStoredPointAndLeavesTheTotalAlone) {
  BagWriter writer = open();
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(writer.write(number(i, i)).has_value());
  const WriteReport report =
      writer.write(batch_of_one("t", {store_.make(3, {{"late", true}})})).value();
  EXPECT_EQ(report.tracks[0].new_points, 0u);
  EXPECT_EQ(report.tracks[0].fate.merged, 1u);
  EXPECT_EQ(record_of(writer, "t").total(), 500u);
  const Page page = BagReader(writer.file()).read_page("t", 3, 1).value();
  EXPECT_EQ(page.points[0].fields, (Fields{{"n", 3}, {"late", true}}));
}

// Two publishers of which one is always some points behind: neither blocks nor late points pile up.
TEST_F(BagWriterTest, FoldsPointsThatAreLateByALittle) {
  BagWriter writer = open();
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(writer.write(number(10 * i, i)).has_value());
    ASSERT_TRUE(writer.write(number(10 * i - 75, i)).has_value());
  }
  ASSERT_TRUE(writer.close().has_value());
  const TrackRecord record = record_of(writer, "t");
  EXPECT_EQ(record.main_points, 2'000u);
  EXPECT_EQ(record.late_points, 0u);
  EXPECT_LE(block_count(writer.file()), 8u);
  const BagReader reader(writer.file());
  const Page page = reader.read_page("t", 0, 2'000).value();
  ASSERT_EQ(page.points.size(), 2'000u);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(page.points[2 * i].stamp().ns(), 10 * i);
    EXPECT_EQ(page.points[2 * i + 1].stamp().ns(), 10 * i - 75);
  }
}

// A failed write leaves the tail as it is on disk; what comes next does not need it.
TEST_F(BagWriterTest, GoesOnBehindATailThatIsForgotten) {
  BagWriter writer = open();
  for (const std::int64_t key : {10, 30, 20}) ASSERT_TRUE(writer.write(number(key)));
  writer.forget_prepared();
  for (const std::int64_t key : {50, 15, 40, 60}) ASSERT_TRUE(writer.write(number(key)));
  ASSERT_TRUE(writer.close().has_value());
  EXPECT_EQ(keys_of(read_all(BagReader(writer.file()), {})),
            (std::vector<std::int64_t>{10, 15, 20, 30, 40, 50, 60}));
  EXPECT_EQ(record_of(writer, "t").late_points, 2u);
  const Page page = BagReader(writer.file()).read_page("t", 0, 9).value();
  std::vector<std::int64_t> arrived;
  for (const Point& point : page.points) arrived.push_back(point.stamp().ns());
  EXPECT_EQ(arrived, (std::vector<std::int64_t>{10, 30, 20, 50, 15, 40, 60}));
}

TEST_F(BagWriterTest, CountsValuesThatALateMergeReplaces) {
  BagWriter::Options options = small_blocks();
  options.merge = MergeMode::kShallow;
  BagWriter writer = open(options);
  ASSERT_TRUE(writer.write(batch_of_one("t", {store_.make(1, {{"a", 1}, {"b", 1}})})).has_value());
  const WriteReport report =
      writer.write(batch_of_one("t", {store_.make(1, {{"a", 1}, {"b", 2}, {"c", 3}})})).value();
  EXPECT_EQ(report.tracks[0].fate.overwritten, 1u);
  EXPECT_EQ(record_of(writer, "t").fate.overwritten, 1u);
}

// wire.md, Merge: a late frame meets the newest point of its stamp, in the batch as if it came
// alone.
TEST_F(BagWriterTest, JoinsLateFramesWhereNothingIsLostByIt) {
  BagWriter writer = open();
  const auto write = [&](std::vector<RowPoint> points) {
    return writer.write(batch_of_one("t", std::move(points))).value().tracks[0].fate;
  };
  write({store_.make(1, {{"a", 1}}), store_.make(9, {})});
  Fate fate = write({store_.make(1, {{"b", 2}})});
  EXPECT_EQ(fate.merged, 1u);
  fate = write({store_.make(1, {{"a", 7}})});
  EXPECT_EQ(fate.kept_apart, 1u);
  EXPECT_EQ(fate.points, 1u);
  fate = write({store_.make(1, {{"c", 3}})});
  EXPECT_EQ(fate.merged, 1u);
  const Page page = BagReader(writer.file()).read_page("t", 0, 9).value();
  ASSERT_EQ(page.points.size(), 3u);
  EXPECT_EQ(page.points[0].fields, (Fields{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(page.points[2].fields, (Fields{{"a", 7}, {"c", 3}}));
}

// A frame that fits the batch's point but not the stored one, and the other way round.
TEST_F(BagWriterTest, MeetsStoredPointsFrameByFrame) {
  BagWriter writer = open();
  ASSERT_TRUE(writer.write(batch_of_one("t", {store_.make(1, {{"a", 1}}), store_.make(9, {})}))
                  .has_value());
  TrackBatch late = batch_of("t", {store_.make(1, {{"b", 2}, {"a", 5}})});
  late.frames = {store_.make(1, {{"b", 2}}), store_.make(1, {{"a", 5}})};
  late.fate = {.received = 2, .merged = 1};
  Batch batch;
  batch.tracks.push_back(std::move(late));
  const Fate fate = writer.write(batch).value().tracks[0].fate;
  EXPECT_EQ(fate.merged, 1u);
  EXPECT_EQ(fate.kept_apart, 1u);
  EXPECT_EQ(fate.points, 1u);
  EXPECT_TRUE(fate.balances());
  const Page page = BagReader(writer.file()).read_page("t", 0, 9).value();
  EXPECT_EQ(page.points.at(0).fields, (Fields{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(page.points.at(2).fields, (Fields{{"a", 5}}));
}

// Of a clock that stands still every point goes on in the main run, however many there are.
TEST_F(BagWriterTest, LetsPointsOfTheLastStampGoOnInOrder) {
  BagWriter writer = open();
  for (int i = 0; i < 600; ++i) {
    const Fate fate = writer.write(number(7, i / 2)).value().tracks[0].fate;
    ASSERT_EQ(fate.kept_apart, i > 0 && i % 2 == 0 ? 1u : 0u) << i;
    ASSERT_EQ(fate.merged, i % 2 == 1 ? 1u : 0u) << i;
  }
  EXPECT_EQ(record_of(writer, "t").late_points, 0u);
  ASSERT_TRUE(writer.close().has_value());
  const std::vector<Seen> all = read_all(BagReader(writer.file()), {}, 3);
  ASSERT_EQ(all.size(), 300u);
  for (std::size_t i = 0; i < all.size(); ++i)
    ASSERT_EQ(all[i].fields, number_fields(static_cast<int>(i)));
}

TEST_F(BagWriterTest, RefusesALateFrameOfAStoredPointWhenToldTo) {
  BagWriter::Options options = small_blocks();
  options.late_merge = LateMerge::kReject;
  BagWriter writer = open(options);
  ASSERT_TRUE(writer.write(number(1, 1)).has_value());
  const WriteReport report = writer.write(number(1, 2)).value();
  EXPECT_EQ(report.tracks[0].fate.refused[static_cast<std::size_t>(Refusal::kLate)], 1u);
  EXPECT_EQ(BagReader(writer.file()).read_page("t", 0, 9)->points.at(0).fields, (Fields{{"n", 1}}));
}

TEST_F(BagWriterTest, ReportsTheIndicesOfNewPoints) {
  BagWriter writer = open();
  ASSERT_TRUE(
      writer.write(batch_of_one("t", {store_.make(10, {}), store_.make(20, {})})).has_value());
  const TrackReport report =
      writer
          .write(batch_of_one("t", {store_.make(5, {}), store_.make(20, {}), store_.make(30, {})}))
          ->tracks[0];
  EXPECT_EQ(report.first_index, 2u);
  EXPECT_EQ(report.new_points, 2u);
}

// Slow tracks do not end up as crumbs.
TEST_F(BagWriterTest, JoinsManySmallWritesIntoFewBlocks) {
  BagWriter writer = open();
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(writer.write(number(i, i)).has_value());
  ASSERT_TRUE(writer.close().has_value());
  EXPECT_LE(block_count(writer.file()), 3u);
  EXPECT_EQ(keys_of(read_all(BagReader(writer.file()), {})).size(), 300u);
}

TEST_F(BagWriterTest, KeepsEqualKeysOverABlockBorderInArrivalOrder) {
  BagWriter::Options options = small_blocks();
  options.merge = MergeMode::kAppend;
  BagWriter writer = open(options);
  std::vector<RowPoint> rows;
  for (int i = 0; i < 2'000; ++i) rows.push_back(store_.make(7, {{"n", i}}));
  ASSERT_TRUE(writer.write(batch_of_one("t", rows)).has_value());
  for (int i = 2'000; i < 2'100; ++i) ASSERT_TRUE(writer.write(number(7, i)).has_value());
  ASSERT_TRUE(writer.close().has_value());
  EXPECT_GT(block_count(writer.file()), 1u);
  const Page page = BagReader(writer.file()).read_page("t", 0, kPageMax).value();
  ASSERT_EQ(page.points.size(), 2'100u);
  for (std::size_t i = 0; i < 2'100; ++i) ASSERT_EQ(page.points[i].fields, (Fields{{"n", i}}));
  const std::vector<Seen> all = read_all(BagReader(writer.file()), {}, 3);
  ASSERT_EQ(all.size(), 2'100u);
  for (std::size_t i = 0; i < 2'100; ++i) ASSERT_EQ(all[i].fields, (Fields{{"n", i}}));
}

// Its payload begins at a multiple of 64 in memory, so that a reader may hand it out uncopied.
TEST_F(BagWriterTest, AlignsThePayloadOfALargePoint) {
  BagWriter writer = open();
  ASSERT_TRUE(writer
                  .write(batch_of_one(
                      "t", {store_.make(1, {{"image", Binary{std::string(100'000, 'i')}}})}))
                  .has_value());
  const BagReader reader(writer.file());
  BagCursor cursor = reader.cursor({}).value();
  const PointView view = cursor.next()->value();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.map.data()) % 64, 0u);
}

TEST_F(BagWriterTest, KeepsLargePointsAmongSmallOnesInOrder) {
  BagWriter writer = open();
  std::vector<std::int64_t> keys;
  for (int i = 0; i < 40; ++i) {
    const std::string image(i % 3 == 0 ? 50'000 : 10, 'i');
    ASSERT_TRUE(
        writer.write(batch_of_one("t", {store_.make(i, {{"image", Binary{image}}})})).has_value());
    keys.push_back(i);
  }
  EXPECT_EQ(keys_of(read_all(BagReader(writer.file()), {})), keys);
}

TEST_F(BagWriterTest, GrowsItsMapFromALittleOne) {
  BagWriter::Options options = small_blocks();
  options.map_bytes = 1u << 20;
  options.compression = {Compression::kNone};
  BagWriter writer = open(options);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(writer
                    .write(batch_of_one(
                        "t", {store_.make(i, {{"image", Binary{std::string(1u << 20, 'i')}}})}))
                    .has_value());
  }
  ASSERT_TRUE(writer.close().has_value());
  EXPECT_GT(writer.file()->size_bytes(), 40u << 20);
  EXPECT_EQ(keys_of(read_all(BagReader(writer.file()), {})).size(), 40u);
}

// A label on each of many stored images: all are written again, which nobody knew beforehand.
TEST_F(BagWriterTest, GrowsItsMapWhenLateFramesWriteMoreThanTheyMeasure) {
  constexpr int kImages = 80;
  BagWriter::Options options = small_blocks();
  options.map_bytes = 100u << 20;
  BagWriter writer = open(options);
  std::vector<RowPoint> labels;
  for (int i = 0; i < kImages; ++i) {
    const Binary image{std::string(1u << 20, 'i')};
    ASSERT_TRUE(writer.write(batch_of_one("t", {store_.make(i, {{"image", image}})})).has_value());
    labels.push_back(store_.make(i, {{"label", i}}));
  }
  const std::size_t before = writer.file()->env().map_bytes();
  const WriteReport report = writer.write(batch_of_one("t", labels)).value();
  EXPECT_EQ(report.tracks[0].fate.merged, static_cast<std::uint64_t>(kImages));
  EXPECT_GT(writer.file()->env().map_bytes(), before);
  const Page page = BagReader(writer.file()).read_page("t", kImages - 1, 1).value();
  EXPECT_EQ(uint_field(page.points.at(0).fields, "label"), kImages - 1u);
}

TEST_F(BagWriterTest, SaysWhenTheDiskHasLessLeftThanAsked) {
  BagWriter::Options options = small_blocks();
  options.min_free_bytes = 1ull << 60;
  const Result<BagWriter> writer = BagWriter::open(path_, options);
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(writer.error().message, HasSubstr("--min-free"));
}

TEST_F(BagWriterTest, GivesItsReserveBackAtTheEnd) {
  BagWriter::Options options = small_blocks();
  options.reserve_bytes = 4u << 20;
  BagWriter writer = open(options);
  ASSERT_TRUE(writer.write(number(1)).has_value());
  ASSERT_TRUE(writer.close().has_value());
  EXPECT_TRUE(check_bag(path_)->problems.empty());
}

TEST_F(BagWriterTest, StoresLossesOfEveryRun) {
  for (int run = 0; run < 2; ++run) {
    BagWriter writer = open();
    Batch batch = number(run);
    batch.tracks[0].lost = 3;
    batch.tracks[0].missed_before = 2;
    batch.losses.push_back(
        {.src = 5, .track = "t", .publisher = "p", .lost = 3, .missed_before = 2, .received = 1});
    ASSERT_TRUE(writer.write(batch).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  const BagSummary summary = BagReader::open(path_)->summary().value();
  EXPECT_EQ(summary.losses.size(), 2u);
  EXPECT_EQ(summary.lost(), 6u);
  EXPECT_EQ(summary.tracks[0].missed_before, 4u);
}

TEST_F(BagWriterTest, AddsUpFramesWithoutATrackOverRuns) {
  for (int run = 0; run < 2; ++run) {
    BagWriter writer = open();
    Batch batch;
    batch.unnamed.received = 2;
    batch.unnamed.refused[static_cast<std::size_t>(Refusal::kBadName)] = 2;
    ASSERT_TRUE(writer.write(batch).has_value());
    ASSERT_TRUE(writer.write(batch).has_value());
  }
  const BagSummary summary = BagReader::open(path_)->summary().value();
  EXPECT_EQ(summary.unnamed.received, 8u);
  EXPECT_TRUE(summary.fate().balances());
}

// A file that may not grow stands for a full disk. 0: as it should be.
int write_against_a_limit(const std::string& path, RowStore& store) {
  BagWriter::Options options = small_blocks();
  options.compression = {Compression::kNone};
  Result<BagWriter> writer = BagWriter::open(path, options);
  if (!writer || !writer->write(small_batch(store, "t", 1, 1))) return 1;
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{writer->file()->size_bytes() + 100'000, RLIM_INFINITY};
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
  const Batch large = batch_of_one(
      "t",
      {store.make(2, {{"image", Binary{std::string(1u << 20, 'i')}}}), store.make(3, {{"n", 3}})});
  if (writer->write(large)) return 3;
  if (keys_of(read_all(BagReader(writer->file()), {})) != std::vector<std::int64_t>{1}) return 4;
  limit.rlim_cur = RLIM_INFINITY;
  if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 5;
  if (!writer->write(large)) return 6;
  if (!writer->write(small_batch(store, "t", 4, 4)) || !writer->close()) return 7;
  return keys_of(read_all(BagReader(writer->file()), {})) == std::vector<std::int64_t>{1, 2, 3, 4}
             ? 0
             : 8;
}

TEST_F(BagWriterTest, ChangesNothingWhenAWriteFailsAndCanWriteItAgain) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(write_against_a_limit(path_, store_));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(check_bag(path_)->problems.empty());
}

// A track's losses of earlier runs are added to this run's; a state loaded again after a failure
// must not take this run's own for earlier ones.
TEST_F(BagWriterTest, CountsLossesOnceThoughStatesAreLoadedAgain) {
  const auto losing = [&](std::int64_t key, std::uint64_t lost) {
    Batch batch = number(key);
    batch.tracks[0].lost = lost;
    return batch;
  };
  {
    BagWriter writer = open();
    ASSERT_TRUE(writer.write(losing(1, 100)) && writer.close());
  }
  BagWriter writer = open();
  ASSERT_TRUE(writer.write(losing(2, 5)));
  writer.forget_prepared();
  ASSERT_TRUE(writer.write(losing(3, 7)));
  EXPECT_EQ(record_of(writer, "t").lost, 107u);
}

// What is set aside of the disk is given back by the size of the open file, not of that name.
TEST_F(BagWriterTest, ClosesABagThatWasRenamedMeanwhile) {
  BagWriter::Options options = small_blocks();
  options.reserve_bytes = 1u << 20;
  const std::string moved = dir_.path("moved.zbag");
  {
    BagWriter writer = open(options);
    ASSERT_TRUE(writer.write(number(1)).has_value());
    std::filesystem::rename(path_, moved);
    ASSERT_TRUE(writer.write(number(2)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  const CheckReport report = check_bag(moved).value();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.points, 2u);
}

TEST_F(BagWriterTest, PreparesAheadOfWhatIsStored) {
  BagWriter writer = open();
  PreparedBatch first = writer.prepare(number(1)).value().value();
  PreparedBatch second = writer.prepare(number(2)).value().value();
  EXPECT_TRUE(read_all(BagReader(writer.file()), {}).empty());
  ASSERT_TRUE(writer.store(std::move(first)));
  ASSERT_TRUE(writer.store(std::move(second)));
  EXPECT_EQ(keys_of(read_all(BagReader(writer.file()), {})), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(BagWriterTest, DeclinesToPrepareLatePoints) {
  BagWriter writer = open();
  ASSERT_TRUE(writer.write(number(10)));
  EXPECT_FALSE(writer.prepare(number(5)).value().has_value());
  ASSERT_TRUE(writer.write(number(5)));
  EXPECT_EQ(keys_of(read_all(BagReader(writer.file()), {})), (std::vector<std::int64_t>{5, 10}));
}

}  // namespace
}  // namespace zbag
