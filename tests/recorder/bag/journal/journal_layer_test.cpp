// The journal as its readers and the next writer meet it.
#include "recorder/bag/journal/journal_layer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "recorder/bag/read/column_reader.hpp"
#include "recorder/bag/read/index_cursor.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/cut.hpp"
#include "recorder/bag/upkeep/recover.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JournalLayerTest : public testing::Test {
 protected:
  BagWriter open() { return BagWriter::open(path_, small_blocks()).value(); }

  // One point of each of `tracks` tracks.
  static Batch one_of_each(RowStore& store, int tracks, int n, std::size_t text = 0) {
    Fields fields = number_fields(n);
    if (text > 0) fields.emplace_back("text", std::string(text, 't'));
    Batch batch;
    for (int t = 0; t < tracks; ++t)
      batch.tracks.push_back(batch_of("t" + std::to_string(t), {store.make(100 * n + t, fields)}));
    return batch;
  }
  static void write_commits(BagWriter& writer, int tracks, int from, int to, std::size_t text = 0) {
    for (int n = from; n < to; ++n) {
      RowStore store;
      ASSERT_TRUE(writer.write(one_of_each(store, tracks, n, text)).has_value());
    }
  }
  std::size_t points() const {
    return read_all(BagReader::open(path_).value(), {.all_tracks = true}).size();
  }
  // Entries in the tables themselves.
  static std::uint64_t entries(BagFile& file, Table BagTables::*table) {
    return file.env().read().value()->entries(file.tables().*table);
  }
  std::uint64_t entries(Table BagTables::*table) const {
    return entries(*BagFile::open_to_read(path_).value(), table);
  }
  // Changes a byte of a record of the journal.
  void damage(std::uint64_t number) const {
    const auto file = BagFile::open_to_write(path_, 64u << 20).value();
    const auto txn = file->env().write().value();
    const std::string key = journal_key(number);
    std::string value(txn->get(file->tables().journal, key).value().value());
    value[value.size() / 2] ^= 1;
    ASSERT_TRUE(txn->put(file->tables().journal, key, value));
    ASSERT_TRUE(txn->commit());
  }

  // What a cursor gives that goes on behind damage, which is told.
  std::vector<Seen> intact(const BagReader& reader) {
    BagCursor cursor = reader.cursor({.all_tracks = true}).value();
    IntactPoints points(cursor, [this](const std::string& what) { told_.push_back(what); });
    std::vector<Seen> all;
    while (const std::optional<PointView> view = points.next().value())
      all.push_back(seen_of(*view));
    return all;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  std::vector<std::string> told_;
};

// What waits there is of tails that are known: nobody may put it away beneath them.
TEST_F(JournalLayerTest, IsLeftAloneAfterAFailureThatFoundItEmpty) {
  {
    BagWriter writer = open();
    RowStore rows;
    const Batch batch = one_of_each(rows, 2, 0);
    writer.drop(**writer.prepare(batch));
    writer.forget_prepared();  // as after a store that has failed
    write_commits(writer, 2, 0, 20);
    EXPECT_FALSE(writer.has_stale_journal());
    EXPECT_EQ(entries(*writer.file(), &BagTables::blocks), 0u);
  }
  EXPECT_EQ(points(), 40u);
  { ASSERT_TRUE(open().close()); }
  EXPECT_EQ(points(), 40u);
}

// A journal is that of the last run, whatever the clock was at its start.
TEST_F(JournalLayerTest, CountsLossesOfTheLastRunWhereTheClockHasSteppedBack) {
  {
    BagWriter writer = open();
    for (std::uint64_t n = 1; n <= 5; ++n) {
      RowStore rows;
      Batch batch = one_of_each(rows, 1, static_cast<int>(n));
      batch.losses.push_back({.src = 9, .track = "t0", .publisher = "p", .received = n});
      ASSERT_TRUE(writer.write(batch).has_value());
    }
  }
  {
    const LossRecord earlier{
        .src = 9, .track = "t0", .run_start_ns = INT64_MAX, .publisher = "p", .received = 3};
    const auto file = BagFile::open_to_write(path_, 64u << 20).value();
    const auto txn = file->env().write().value();
    ASSERT_TRUE(txn->put(file->tables().losses, encode_loss_key(earlier), encode_loss(earlier)));
    ASSERT_TRUE(txn->commit());
  }
  std::vector<std::uint64_t> received;
  const BagSummary summary = BagReader::open(path_)->summary().value();
  for (const LossRecord& loss : summary.losses) received.push_back(loss.received);
  EXPECT_THAT(received, testing::UnorderedElementsAre(3u, 5u));
}

// Right by its checksum: a stranger's, or a fault of ours.
TEST_F(JournalLayerTest, IsCheckedBeyondItsChecksum) {
  {
    BagWriter writer = open();
    write_commits(writer, 2, 0, 3);
  }
  std::string value(8, '\xff');
  seal_record(kJournalTable, journal_key(77), value);
  {
    const auto file = BagFile::open_to_write(path_, 64u << 20).value();
    const auto txn = file->env().write().value();
    ASSERT_TRUE(txn->put(file->tables().journal, journal_key(77), value));
    ASSERT_TRUE(txn->commit());
  }
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_THAT(report.problems[0].what, HasSubstr("table journal, 77"));
  EXPECT_THAT(intact(BagReader::open(path_).value()), SizeIs(6));
  EXPECT_THAT(told_, SizeIs(1));
}

TEST_F(JournalLayerTest, ShowsPointsThatHaveNoBlock) {
  {
    BagWriter writer = open();
    write_commits(writer, 3, 0, 4);
  }
  EXPECT_EQ(entries(&BagTables::blocks), 0u);
  EXPECT_EQ(entries(&BagTables::journal), 4u);
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_THAT(keys_of(read_all(reader, {.track = "t1"})), ElementsAre(1, 101, 201, 301));
  EXPECT_THAT(keys_of(read_all(reader, {.track = "t1", .reverse = true})),
              ElementsAre(301, 201, 101, 1));
  const Page page = reader.read_page("t2", 2, 10).value();
  ASSERT_THAT(page.points, SizeIs(2));
  EXPECT_EQ(page.points[1].fields, number_fields(3));
  const BagSummary summary = reader.summary().value();
  EXPECT_TRUE(summary.fate().balances());
  EXPECT_EQ(summary.points(), 12u);
  EXPECT_EQ(summary.end()->ns(), 302);
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
}

TEST_F(JournalLayerTest, IsFollowedByAReaderThatStays) {
  BagWriter writer = open();
  const BagReader reader(writer.file());
  const BagReader other = BagReader::open(path_).value();
  for (int n = 0; n < 400; ++n) {
    write_commits(writer, 2, n, n + 1, 100);
    if (n % 7 != 0) continue;
    const auto wanted = static_cast<std::size_t>(n) + 1;
    ASSERT_THAT(read_all(reader, {.track = "t0"}), SizeIs(wanted));
    ASSERT_EQ(other.summary()->points(), 2 * wanted);
  }
  // Full blocks have been made, and the records before them have gone.
  EXPECT_GT(entries(*writer.file(), &BagTables::blocks), 4u);
  EXPECT_LT(entries(*writer.file(), &BagTables::journal), 350u);
  ASSERT_TRUE(writer.close());
  EXPECT_EQ(entries(*writer.file(), &BagTables::journal), 0u);
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
  EXPECT_EQ(points(), 800u);
}

TEST_F(JournalLayerTest, IsPutIntoBlocksByTheNextWriter) {
  for (int run = 0; run < 3; ++run) {
    BagWriter writer = open();
    EXPECT_EQ(entries(*writer.file(), &BagTables::journal), 0u);
    write_commits(writer, 3, 5 * run, 5 * run + 5);
  }
  EXPECT_EQ(points(), 45u);
  { ASSERT_TRUE(open().close()); }
  EXPECT_EQ(entries(&BagTables::journal), 0u);
  EXPECT_EQ(points(), 45u);
  const CheckReport report = check_bag(path_).value();
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.points, 45u);
  EXPECT_EQ(BagReader::open(path_)->read_page("t1", 12, 1)->points.at(0).fields, number_fields(12));
}

// What publishers' numbering says, and counters that points alone do not.
TEST_F(JournalLayerTest, CarriesCountersOfTracksAndPublishers) {
  BagWriter writer = open();
  const auto write = [&](int n, std::uint64_t lost) {
    RowStore store;
    Batch batch = one_of_each(store, 2, n);
    batch.tracks[0].fate.received = 3;
    batch.tracks[0].fate.merged = 1;
    batch.tracks[0].fate.dropped = 1;
    batch.tracks[0].lost = lost;
    const auto received = static_cast<std::uint64_t>(3 * n + 3);
    batch.losses.push_back({.src = 9,
                            .track = "t0",
                            .publisher = "p",
                            .lost = lost,
                            .missed_before = 2,
                            .received = received});
    ASSERT_TRUE(writer.write(batch).has_value());
  };
  for (int n = 0; n < 5; ++n) write(n, n < 3 ? 0 : 4);
  const auto expect_all = [&](const BagReader& reader) {
    const BagSummary summary = reader.summary().value();
    ASSERT_THAT(summary.losses, SizeIs(1));
    EXPECT_EQ(summary.losses[0].lost, 4u);
    EXPECT_EQ(summary.losses[0].received, 15u);
    EXPECT_EQ(summary.losses[0].publisher, "p");
    EXPECT_EQ(summary.tracks[0].lost, 4u);
    EXPECT_EQ(summary.tracks[0].fate.merged, 5u);
    EXPECT_EQ(summary.tracks[0].fate.dropped, 5u);
    EXPECT_EQ(summary.tracks[0].fate.received, 15u);
    EXPECT_TRUE(summary.fate().balances());
  };
  expect_all(BagReader(writer.file()));
  // All of it in the journal: the record itself stands as it was first written.
  const auto txn = writer.file()->env().read().value();
  const auto stored = txn->get(writer.file()->tables().tracks, "t0").value().value();
  EXPECT_EQ(TrackRecord::decode("t0", stored)->fate.received, 3u);
  ASSERT_TRUE(writer.close());
  expect_all(BagReader::open(path_).value());
}

TEST_F(JournalLayerTest, SaysWhatADamagedRecordCosts) {
  {
    BagWriter writer = open();
    write_commits(writer, 2, 0, 9);
  }
  const std::vector<Seen> all = read_all(BagReader::open(path_).value(), {.all_tracks = true});
  damage(4);
  {
    const BagReader reader = BagReader::open(path_).value();
    std::vector<Seen> left = all;
    std::erase_if(left, [](const Seen& point) { return point.key / 100 == 2; });
    EXPECT_EQ(difference(intact(reader), left), "");
    EXPECT_THAT(told_, testing::Contains(HasSubstr("table journal, 4: wrong checksum")));
    const Status whole = reader.summary()->whole();
    ASSERT_FALSE(whole);
    EXPECT_THAT(whole.error().message, HasSubstr("table journal, 4: wrong checksum"));
    EXPECT_EQ(reader.read_page("t0", 5, 1).error().code, ErrorCode::kDamaged);
  }
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, testing::Not(IsEmpty()));
  EXPECT_THAT(report.problems[0].what, HasSubstr("journal"));
  // Nobody writes on over it.
  const Result<BagWriter> writer = BagWriter::open(path_, small_blocks());
  ASSERT_FALSE(writer.has_value());
  EXPECT_THAT(writer.error().message, HasSubstr("zbag recover"));
  // What it was lies on a free page still.
  const std::string out = dir_.path("out.zbag");
  const RecoverReport recovered = recover_bag(path_, out).value();
  EXPECT_FALSE(recovered.is_whole());
  EXPECT_THAT(recovered.damage, testing::Contains("table journal, 4: wrong checksum"));
  EXPECT_EQ(difference(read_all(BagReader::open(out).value(), {.all_tracks = true}), all), "");
}

// By whatever way points are read, in the same words, once.
TEST_F(JournalLayerTest, IsToldOfByEveryReaderWhereItIsDamaged) {
  {
    BagWriter writer = open();
    write_commits(writer, 2, 0, 9);
  }
  damage(4);
  const BagReader reader = BagReader::open(path_).value();
  intact(reader);
  const std::vector<std::string> by_time = std::exchange(told_, {});
  const Warn warn = [this](const std::string& what) { told_.push_back(what); };

  IndexCursor index = IndexCursor::open(reader.file(), "t0", 4).value();
  IntactPoints by_index(index, warn);
  // Behind the gap points keep their places.
  EXPECT_EQ(by_index.next().value()->fields().value(), number_fields(4));
  EXPECT_EQ(by_index.left_out(), by_time.size());
  EXPECT_EQ(std::exchange(told_, {}), by_time);

  ColumnCursor columns = ColumnCursor::open(reader, {.track = "t0", .fields = {{"n"}}}).value();
  ColumnChunk chunk;
  for (const std::string& line : by_time) {
    const Error error = columns.next(chunk).error();
    EXPECT_EQ(error.message + "; " + columns.skip_damage()->text(), line);
  }
  EXPECT_TRUE(columns.next(chunk).value());

  for (const bool with_states : {false, true}) {
    const CutOptions options{.choice = {.selection = {.range = {600, INT64_MAX}}},
                             .state_at_start = with_states};
    const CutReport cut =
        cut_bag(reader, dir_.path(with_states ? "b.zbag" : "c.zbag"), options, {}, warn).value();
    EXPECT_EQ(cut.left_out, by_time.size());
    EXPECT_EQ(std::exchange(told_, {}), by_time);
  }
}

// What a writer takes for stored goes from the journal.
TEST_F(JournalLayerTest, IsKeptWhereARecordSaysThatMorePointsAreInBlocks) {
  {
    BagWriter writer = open();
    write_commits(writer, 2, 0, 200, 100);
  }
  const std::vector<Seen> all = read_all(BagReader::open(path_).value(), {.all_tracks = true});
  ASSERT_THAT(all, SizeIs(400));
  {
    const auto file = BagFile::open_to_write(path_, 64u << 20).value();
    const auto txn = file->env().write().value();
    const std::string stored(txn->get(file->tables().tracks, "t1").value().value());
    TrackRecord record = TrackRecord::decode("t1", stored).value();
    ASSERT_TRUE(record.in_blocks.has_value());
    *record.in_blocks += 3;
    ASSERT_TRUE(txn->put(file->tables().tracks, "t1", record.encode()));
    ASSERT_TRUE(txn->commit());
  }
  EXPECT_THAT(check_bag(path_)->problems, testing::Not(IsEmpty()));
  const std::uint64_t records = entries(&BagTables::journal);
  const Result<BagWriter> writer = BagWriter::open(path_, small_blocks());
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().code, ErrorCode::kDamaged);
  EXPECT_THAT(writer.error().message, HasSubstr("track t1: its record says that"));
  EXPECT_THAT(writer.error().message, HasSubstr("zbag recover"));
  EXPECT_EQ(entries(&BagTables::journal), records);
  const std::string out = dir_.path("out.zbag");
  ASSERT_TRUE(recover_bag(path_, out).has_value());
  EXPECT_EQ(difference(read_all(BagReader::open(out).value(), {.all_tracks = true}), all), "");
}

TEST_F(JournalLayerTest, IsSalvagedWithoutMetaPages) {
  {
    BagWriter writer = open();
    write_commits(writer, 2, 0, 300);
  }
  const std::vector<Seen> all = read_all(BagReader::open(path_).value(), {.all_tracks = true});
  ASSERT_THAT(all, SizeIs(600));
  std::string bytes = file_bytes(path_);
  std::fill_n(bytes.begin(), 2 * 4096, '\x5a');
  write_file(path_, bytes);
  const std::string out = dir_.path("out.zbag");
  const RecoverReport recovered = recover_bag(path_, out).value();
  EXPECT_EQ(recovered.points, 600u);
  EXPECT_EQ(recovered.lost_points, 0u);
  EXPECT_EQ(difference(read_all(BagReader::open(out).value(), {.all_tracks = true}), all), "");
}

// So that a file has little to give back at the end, whatever waits in it.
TEST_F(JournalLayerTest, StaysBounded) {
  BagWriter::Options options;
  options.compression = {Compression::kNone};
  BagWriter writer = BagWriter::open(path_, options).value();
  std::uint64_t most = 0;
  for (int n = 0; n < 300; ++n) {
    RowStore store;
    Batch batch;
    for (int t = 0; t < 80; ++t) {
      const Fields fields{
          {"text", std::string(t == 0 ? 10 : 700, static_cast<char>('a' + t % 26))}};
      batch.tracks.push_back(batch_of("t" + std::to_string(t), {store.make(n, fields)}));
    }
    ASSERT_TRUE(writer.write(batch).has_value());
    const auto txn = writer.file()->env().read().value();
    TableCursor cursor = TableCursor::open(*txn, writer.file()->tables().journal).value();
    std::uint64_t bytes = 0;
    for (auto item = cursor.first().value(); item; item = cursor.next().value())
      bytes += item->value.size();
    most = std::max(most, bytes);
  }
  EXPECT_LE(most, (4u << 20) + (128u << 10));  // and a record
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
  EXPECT_EQ(points(), 80u * 300u);
}

}  // namespace
}  // namespace zbag
