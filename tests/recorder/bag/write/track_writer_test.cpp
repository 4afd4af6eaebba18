#include "recorder/bag/write/track_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class TrackWriterTest : public testing::Test {
 protected:
  static TrackRecord record() {
    TrackRecord record;
    record.name = "a";
    record.id = 5;
    return record;
  }
  // And makes a segment of what is new, so that a late point finds it.
  BlockJobs append(const std::vector<RowPoint>& points) {
    BlockJobs jobs;
    writer_.append(points, jobs);
    writer_.spill(jobs);
    return jobs;
  }
  RowPoint sized(std::int64_t key, std::size_t bytes) {
    return store_.make(key, {{"x", Binary{std::string(bytes, 'x')}}});
  }

  // A late point, as LateWriter tells of it.
  void arrive_late(const RowPoint& late) {
    RowPoint point = late;
    TrackRecord& record = writer_.record();
    point.index = record.total();
    ++record.late_points;
    writer_.note_late(point);
    if (writer_.tail_covers(point.key))
      writer_.note_late_block({5, point.key, kLateSerial | record.next_late_serial++});
  }
  static std::vector<std::int64_t> keys_of(const BlockJob& job) {
    std::vector<std::int64_t> keys;
    for (const RowPoint& point : job.points->points()) keys.push_back(point.key);
    return keys;
  }

  EncodePool pool_{{Compression::kNone, 0}, 0};
  RowStore store_;
  TrackWriter writer_{record(), 1, pool_};  // full blocks of one page
};

TEST_F(TrackWriterTest, LeavesToTheJournalWhatHasNoFullBlock) {
  BlockJobs jobs;
  writer_.append(std::vector{sized(1, 1000), sized(2, 1000)}, jobs);
  EXPECT_THAT(jobs, IsEmpty());
  EXPECT_THAT(writer_.new_points(), SizeIs(2));
  EXPECT_EQ(writer_.new_ordinal(), 0u);
  EXPECT_FALSE(writer_.rests_in_journal());
  writer_.note_journaled();
  EXPECT_THAT(writer_.new_points(), IsEmpty());
  EXPECT_TRUE(writer_.rests_in_journal());
  writer_.append(std::vector{sized(3, 1000), sized(4, 1500)}, jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(keys_of(*jobs[0]), ElementsAre(1, 2, 3));
  EXPECT_THAT(jobs[0]->replaced, IsEmpty());
  EXPECT_THAT(writer_.new_points(), SizeIs(1));
  EXPECT_EQ(writer_.new_ordinal(), 3u);
  EXPECT_FALSE(writer_.rests_in_journal());
  EXPECT_TRUE(writer_.is_open());
}

TEST_F(TrackWriterTest, SpillsWhatRestsInTheJournal) {
  BlockJobs jobs;
  writer_.append(std::vector{sized(1, 10), sized(2, 10)}, jobs);
  writer_.note_journaled();
  writer_.append(std::vector{sized(3, 10)}, jobs);
  writer_.spill(jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(keys_of(*jobs[0]), ElementsAre(1, 2, 3));
  EXPECT_FALSE(writer_.rests_in_journal());
  EXPECT_THAT(writer_.new_points(), IsEmpty());
  EXPECT_FALSE(writer_.is_open());
}

// A segment that becomes the full block: the tail lets go of its rows, and the segment, which a
// busy pool has not come to, must not need them.
TEST_F(TrackWriterTest, LetsGoOfRowsThatNoSegmentStillNeeds) {
  BlockJobs jobs;
  const std::vector<RowPoint> points{sized(1, 1000), sized(2, 1000)};
  const std::vector<std::uint8_t> row(points[0].pairs, points[0].pairs + points[0].pairs_bytes);
  writer_.append(points, jobs);
  writer_.note_journaled();
  writer_.spill(jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  writer_.seal(jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  const std::vector<std::string> others(8, std::string(2 * points[0].pairs_bytes, 'y'));
  const RowPoint& first = jobs[0]->points->points()[0];
  EXPECT_EQ(std::vector<std::uint8_t>(first.pairs, first.pairs + first.pairs_bytes), row);
}

// What the journal can not say.
TEST_F(TrackWriterTest, AsksForItsRecordWhereABlockIsMadeOrAFieldIsNew) {
  BlockJobs jobs;
  EXPECT_TRUE(writer_.record_is_due());  // nothing of the track is stored
  writer_.append(std::vector{store_.make(1, {{"a", 1}})}, jobs);
  writer_.note_journaled();
  const auto stored = [&](std::uint64_t number) {
    return TrackRecord::decode("a", writer_.take_record(number)).value();
  };
  EXPECT_EQ(stored(7).journal, 7u);
  EXPECT_EQ(stored(8).in_blocks, 0u);
  EXPECT_FALSE(writer_.record_is_due());
  writer_.append(std::vector{store_.make(2, {{"a", 1}})}, jobs);
  EXPECT_FALSE(writer_.record_is_due());
  writer_.append(std::vector{store_.make(3, {{"b", 1}})}, jobs);
  EXPECT_TRUE(writer_.record_is_due());
  stored(9);
  writer_.spill(jobs);
  EXPECT_TRUE(writer_.record_is_due());
  EXPECT_EQ(stored(10).in_blocks, std::nullopt);
}

TEST_F(TrackWriterTest, MakesASegmentOfWhatIsNew) {
  const BlockJobs first = append({sized(1, 10), sized(2, 10)});
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0]->key, (BlockKey{5, 1, 0}));
  EXPECT_EQ(first[0]->points->count(), 2u);
  const BlockJobs second = append({sized(3, 10)});
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0]->key, (BlockKey{5, 3, 1}));
  EXPECT_EQ(second[0]->header.first_ordinal, 2u);
  EXPECT_TRUE(writer_.is_open());
}

TEST_F(TrackWriterTest, ReplacesTheSegmentsByOneFullBlock) {
  append({sized(1, 1000)});
  append({sized(2, 1000)});
  const BlockJobs jobs = append({sized(3, 1000), sized(4, 1500)});
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_THAT(jobs[0]->replaced, ElementsAre(BlockKey{5, 1, 0}, BlockKey{5, 2, 1}));
  EXPECT_EQ(jobs[0]->points->count(), 3u);
  EXPECT_EQ(jobs[0]->header.first_ordinal, 0u);
  EXPECT_THAT(jobs[1]->replaced, IsEmpty());
  EXPECT_EQ(jobs[1]->points->count(), 1u);
  EXPECT_EQ(jobs[1]->header.first_ordinal, 3u);
}

TEST_F(TrackWriterTest, KeepsRowsOfTheTailWhenTheBatchIsGone) {
  {
    RowStore gone;
    BlockJobs jobs;
    const std::vector<RowPoint> points{gone.make(1, {{"word", "here"}})};
    writer_.append(points, jobs);
    writer_.note_journaled();
  }
  BlockJobs jobs;
  writer_.append(std::vector{store_.make(2, {{"word", "there"}})}, jobs);
  writer_.seal(jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  pool_.wait_for(*jobs[0]);
  std::string bytes(jobs[0]->bytes, '\0');
  jobs[0]->points->write_to({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  const Block block = Block::open(bytes).value();
  EXPECT_EQ(decode_fields(block.points()[0].map).value(), (Fields{{"word", "here"}}));
}

TEST_F(TrackWriterTest, LeavesOneSegmentAsTheBlockItIs) {
  append({sized(1, 10), sized(2, 10)});
  BlockJobs jobs;
  writer_.seal(jobs);
  EXPECT_THAT(jobs, IsEmpty());
  EXPECT_FALSE(writer_.tail_covers(2));
}

TEST_F(TrackWriterTest, SealsBeforeAPointThatFillsABlockAlone) {
  const BlockJobs jobs = append({sized(1, 10), sized(2, 4000), sized(3, 10)});
  ASSERT_THAT(jobs, SizeIs(3));
  EXPECT_NE(jobs[0]->points, nullptr);
  EXPECT_EQ(jobs[1]->points, nullptr);
  EXPECT_EQ(jobs[1]->header.first_ordinal, 1u);
  EXPECT_EQ(jobs[2]->header.first_ordinal, 2u);
  EXPECT_EQ(writer_.record().main_points, 3u);
}

TEST_F(TrackWriterTest, FoldsLatePointsIntoTheFullBlock) {
  append({sized(10, 10), sized(30, 10)});
  arrive_late(sized(20, 10));
  arrive_late(sized(5, 10));
  BlockJobs jobs;
  writer_.seal(jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(keys_of(*jobs[0]), ElementsAre(5, 10, 20, 30));
  EXPECT_EQ(jobs[0]->header.flags, kBlockFolded);
  EXPECT_THAT(jobs[0]->replaced, ElementsAre(BlockKey{5, 10, 0}, BlockKey{5, 20, kLateSerial},
                                             BlockKey{5, 5, kLateSerial | 1}));
  EXPECT_EQ(writer_.record().main_points, 4u);
  EXPECT_EQ(writer_.record().late_points, 0u);
  EXPECT_FALSE(jobs[0]->order.empty());
}

TEST_F(TrackWriterTest, LeavesLatePointsBehindAFullBlockAlone) {
  append({sized(10, 10), sized(30, 10)});
  BlockJobs jobs;
  writer_.seal(jobs);
  append({sized(50, 10)});
  EXPECT_FALSE(writer_.tail_covers(20));
  EXPECT_TRUE(writer_.tail_covers(40));
  arrive_late(sized(20, 10));
  writer_.seal(jobs);
  EXPECT_THAT(jobs, IsEmpty());
  EXPECT_EQ(writer_.record().late_points, 1u);
}

// What a fold costs is bounded by the tail, not by what came late elsewhere meanwhile.
TEST_F(TrackWriterTest, SealsATailThatManyOtherLatePointsCameBeside) {
  append({sized(10, 10)});
  BlockJobs jobs;
  writer_.seal(jobs);
  append({sized(50, 10)});
  for (int i = 0; i < 4'096; ++i) arrive_late(sized(1, 0));
  append({});
  EXPECT_TRUE(writer_.tail_covers(40));
  arrive_late(sized(1, 0));
  append({});
  EXPECT_FALSE(writer_.tail_covers(40));
}

// Who was late by three points will be again: three stay where they can be folded among.
TEST_F(TrackWriterTest, KeepsTheEndOfATailThatHadLatePoints) {
  std::vector<RowPoint> points;
  for (int i = 0; i < 30; ++i) points.push_back(sized(10 * i, 80));
  append(points);
  arrive_late(sized(265, 80));
  const BlockJobs jobs = append({sized(300, 1'500)});
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_EQ(jobs[0]->points->points().back().key, 265);
  EXPECT_THAT(keys_of(*jobs[1]), ElementsAre(270, 280, 290, 300));
  EXPECT_EQ(jobs[1]->header.flags, kBlockFolded);
  EXPECT_EQ(jobs[1]->header.first_ordinal, 28u);
  EXPECT_TRUE(writer_.tail_covers(268));
}

// Its segment may be stored after the next batch has been prepared, and sealed the tail.
TEST_F(TrackWriterTest, KeepsRowsOfAFoldUntilTheirSegmentIsStored) {
  std::vector<RowPoint> points;
  for (int i = 0; i < 30; ++i) points.push_back(sized(10 * i, 80));
  append(points);
  arrive_late(sized(265, 80));
  const BlockJobs jobs = append({sized(300, 1'500)});
  ASSERT_THAT(jobs, SizeIs(2));
  append({sized(400, 4'000)});
  for (const RowPoint& kept : jobs[1]->points->points()) {
    const RowPoint same = sized(kept.key, kept.key == 300 ? 1'500 : 80);
    ASSERT_EQ(kept.pairs_bytes, same.pairs_bytes);
    EXPECT_TRUE(std::equal(kept.pairs, kept.pairs + kept.pairs_bytes, same.pairs)) << kept.key;
  }
}

TEST_F(TrackWriterTest, FoldsWhatLateFramesHaveMerged) {
  append({store_.make(1, {{"n", 1}})});
  append({store_.make(2, {{"n", 2}})});
  writer_.note_merged(store_.make(1, {{"n", 1}, {"late", true}}), false, 3);
  BlockJobs jobs;
  writer_.seal(jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_EQ(jobs[0]->points->points()[0].fields, 2u);
  EXPECT_EQ(jobs[0]->points->points()[1].fields, 1u);
  EXPECT_THAT(jobs[0]->order, IsEmpty());
}

// A reader could not tell which of the two it has given out once they have moved.
TEST_F(TrackWriterTest, JoinsTheLateBlocksOfATailWhereAKeyIsThereTwice) {
  append({sized(10, 10), sized(30, 10)});
  arrive_late(sized(20, 10));
  arrive_late(sized(30, 10));
  BlockJobs jobs;
  writer_.seal(jobs);
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_THAT(keys_of(*jobs[0]), ElementsAre(10, 30));
  EXPECT_EQ(jobs[0]->header.flags, 0);
  EXPECT_THAT(jobs[0]->replaced, SizeIs(3));
  EXPECT_THAT(jobs[0]->order, IsEmpty());
  EXPECT_THAT(keys_of(*jobs[1]), ElementsAre(20, 30));
  EXPECT_EQ(jobs[1]->header.flags, kBlockLate | kBlockIndexed);
  EXPECT_EQ(jobs[1]->points->points()[1].index, 3u);
  EXPECT_EQ(writer_.record().late_points, 2u);
}

// The full block begins a gap: late points before it belong to the gap before.
TEST_F(TrackWriterTest, PartsJoinedLateBlocksWhereTheFullBlockBegins) {
  append({sized(10, 10)});
  BlockJobs jobs;
  writer_.seal(jobs);
  append({sized(30, 10)});
  for (const std::int64_t key : {20, 30, 25}) arrive_late(sized(key, 10));
  jobs.clear();
  writer_.seal(jobs);
  ASSERT_THAT(jobs, SizeIs(3));
  EXPECT_THAT(keys_of(*jobs[0]), ElementsAre(30));
  EXPECT_THAT(keys_of(*jobs[1]), ElementsAre(20, 25));
  EXPECT_THAT(keys_of(*jobs[2]), ElementsAre(30));
}

// No folded block holds a key twice, nor the key that the next one begins with.
TEST_F(TrackWriterTest, SealsATailWithLatePointsBeforePointsOfOneKey) {
  append({sized(10, 10), sized(30, 10)});
  arrive_late(sized(20, 10));
  const BlockJobs jobs = append({sized(40, 10), sized(50, 10), sized(50, 10)});
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_THAT(keys_of(*jobs[0]), ElementsAre(10, 20, 30, 40));
  EXPECT_EQ(jobs[0]->header.flags, kBlockFolded);
  EXPECT_THAT(keys_of(*jobs[1]), ElementsAre(50, 50));
  EXPECT_EQ(jobs[1]->header.flags, 0);
  EXPECT_TRUE(writer_.tail_covers(50));
}

TEST_F(TrackWriterTest, PutsMergedRowsIntoTheBlockOfATailThatIsNotFolded) {
  append({store_.make(1, {{"n", 1}}), store_.make(1, {{"n", 2}})});
  append({store_.make(2, {{"n", 3}})});
  writer_.note_merged(store_.make(1, {{"n", 2}, {"late", true}}), false, 3);
  BlockJobs jobs;
  writer_.seal(jobs);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_THAT(keys_of(*jobs[0]), ElementsAre(1, 1, 2));
  EXPECT_EQ(jobs[0]->points->points()[0].fields, 1u);
  EXPECT_EQ(jobs[0]->points->points()[1].fields, 2u);
  EXPECT_EQ(jobs[0]->header.flags, 0);
}

TEST_F(TrackWriterTest, KnowsTheEndOfTheMainRunWhenTheTailIsSealed) {
  EXPECT_FALSE(writer_.end_point().has_value());
  append({store_.make(1, {{"n", 1}})});
  BlockJobs jobs;
  writer_.seal(jobs);
  ASSERT_TRUE(writer_.end_point().has_value());
  EXPECT_EQ(writer_.end_point()->key, 1);
  EXPECT_TRUE(writer_.end_takes_more());
  arrive_late(store_.make(1, {{"n", 2}}));
  EXPECT_FALSE(writer_.end_takes_more());
  append({store_.make(2, {{"n", 3}})});
  EXPECT_TRUE(writer_.end_takes_more());
}

TEST_F(TrackWriterTest, NotesExtentAndTypes) {
  append({store_.make(5, {{"a", 1}}), store_.make(9, {{"a", "x"}, {"b", 2.0}})});
  const TrackRecord& noted = writer_.record();
  EXPECT_EQ(noted.first, 5);
  EXPECT_EQ(noted.last, 9);
  EXPECT_EQ(noted.main_end, 9);
  EXPECT_THAT(noted.fields.at("a"), SizeIs(2));
  EXPECT_THAT(noted.fields.at("b"), SizeIs(1));
}

}  // namespace
}  // namespace zbag
