// Blocks and records that no longer hold what was written: what is lost is said, all the rest is
// read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/index_cursor.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/compact.hpp"
#include "recorder/bag/upkeep/recover.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int kPoints = 4'000;

// What a cursor gives when its owner passes over every damage.
struct Salvage {
  std::vector<std::int64_t> keys;
  std::vector<BagCursor::Damage> damages;
};

Salvage read_over_damage(const BagReader& reader, const BagReader::Selection& selection,
                         bool releases) {
  Salvage salvage;
  BagCursor cursor = reader.cursor(selection).value();
  while (salvage.damages.size() < 100) {
    const Result<std::optional<PointView>> view = cursor.next();
    if (!view) {
      salvage.damages.push_back(cursor.skip_damage().value());
    } else if (*view) {
      salvage.keys.push_back((*view)->stamp().ns());
      if (releases) cursor.release();
    } else {
      break;
    }
  }
  return salvage;
}

// The same by index; what is no block ends it.
Salvage read_by_index(const BagReader& reader) {
  Salvage salvage;
  IndexCursor cursor = IndexCursor::open(reader.file(), "bad", 0).value();
  while (salvage.damages.size() < 100) {
    const Result<std::optional<PointView>> view = cursor.next();
    if (!view) {
      const std::optional<BagCursor::Damage> damage = cursor.skip_damage();
      EXPECT_TRUE(damage.has_value()) << view.error().message;
      if (!damage) break;
      salvage.damages.push_back(*damage);
    } else if (*view) {
      salvage.keys.push_back((*view)->stamp().ns());
    } else {
      break;
    }
  }
  return salvage;
}

class DamageTest : public testing::Test {
 protected:
  void SetUp() override {
    BagWriter::Options options = small_blocks();
    options.compression = {Compression::kNone};
    BagWriter writer = BagWriter::open(path_, options).value();
    RowStore store;
    Batch batch;
    for (const char* track : {"bad", "good"}) {
      std::vector<RowPoint> rows;
      for (int i = 0; i < kPoints; ++i) rows.push_back(store.make(i, number_fields(i)));
      batch.tracks.push_back(batch_of(track, rows));
    }
    ASSERT_TRUE(writer.write(batch).has_value());
    ASSERT_TRUE(writer.close().has_value());
    for (const BlockKey& key : blocks_of(1)) blocks_.push_back(key);
    ASSERT_GT(blocks_.size(), 4u);
  }

  std::vector<BlockKey> blocks_of(std::uint32_t track) {
    const auto file = BagFile::open_to_read(path_).value();
    const auto txn = file->read().value();
    TableCursor cursor = TableCursor::open(*txn, file->tables().blocks).value();
    std::vector<BlockKey> keys;
    for (auto item = cursor.first().value(); item; item = cursor.next().value()) {
      keys.push_back(BlockKey::decode(item->key).value());
    }
    std::erase_if(keys, [&](const BlockKey& key) { return key.track != track; });
    return keys;
  }

  // Flips one bit of a block, the last of its body unless told, and says which keys it held.
  TimeRange damage(const BlockKey& key, std::optional<std::size_t> at = {}) {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    std::string bytes(**txn->get(file->tables().blocks, key.encode()));
    const BlockHeader header = read_block_header(bytes).value_or(BlockHeader{});
    char& byte = bytes.at(at.value_or(bytes.size() - 1));
    byte = static_cast<char>(byte ^ 1);
    EXPECT_TRUE(txn->put(file->tables().blocks, key.encode(), bytes).has_value());
    EXPECT_TRUE(txn->commit().has_value());
    return {header.first, header.last};
  }

  // A key is a point here.
  static std::uint64_t count_between(const BlockKey& first, const BlockKey& limit) {
    return static_cast<std::uint64_t>(limit.first - first.first);
  }

  std::vector<std::int64_t> keys_without(const std::vector<TimeRange>& ranges) const {
    std::vector<std::int64_t> keys;
    for (int i = 0; i < kPoints; ++i) {
      const bool is_lost = std::any_of(ranges.begin(), ranges.end(),
                                       [&](const TimeRange& range) { return range.contains(i); });
      if (!is_lost) keys.push_back(i);
    }
    return keys;
  }
  static std::vector<std::int64_t> reversed(std::vector<std::int64_t> keys) {
    std::reverse(keys.begin(), keys.end());
    return keys;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  std::vector<BlockKey> blocks_;
};

const BagReader::Selection kForwards{.track = "bad"};
const BagReader::Selection kBackwards{.track = "bad", .reverse = true};

TEST_F(DamageTest, IsAnErrorThatNamesTrackAndTime) {
  damage(blocks_[0]);
  BagCursor cursor = BagReader::open(path_)->cursor(kForwards).value();
  const Error error = cursor.next().error();
  EXPECT_EQ(error.code, ErrorCode::kDamaged);
  EXPECT_THAT(error.message, HasSubstr("bad"));
  EXPECT_THAT(error.message, HasSubstr("at 0.0"));
}

// Damage is never passed over unasked: the error stays until skip_damage().
TEST_F(DamageTest, KeepsTheCursorWhereItIsUntilItIsSkipped) {
  damage(blocks_[0]);
  BagCursor cursor = BagReader::open(path_)->cursor(kForwards).value();
  EXPECT_FALSE(cursor.next().has_value());
  EXPECT_FALSE(cursor.next().has_value());
  ASSERT_TRUE(cursor.skip_damage().has_value());
  EXPECT_TRUE(cursor.next().has_value());
}

TEST_F(DamageTest, IsNotForgottenWhenTheTransactionIsLetGo) {
  damage(blocks_[1]);
  BagCursor cursor = BagReader::open(path_)->cursor(kForwards).value();
  Result<std::optional<PointView>> view = cursor.next();
  while (view && *view) {
    cursor.release();
    view = cursor.next();
  }
  EXPECT_FALSE(view.has_value());
}

// Between two blocks stands a key that is none. Whoever asks again is told again.
TEST_F(DamageTest, OfAKeyIsToldAsOftenAsOneAsks) {
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    ASSERT_TRUE(txn->put(file->tables().blocks, blocks_[1].encode() + "x", "y").has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  for (const BagReader::Selection& selection : {kForwards, kBackwards}) {
    BagCursor cursor = BagReader::open(path_)->cursor(selection).value();
    std::size_t points = 0;
    Result<std::optional<PointView>> view = cursor.next();
    for (; view && *view; view = cursor.next()) ++points;
    EXPECT_GT(points, 0u);
    EXPECT_LT(points, static_cast<std::size_t>(kPoints));
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(cursor.next().error().code, ErrorCode::kDamaged);
      cursor.release();
    }
  }
}

TEST_F(DamageTest, CostsOneBlockAndSaysWhich) {
  const TimeRange lost = damage(blocks_[2]);
  const Salvage salvage = read_over_damage(BagReader::open(path_).value(), kForwards, false);
  ASSERT_THAT(salvage.damages, SizeIs(1));
  EXPECT_EQ(salvage.damages[0].track, "bad");
  EXPECT_EQ(salvage.damages[0].first, lost.first);
  EXPECT_EQ(salvage.damages[0].last, lost.last);
  EXPECT_EQ(salvage.damages[0].points, lost.last - lost.first + 1);
  EXPECT_EQ(salvage.keys, keys_without({lost}));
}

TEST_F(DamageTest, CostsOneBlockBackwardsToo) {
  const TimeRange lost = damage(blocks_[2]);
  const Salvage salvage = read_over_damage(BagReader::open(path_).value(), kBackwards, false);
  EXPECT_THAT(salvage.damages, SizeIs(1));
  EXPECT_EQ(salvage.keys, reversed(keys_without({lost})));
}

TEST_F(DamageTest, CostsNoMoreWithAReleaseAtEveryPoint) {
  const TimeRange lost = damage(blocks_[2]);
  const BagReader reader = BagReader::open(path_).value();
  const Salvage forwards = read_over_damage(reader, kForwards, true);
  const Salvage backwards = read_over_damage(reader, kBackwards, true);
  EXPECT_EQ(forwards.keys, keys_without({lost}));
  EXPECT_EQ(backwards.keys, reversed(keys_without({lost})));
  EXPECT_THAT(forwards.damages, SizeIs(1));
  EXPECT_THAT(backwards.damages, SizeIs(1));
}

TEST_F(DamageTest, OfNeighboursAndEndsCostsJustThem) {
  std::vector<TimeRange> lost;
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{2}, std::size_t{3}, blocks_.size() - 1}) {
    lost.push_back(damage(blocks_[at]));
  }
  const BagReader reader = BagReader::open(path_).value();
  const Salvage forwards = read_over_damage(reader, kForwards, false);
  const Salvage backwards = read_over_damage(reader, kBackwards, false);
  EXPECT_THAT(forwards.damages, SizeIs(4));
  EXPECT_EQ(forwards.keys, keys_without(lost));
  EXPECT_THAT(backwards.damages, SizeIs(4));
  EXPECT_EQ(backwards.keys, reversed(keys_without(lost)));
}

TEST_F(DamageTest, OfEveryBlockLeavesTheOtherTrackWhole) {
  for (const BlockKey& key : blocks_) damage(key);
  const BagReader reader = BagReader::open(path_).value();
  const Salvage salvage = read_over_damage(reader, {}, false);
  EXPECT_THAT(salvage.damages, SizeIs(blocks_.size()));
  EXPECT_EQ(salvage.keys, keys_without({}));
}

TEST_F(DamageTest, OfALateBlockLeavesTheMainRun) {
  {
    RowStore store;
    BagWriter::Options options = small_blocks();
    options.merge = MergeMode::kAppend;
    BagWriter writer = BagWriter::open(path_, options).value();
    ASSERT_TRUE(writer.write(small_batch(store, "bad", 100)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  for (const BlockKey& key : blocks_of(1)) {
    if (key.is_late()) damage(key);
  }
  const Salvage salvage = read_over_damage(BagReader::open(path_).value(), kForwards, false);
  EXPECT_THAT(salvage.damages, SizeIs(1));
  EXPECT_EQ(salvage.keys, keys_without({}));
}

TEST_F(DamageTest, CostsOneBlockByIndexAndIsToldOnce) {
  std::vector<TimeRange> lost;
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{2}, std::size_t{3}, blocks_.size() - 1}) {
    lost.push_back(damage(blocks_[at]));
    const Salvage salvage = read_by_index(BagReader::open(path_).value());
    EXPECT_THAT(salvage.damages, SizeIs(lost.size()));
    EXPECT_EQ(salvage.keys, keys_without(lost));
  }
}

// Blocks are found by their headers.
TEST_F(DamageTest, OfAHeaderCostsOneBlockByIndex) {
  std::vector<TimeRange> lost;
  for (std::size_t at = 0; at < blocks_.size(); at += 2) {
    lost.push_back(damage(blocks_[at], 20));
    const Salvage salvage = read_by_index(BagReader::open(path_).value());
    EXPECT_THAT(salvage.damages, SizeIs(lost.size()));
    EXPECT_EQ(salvage.keys, keys_without(lost));
  }
}

TEST_F(DamageTest, OfAMainBlockLeavesItsLatePointsByIndex) {
  {
    RowStore store;
    BagWriter::Options options = small_blocks();
    options.merge = MergeMode::kAppend;
    BagWriter writer = BagWriter::open(path_, options).value();
    ASSERT_TRUE(writer.write(small_batch(store, "bad", 100)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  const Salvage whole = read_by_index(BagReader::open(path_).value());
  const TimeRange lost = damage(blocks_[0]);
  const Salvage salvage = read_by_index(BagReader::open(path_).value());
  EXPECT_THAT(salvage.damages, SizeIs(1));
  EXPECT_EQ(salvage.keys.size(),
            whole.keys.size() - static_cast<std::size_t>(lost.last - lost.first + 1));
  for (const BlockKey& key : blocks_of(1)) {
    if (key.is_late()) damage(key);
  }
  EXPECT_EQ(read_by_index(BagReader::open(path_).value()).keys, keys_without({lost}));
}

TEST_F(DamageTest, DoesNotHinderPagesElsewhere) {
  const TimeRange lost = damage(blocks_[2]);
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_EQ(reader.read_page("bad", static_cast<std::uint64_t>(lost.first), 1).error().code,
            ErrorCode::kDamaged);
  EXPECT_TRUE(reader.read_page("bad", 0, 10).has_value());
  EXPECT_TRUE(reader.read_page("bad", static_cast<std::uint64_t>(lost.last) + 1, 10).has_value());
  EXPECT_TRUE(reader.read_page("good", 0, kPageMax).has_value());
}

TEST_F(DamageTest, IsNamedWithItsExtentByCheck) {
  const TimeRange lost = damage(blocks_[2]);
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].track, "bad");
  EXPECT_EQ(report.problems[0].first, lost.first);
  EXPECT_EQ(report.problems[0].last, lost.last);
  EXPECT_EQ(report.problems[0].points, static_cast<std::uint64_t>(lost.last - lost.first + 1));
  EXPECT_THAT(report.problems[0].what, HasSubstr("checksum"));
}

TEST_F(DamageTest, OfABlockThatIsGoneIsFoundByCheck) {
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    ASSERT_TRUE(txn->erase(file->tables().blocks, blocks_[2].encode()).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].track, "bad");
  EXPECT_EQ(report.problems[0].first, blocks_[2].first);
  EXPECT_EQ(report.problems[0].last, blocks_[3].first - 1);
  EXPECT_EQ(report.problems[0].points, count_between(blocks_[2], blocks_[3]));
}

// What a damaged header says is not to be believed: its neighbours know what is missing.
TEST_F(DamageTest, IsNamedWithItsExtentWhereverItLiesInTheHeader) {
  for (const std::size_t at : {0u, 4u, 8u, 12u, 16u, 25u, 31u, 40u, 48u}) {
    damage(blocks_[2], at);
    const CheckReport report = check_bag(path_).value();
    ASSERT_THAT(report.problems, SizeIs(1)) << at;
    EXPECT_EQ(report.problems[0].track, "bad");
    EXPECT_EQ(report.problems[0].first, blocks_[2].first);
    EXPECT_EQ(report.problems[0].last, blocks_[3].first - 1);
    EXPECT_EQ(report.problems[0].points, count_between(blocks_[2], blocks_[3])) << at;
    damage(blocks_[2], at);  // as it was
  }
  EXPECT_THAT(check_bag(path_)->problems, SizeIs(0));
}

// Nor do readers believe it.
TEST_F(DamageTest, OfAHeaderIsSkippedNoFurtherThanTheNextBlock) {
  for (const std::size_t at : {0u, 4u, 8u, 12u, 16u, 25u, 31u, 40u, 48u}) {
    damage(blocks_[2], at);
    const Salvage salvage = read_over_damage(BagReader::open(path_).value(), kForwards, false);
    ASSERT_THAT(salvage.damages, SizeIs(1)) << at;
    EXPECT_EQ(salvage.damages[0].first, blocks_[2].first) << at;
    EXPECT_GE(salvage.damages[0].last, blocks_[2].first) << at;
    EXPECT_LT(salvage.damages[0].last, blocks_[3].first) << at;
    EXPECT_THAT(salvage.damages[0].points, AnyOf(0u, count_between(blocks_[2], blocks_[3]))) << at;
    damage(blocks_[2], at);  // as it was
  }
}

TEST_F(DamageTest, OfNeighboursIsNamedWithTheirPointsTogether) {
  damage(blocks_[2], 12);  // its count
  damage(blocks_[3]);
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(2));
  EXPECT_EQ(report.problems[0].last, blocks_[3].first - 1);
  EXPECT_EQ(report.problems[1].last, blocks_[4].first - 1);
  EXPECT_EQ(report.problems[0].points + report.problems[1].points,
            count_between(blocks_[2], blocks_[4]));
}

TEST_F(DamageTest, OfTheLastBlocksIsNamedUpToTheLastPoint) {
  damage(blocks_.back(), 0);
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].last, kPoints - 1);
  EXPECT_EQ(report.problems[0].points, kPoints - static_cast<std::uint64_t>(blocks_.back().first));
}

TEST_F(DamageTest, OfABlockUnderAnotherKeyIsFoundByCheckAndReaders) {
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    const std::string bytes(**txn->get(file->tables().blocks, blocks_[2].encode()));
    ASSERT_TRUE(txn->put(file->tables().blocks, blocks_[1].encode(), bytes).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  EXPECT_FALSE(check_bag(path_)->problems.empty());
  EXPECT_THAT(read_over_damage(BagReader::open(path_).value(), kForwards, false).damages,
              SizeIs(1));
}

// The track does not end there, though no block of it is what comes next.
TEST_F(DamageTest, OfAKeyIsNoEndOfTheTrack) {
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    ASSERT_TRUE(txn->put(file->tables().blocks, blocks_[2].encode() + "?", "").has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  EXPECT_FALSE(check_bag(path_)->problems.empty());
  const BagReader reader = BagReader::open(path_).value();
  for (const BagReader::Selection& selection : {kForwards, kBackwards}) {
    BagCursor cursor = reader.cursor(selection).value();
    Result<std::optional<PointView>> view = cursor.next();
    while (view && *view) view = cursor.next();
    EXPECT_FALSE(view.has_value());
  }
}

// A writer that meets damage says so and changes nothing.
// Flips a bit of a record's value and gives its table.
class RecordDamageTest : public DamageTest {
 protected:
  void damage_record(Table BagTables::*table, const std::string& key) {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    std::string value(**txn->get(file->tables().*table, key));
    value[value.size() / 2] ^= 4;
    ASSERT_TRUE(txn->put(file->tables().*table, key, value).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  // The record under `key` stands under `other` from now on.
  void move_record(Table BagTables::*table, const std::string& key, const std::string& other) {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    const std::string value(**txn->get(file->tables().*table, key));
    ASSERT_TRUE(txn->erase(file->tables().*table, key).has_value());
    ASSERT_TRUE(txn->put(file->tables().*table, other, value).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  void write_late(std::int64_t key) {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    ASSERT_TRUE(writer.write(small_batch(store, "good", key, -1)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
};

TEST_F(RecordDamageTest, OfATrackLeavesTheOthersAndIsTold) {
  damage_record(&BagTables::tracks, "bad");
  const BagReader reader = BagReader::open(path_).value();
  const BagSummary summary = reader.summary().value();
  ASSERT_THAT(summary.tracks, SizeIs(1));
  EXPECT_EQ(summary.tracks[0].name, "good");
  EXPECT_THAT(summary.damaged_tracks, ElementsAre("table tracks, bad: wrong checksum"));
  EXPECT_EQ(summary.whole().error().code, ErrorCode::kDamaged);
  const Salvage salvage = read_over_damage(reader, {}, false);
  EXPECT_THAT(salvage.keys, SizeIs(kPoints));
  ASSERT_THAT(salvage.damages, SizeIs(1));
  EXPECT_EQ(salvage.damages[0].track, "bad");
  EXPECT_EQ(reader.read_page("bad", 0, 1).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(reader.floor("bad", Timestamp::from_ns(5)).error().code, ErrorCode::kDamaged);
  EXPECT_THAT(reader.read_page("good", 0, 1)->points, SizeIs(1));
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].track, "bad");
}

TEST_F(RecordDamageTest, OfATrackKeepsWhoWouldWriteAway) {
  damage_record(&BagTables::tracks, "bad");
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(compact_bag(path_, std::nullopt).error().code, ErrorCode::kDamaged);
}

TEST_F(RecordDamageTest, OfATracksNameIsToldWhateverTracksAreChosen) {
  move_record(&BagTables::tracks, "bad", "bae");
  const BagReader reader = BagReader::open(path_).value();
  const TrackFilter filter = TrackFilter::parse({"bad"}, {}).value();
  EXPECT_THAT(read_over_damage(reader, {.filter = filter}, false).damages, SizeIs(1));
  EXPECT_EQ(check_bag(path_)->problems.at(0).what, "table tracks, bae: wrong checksum");
}

TEST_F(RecordDamageTest, OfARunLeavesThePointsAndIsTold) {
  damage_record(&BagTables::meta, run_key(1));
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_THAT(reader.summary()->other_damage,
              ElementsAre("table meta, run/000001: wrong checksum"));
  EXPECT_THAT(reader.summary()->tracks, SizeIs(2));
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].what, "table meta, run/000001: wrong checksum");
}

// A key nobody knows could be one of a later version.
TEST_F(RecordDamageTest, OfAKeyMakesNoUnknownRecordOfIt) {
  move_record(&BagTables::meta, run_key(1), "rvn/000001");
  EXPECT_THAT(BagReader::open(path_)->summary()->other_damage, SizeIs(1));
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kDamaged);
}

TEST_F(RecordDamageTest, OfTheIndexIsAnErrorBesideItAndNamedByCheck) {
  write_late(-5);
  write_late(-15);
  const OrderEntry entry{2, kPoints};
  damage_record(&BagTables::order, entry.encode_key());
  {
    const BagReader reader = BagReader::open(path_).value();
    EXPECT_EQ(reader.read_page("good", kPoints, 1).error().code, ErrorCode::kDamaged);
    EXPECT_EQ(reader.read_page("good", kPoints + 1, 1)->points.at(0).stamp().ns(), -15);
  }
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].what, "table order, track 2, index 4000: wrong checksum");
  EXPECT_EQ(report.problems[0].track, "good");
  EXPECT_EQ(compact_bag(path_, std::nullopt).error().code, ErrorCode::kDamaged);
}

TEST_F(RecordDamageTest, OfTheBagsOwnRecordIsNamedByCheck) {
  damage_record(&BagTables::meta, std::string(kBagKey));
  EXPECT_EQ(BagReader::open(path_).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(check_bag(path_)->problems.at(0).what, "table meta, bag: wrong checksum");
}

// What would have merged into it is a point of its own: a recording does not end for old damage,
// which is still named.
TEST_F(DamageTest, CostsALateFrameNothing) {
  const TimeRange lost = damage(blocks_[2]);
  RowStore store;
  {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    EXPECT_EQ(writer.write(small_batch(store, "bad", lost.first))->tracks[0].new_points, 1u);
    EXPECT_TRUE(writer.write(small_batch(store, "bad", kPoints)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  const CheckReport report = check_bag(path_).value();
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].first, lost.first);
  ASSERT_TRUE(recover_bag(path_, path_ + ".saved").has_value());
  const std::vector<Seen> saved =
      read_all(BagReader::open(path_ + ".saved").value(),
               {.range = TimeRange{lost.first, lost.first}, .track = "bad"});
  EXPECT_EQ(saved.size(), 1u);
}

}  // namespace
}  // namespace zbag
