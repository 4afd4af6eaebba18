// Records that are sealed, and lie: who makes a bag may write into it whatever he likes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "recorder/bag/block/checksum.hpp"
#include "recorder/bag/block/header.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/recover.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/track_name.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class LyingRecordsTest : public testing::Test {
 protected:
  // Two tracks of forty points, and two late ones of "a": with full blocks behind them, so that
  // they are not folded.
  void SetUp() override {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    RowStore store;
    for (const char* track : {"a", "b"}) {
      for (int i = 0; i < 40; ++i) {
        const Fields fields{{"text", std::string(900, static_cast<char>('a' + i % 20))}};
        ASSERT_TRUE(
            writer.write(batch_of_one(track, {store.make(100 + i * 10, fields)})).has_value());
      }
    }
    ASSERT_TRUE(writer.write(small_batch(store, "a", 115)).has_value());
    ASSERT_TRUE(writer.write(small_batch(store, "a", 105)).has_value());
    ASSERT_TRUE(writer.close().has_value());
    ASSERT_THAT(check_bag(path_)->problems, IsEmpty());
    whole_ = file_bytes(path_);
  }

  void change(const std::function<void(WriteTxn&, const BagTables&)>& edit) {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    edit(*txn, file->tables());
    ASSERT_TRUE(txn->commit().has_value());
  }
  void change_track(const std::string& name, const std::function<void(TrackRecord&)>& edit) {
    change([&](WriteTxn& txn, const BagTables& tables) {
      TrackRecord record = TrackRecord::decode(name, **txn.get(tables.tracks, name)).value();
      edit(record);
      ASSERT_TRUE(txn.put(tables.tracks, record.name, record.encode()).has_value());
    });
  }
  void change_order(std::uint64_t index, const std::function<void(OrderEntry&)>& edit) {
    change([&](WriteTxn& txn, const BagTables& tables) {
      const std::uint32_t id = TrackRecord::decode("a", **txn.get(tables.tracks, "a"))->id;
      const std::string key = OrderEntry{id, index}.encode_key();
      OrderEntry entry = OrderEntry::decode(key, **txn.get(tables.order, key)).value();
      ASSERT_TRUE(txn.erase(tables.order, key).has_value());
      edit(entry);
      ASSERT_TRUE(txn.put(tables.order, entry.encode_key(), entry.encode_value()).has_value());
    });
  }
  // Puts the first block of "b" as somebody else would have written it.
  void change_block(const std::function<void(BlockKey&, std::string&)>& edit) {
    change_value("b", [&](BlockKey& key, std::string& block) {
      edit(key, block);
      block::seal({reinterpret_cast<std::uint8_t*>(block.data()), block.size()});
    });
  }
  // The same with the checksums that it is given.
  void change_value(const std::string& track,
                    const std::function<void(BlockKey&, std::string&)>& edit) {
    change([&](WriteTxn& txn, const BagTables& tables) {
      const std::uint32_t id = TrackRecord::decode(track, **txn.get(tables.tracks, track))->id;
      TableCursor cursor = TableCursor::open(txn, tables.blocks).value();
      const auto item = cursor.seek(BlockKey{id, INT64_MIN, 0}.encode()).value();
      BlockKey key = BlockKey::decode(item->key).value();
      std::string block(item->value);
      edit(key, block);
      ASSERT_TRUE(txn.put(tables.blocks, key.encode(), block).has_value());
    });
  }
  void put_format(const Value& format) {
    change([&](WriteTxn& txn, const BagTables& tables) {
      std::string bytes;
      encode_fields({{"format", format}, {"creator", "somebody"}}, bytes);
      seal_record(kMetaTable, kBagKey, bytes);
      ASSERT_TRUE(txn.put(tables.meta, kBagKey, bytes).has_value());
    });
  }

  std::vector<std::string> problems() const {
    const Result<CheckReport> report = check_bag(path_);
    if (!report) return {report.error().message};
    std::vector<std::string> texts;
    for (const BagProblem& problem : report->problems) texts.push_back(problem.what);
    return texts;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  std::string whole_;
};

TEST_F(LyingRecordsTest, OfANameThatBreaksTheRulesAreNamedAndReadByNobody) {
  change_track("b", [](TrackRecord& record) {
    record.name = "../../evil";
    record.id = 77;
  });
  EXPECT_THAT(problems(),
              ElementsAre("table tracks, ../../evil: the name has a '.' or '..' segment"));
  const BagReader reader = BagReader::open(path_).value();
  const BagSummary summary = reader.summary().value();
  ASSERT_THAT(summary.tracks, SizeIs(2));
  EXPECT_THAT(summary.damaged_tracks, SizeIs(1));
  EXPECT_FALSE(reader.read_page("../../evil", 0, 1).has_value());
  BagCursor cursor = reader.cursor({.all_tracks = true}).value();
  EXPECT_EQ(cursor.next().error().code, ErrorCode::kDamaged);
  EXPECT_TRUE(cursor.skip_damage().has_value());
  while (const std::optional<PointView> view = cursor.next().value())
    EXPECT_NE(view->track, "../../evil");
}

TEST_F(LyingRecordsTest, OfSuchANameLeaveTheirPointsToBeRecoveredUnderAnother) {
  change_track("b", [](TrackRecord& record) { record.name = "../../evil"; });
  change([](WriteTxn& txn, const BagTables& tables) {
    ASSERT_TRUE(txn.erase(tables.tracks, "b").has_value());
  });
  const std::string recovered = dir_.path("new.zbag");
  ASSERT_TRUE(recover_bag(path_, recovered).has_value());
  const BagSummary summary = BagReader::open(recovered)->summary().value();
  EXPECT_EQ(summary.points(), 82u);
  for (const TrackRecord& track : summary.tracks)
    EXPECT_EQ(track_name_fault(track.name), nullptr) << track.name;
}

TEST_F(LyingRecordsTest, OfALossUnderSuchANameAreNamed) {
  const LossRecord loss{.src = 1, .track = "/etc", .run_start_ns = 5};
  change([&](WriteTxn& txn, const BagTables& tables) {
    ASSERT_TRUE(txn.put(tables.losses, encode_loss_key(loss), encode_loss(loss)).has_value());
  });
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("the name has an empty segment")));
  EXPECT_THAT(BagReader::open(path_)->summary()->losses, IsEmpty());
}

TEST_F(LyingRecordsTest, OfAFirstPointBehindTheLastAreNamed) {
  change_track("b", [](TrackRecord& record) { std::swap(record.first, record.last); });
  EXPECT_THAT(problems(), ElementsAre("its record does not say from when to when its points lie"));
}

// Readers by time pass over a track whose extent lies elsewhere.
TEST_F(LyingRecordsTest, OfAnExtentThatHidesPointsAreNamed) {
  change_track("a", [](TrackRecord& record) { record.last = *record.last - 1; });
  EXPECT_THAT(problems(), SizeIs(1));
}

TEST_F(LyingRecordsTest, OfTwoTracksWithOneNumberAreNamed) {
  const std::uint32_t id = BagReader::open(path_)->summary()->tracks.front().id;
  change_track("b", [&](TrackRecord& record) { record.id = id; });
  const std::string expected =
      "table tracks, b: it has the number " + std::to_string(id) + ", which is that of a";
  EXPECT_THAT(problems(), testing::Contains(expected));
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_THAT(reader.summary()->damaged_tracks, ElementsAre(expected));
  BagCursor cursor = reader.cursor({.all_tracks = true}).value();
  EXPECT_THAT(cursor.next().error().message, HasSubstr(expected));
  EXPECT_EQ(cursor.skip_damage()->track, "b");
  while (const std::optional<PointView> view = cursor.next().value()) EXPECT_EQ(view->track, "a");
}

TEST_F(LyingRecordsTest, ThatHidePointsAreNamedByReaders) {
  change_track("b", [](TrackRecord& record) { record.first.reset(); });
  const std::string expected = "table tracks, b: it does not say from when to when its points lie";
  EXPECT_THAT(problems(), ElementsAre(expected));
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_THAT(reader.summary()->damaged_tracks, ElementsAre(expected));
  EXPECT_THAT(reader.cursor({.all_tracks = true})->next().error().message, HasSubstr(expected));
  EXPECT_THAT(reader.cursor({.track = "b"})->next().error().message, HasSubstr(expected));
}

// A writer would put points among those that are there.
TEST_F(LyingRecordsTest, OfWhereATrackEndsAreNamedAndWritersRefuseThem) {
  const std::vector<std::function<void(TrackRecord&)>> lies = {
      [](TrackRecord& record) { record.main_end.reset(); },
      [](TrackRecord& record) { record.main_end = *record.main_end - 1; },
      [](TrackRecord& record) { record.main_end = *record.main_end + 1; },
      [](TrackRecord& record) { record.next_serial = UINT32_MAX; },
      [](TrackRecord& record) { record.next_late_serial = kLateSerial + 1; }};
  for (const std::function<void(TrackRecord&)>& lie : lies) {
    write_file(path_, whole_);
    change_track("a", lie);
    EXPECT_THAT(problems(), SizeIs(1));
    const Result<BagWriter> writer = BagWriter::open(path_, small_blocks());
    ASSERT_FALSE(writer.has_value());
    EXPECT_EQ(writer.error().code, ErrorCode::kDamaged);
    EXPECT_THAT(writer.error().message, HasSubstr("track a: "));
    EXPECT_THAT(writer.error().message, HasSubstr("zbag recover"));
    EXPECT_EQ(keys_of(path_).size(), 82u);
  }
}

TEST_F(LyingRecordsTest, OfSerialsThatAreTakenAreNamed) {
  change_track("a", [](TrackRecord& record) { record.next_serial = 0; });
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("serials of blocks that are taken")));
  write_file(path_, whole_);
  change_track("a", [](TrackRecord& record) { record.next_late_serial = 0; });
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("serials of blocks that are taken")));
}

TEST_F(LyingRecordsTest, OfABlockThatOverlapsTheOneInFrontAreNamed) {
  change_block([](BlockKey& key, std::string&) { key.serial += 1'000; });  // it is there twice
  EXPECT_THAT(problems(), testing::Contains("block begins before the one in front of it ends"));
}

TEST_F(LyingRecordsTest, OfABlockWithPointsThatIsABorderAreNamed) {
  change_block([](BlockKey&, std::string& block) { block[7] = static_cast<char>(kBlockBorder); });
  EXPECT_THAT(problems(), ElementsAre("block says that it is a border, and has points"));
}

TEST_F(LyingRecordsTest, OfABlockWhoseHeadHasAnotherChecksumAreNamed) {
  change_value("b", [](BlockKey&, std::string& block) { block[kHeadChecksumOffset] ^= 1; });
  EXPECT_THAT(problems(), ElementsAre("block has a wrong checksum of header and summary"));
}

// The points are not the summary's: they are read all the same.
TEST_F(LyingRecordsTest, OfASummaryAreNamed) {
  {
    BagWriter::Options options = small_blocks();
    options.compression = {Compression::kLz4};
    BagWriter writer = BagWriter::open(path_, options).value();
    RowStore store;
    std::vector<RowPoint> rows;
    for (int i = 0; i < 400; ++i)
      rows.push_back(store.make(i, {{"x", i % 7 + 0.25}, {"y", i * i % 101}}));
    ASSERT_TRUE(writer.write(batch_of_one("n", rows)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  ASSERT_THAT(problems(), IsEmpty());
  change_value("n", [](BlockKey&, std::string& block) {
    const std::uint32_t summary = read_block_header(block)->summary_bytes;
    ASSERT_GT(summary, 0u);
    block[kBlockHeaderBytes + summary - 1] ^= 1;  // the greatest y
    block::seal({reinterpret_cast<std::uint8_t*>(block.data()), block.size()});
  });
  EXPECT_THAT(problems(), ElementsAre("block has a summary that says other than its points"));
  change_value("n", [](BlockKey&, std::string& block) {
    block[kBlockHeaderBytes] ^= 1;  // whose numbers they are
    block::seal({reinterpret_cast<std::uint8_t*>(block.data()), block.size()});
  });
  EXPECT_THAT(problems(), ElementsAre("block has a summary of other fields"));
  EXPECT_THAT(read_all(BagReader::open(path_).value(), {.track = "n"}), SizeIs(400));
}

// What check() names recover() makes anew, and says so.
TEST_F(LyingRecordsTest, AreNoWholeBagToRecover) {
  const std::vector<std::function<void(TrackRecord&)>> lies = {
      [](TrackRecord& record) { std::swap(record.first, record.last); },
      [](TrackRecord& record) { record.main_points = 0; },
      [](TrackRecord& record) { record.fate.received += 1; },
      [](TrackRecord& record) { record.main_end.reset(); }};
  for (std::size_t i = 0; i < lies.size(); ++i) {
    write_file(path_, whole_);
    change_track("b", lies[i]);
    ASSERT_THAT(problems(), testing::Not(IsEmpty()));
    const std::string out = dir_.path("new" + std::to_string(i) + ".zbag");
    const Result<RecoverReport> report = recover_bag(path_, out);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_FALSE(report->is_whole());
    EXPECT_EQ(report->points, 82u);
    EXPECT_THAT(check_bag(out)->problems, IsEmpty());
  }
}

TEST_F(LyingRecordsTest, OfATrackThatAreNoMapAreNamed) {
  change([&](WriteTxn& txn, const BagTables& tables) {
    std::string bytes = "\x01";
    seal_record(kTracksTable, "c", bytes);
    ASSERT_TRUE(txn.put(tables.tracks, "c", bytes).has_value());
  });
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("table tracks, c: ")));
}

TEST_F(LyingRecordsTest, OfFormatsThatNobodyWritesAreNamedAndRefused) {
  const std::vector<Value> formats = {Value(0), Value(-1), Value("1"), Value(1.0)};
  for (const Value& format : formats) {
    write_file(path_, whole_);
    put_format(format);
    EXPECT_THAT(problems(),
                ElementsAre(HasSubstr("meta, bag: the format is no whole number from 1 on")));
    EXPECT_EQ(BagReader::open(path_).error().code, ErrorCode::kDamaged);
  }
}

TEST_F(LyingRecordsTest, DoNotKeepTheRestFromBeingRecovered) {
  put_format("1");
  const Result<RecoverReport> report = recover_bag(path_, dir_.path("new.zbag"));
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_EQ(report->points, 82u);
  EXPECT_THAT(report->damage, ElementsAre(HasSubstr("the format is no whole number")));
}

TEST_F(LyingRecordsTest, OfAnOrderWithAWrongRankAreNamed) {
  change_order(41, [](OrderEntry& entry) { entry.rank = 7; });
  EXPECT_THAT(problems(),
              ElementsAre("order: index 41 counts 7 late points before it where 1 are"));
}

TEST_F(LyingRecordsTest, OfAnOrderWithTheKeyOfAnotherPointAreNamed) {
  change_order(41, [](OrderEntry& entry) { entry.key = 115; });
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("the entry of index 41 does not speak")));
}

TEST_F(LyingRecordsTest, OfAnOrderWithALatePointTooManyAreNamed) {
  change([&](WriteTxn& txn, const BagTables& tables) {
    const std::uint32_t id = TrackRecord::decode("a", **txn.get(tables.tracks, "a"))->id;
    const OrderEntry entry{id, 3, 130, 0};
    ASSERT_TRUE(txn.put(tables.order, entry.encode_key(), entry.encode_value()).has_value());
  });
  EXPECT_THAT(problems(), SizeIs(1));
}

TEST_F(LyingRecordsTest, OfAnOrderThatLeadsTwiceToOnePointAreNamed) {
  change([&](WriteTxn& txn, const BagTables& tables) {
    const std::uint32_t id = TrackRecord::decode("b", **txn.get(tables.tracks, "b"))->id;
    const OrderEntry entry{id, 5, 150, OrderEntry::kFolded | 4};
    ASSERT_TRUE(txn.put(tables.order, entry.encode_key(), entry.encode_value()).has_value());
  });
  EXPECT_THAT(problems(), ElementsAre("order: its entries do not lead to every point once"));
}

TEST_F(LyingRecordsTest, OfAnOrderOfNoTrackAreNamed) {
  change([&](WriteTxn& txn, const BagTables& tables) {
    const OrderEntry entry{99, 5, 150, 0};
    ASSERT_TRUE(txn.put(tables.order, entry.encode_key(), entry.encode_value()).has_value());
  });
  EXPECT_THAT(problems(), ElementsAre("order: an entry of no known track"));
}

}  // namespace
}  // namespace zbag
