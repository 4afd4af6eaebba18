#include "player/columns/table_metadata.hpp"

#include <gmock/gmock.h>

#include "recorder/bag_session.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;

// S4.7, S4.8
class TableMetadataTest : public testing::Test {
 protected:
  void append(int count) {
    Track track = session_->track("robot/imu").value();
    for (int i = 0; i < count; ++i)
      ASSERT_TRUE(track.append({{"ax", 0.5}, {"n", next_}}, static_cast<double>(next_++)));
    ASSERT_TRUE(session_->flush());
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  std::unique_ptr<Session> session_ = open_bag_session(path_, {}).value();
  int next_ = 0;
};

TEST_F(TableMetadataTest, StaysWhatItWasUntilItIsAskedToLookAgain) {
  append(5);
  const BagReader reader = BagReader::open(path_).value();
  TableMetadata tables = TableMetadata::discover(reader).value();
  EXPECT_EQ(tables.stats("robot/imu")->rows, 5u);
  append(10);
  EXPECT_EQ(tables.stats("robot/imu")->rows, 5u);
  ASSERT_TRUE(tables.refresh("robot/imu"));
  EXPECT_EQ(tables.stats("robot/imu")->rows, 15u);
}

TEST_F(TableMetadataTest, KnowsColumnsWithTheirTypes) {
  append(1);
  const BagReader reader = BagReader::open(path_).value();
  TableMetadata tables = TableMetadata::discover(reader).value();
  EXPECT_THAT(tables.tables(), ElementsAre("robot/imu"));
  const auto* const columns = tables.columns("robot/imu");
  ASSERT_NE(columns, nullptr);
  ASSERT_EQ(columns->size(), 2u);
  EXPECT_EQ(columns->at(0).names, FieldNames{"ax"});
  EXPECT_THAT(columns->at(0).types, ElementsAre(ColumnType::kFloat64));
  EXPECT_EQ(tables.columns("robot/gps"), nullptr);
}

TEST_F(TableMetadataTest, ForgetsAndIsToldAndCounts) {
  append(1);
  const BagReader reader = BagReader::open(path_).value();
  TableMetadata tables = TableMetadata::discover(reader).value();
  EXPECT_TRUE(tables.invalidate("robot/imu"));
  EXPECT_FALSE(tables.invalidate("robot/imu"));
  EXPECT_FALSE(tables.stats("robot/imu"));
  tables.update("robot/imu", {{}, {7, 70}});
  EXPECT_EQ(tables.stats("robot/imu"), (TableStats{7, 70}));
  const TableMetadata::CacheStats stats = tables.cache_stats();
  EXPECT_EQ(stats.tables, 1u);
  EXPECT_EQ(stats.hits, 1u);
  EXPECT_EQ(stats.misses, 1u);
  EXPECT_EQ(tables.clear(), 1u);
  ASSERT_TRUE(tables.refresh());
  EXPECT_EQ(tables.cache_stats().tables, 1u);
  EXPECT_EQ(tables.refresh("robot/gps").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zbag
