#include "recorder/bag/track_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  BlockJobs append(const std::vector<RowPoint>& points) {
    BlockJobs jobs;
    writer_.append(points, jobs);
    return jobs;
  }
  RowPoint sized(std::int64_t key, std::size_t bytes) {
    return store_.make(key, {{"x", Binary{std::string(bytes, 'x')}}});
  }

  EncodePool pool_{{Compression::kNone, 0}, 0};
  RowStore store_;
  TrackWriter writer_{record(), 1, pool_};  // full blocks of one page
};

TEST_F(TrackWriterTest, MakesASegmentOfWhatIsNew) {
  const BlockJobs first = append({sized(1, 10), sized(2, 10)});
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(first[0]->key, (BlockKey{5, 1, 0}));
  EXPECT_EQ(first[0]->points->count(), 2u);
  const BlockJobs second = append({sized(3, 10)});
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0]->key, (BlockKey{5, 3, 1}));
  EXPECT_EQ(second[0]->header.first_ordinal, 2u);
  EXPECT_TRUE(writer_.has_crumbs());
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
  }
  BlockJobs jobs = append({store_.make(2, {{"word", "there"}})});
  jobs.clear();
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
