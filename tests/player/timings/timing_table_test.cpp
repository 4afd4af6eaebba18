#include "player/timings/timing_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zbag {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Optional;

TimingRecord record_of(const std::string& model, double total) {
  std::vector<PhaseTiming> phases(1);
  phases[0].name = "encode";
  phases[0].total_seconds = total;
  return make_timing_record("id", 0.0, std::move(phases), {{"model", model}, {"max_items", 5}});
}

TEST(TimingTableTest, FlattensMapsWithDots) {
  EXPECT_EQ(Value(flattened(Fields{{"a", 1},
                                   {"b", Fields{{"c", Fields{{"d", 2.0}}}, {"e", Array{1, 2}}}},
                                   {"f", Fields{}}})),
            Value(Fields{{"a", 1}, {"b.c.d", 2.0}, {"b.e", Array{1, 2}}}));
}

TEST(TimingTableTest, HasAColumnForEachNameThatAnyRecordHas) {
  TimingTable table;
  table.add(record_of("a", 1.0));
  TimingRecord other = record_of("b", 2.0);
  other.phases[0].name = "commit";
  table.add(other);
  EXPECT_THAT(
      table.columns(),
      ElementsAre("run_metadata.registration_id", "run_metadata.timestamp", "run_metadata.model",
                  "run_metadata.max_items", "timings.total_seconds",
                  "timings.phases.encode.total_seconds", "timings.phases.commit.total_seconds"));
  EXPECT_TRUE(table.row(0)[6].is_nil());
  EXPECT_TRUE(table.row(1)[5].is_nil());
  EXPECT_EQ(table.row(1)[6], Value(2.0));
}

// By hand: 1, 2, 4, 9 have mean 4; squares about it 9 + 4 + 0 + 25 = 38, over 3; at 0.75, 1.5 and
// 2.25 of the positions 0 to 3 lie 1.75, 3 and 5.25.
TEST(TimingTableTest, DescribesNumbersAsTheHandComputedTableHasThem) {
  TimingTable table;
  for (const double total : {9.0, 1.0, 4.0, 2.0}) table.add(record_of("a", total));
  const std::optional<Description> found = table.describe("timings.total_seconds");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 4u);
  EXPECT_DOUBLE_EQ(found->mean, 4.0);
  EXPECT_THAT(found->std_dev, Optional(DoubleNear(3.5590260840104371, 1e-15)));
  EXPECT_EQ(found->min, 1.0);
  EXPECT_DOUBLE_EQ(found->quarter, 1.75);
  EXPECT_DOUBLE_EQ(found->half, 3.0);
  EXPECT_DOUBLE_EQ(found->three_quarters, 5.25);
  EXPECT_EQ(found->max, 9.0);
}

TEST(TimingTableTest, DescribesWhatHasNumbersAlone) {
  TimingTable table;
  table.add(record_of("a", 1.0));
  EXPECT_FALSE(table.describe("run_metadata.model").has_value());
  EXPECT_FALSE(table.describe("absent").has_value());
  EXPECT_FALSE(table.describe("timings.total_seconds")->std_dev.has_value());
  EXPECT_EQ(table.describe("run_metadata.max_items")->mean, 5.0);
}

TEST(TimingTableTest, GroupsWithTheMeanOfEach) {
  TimingTable table;
  table.add(record_of("a", 1.0));
  table.add(record_of("b", 10.0));
  table.add(record_of("a", 2.0));
  const std::vector<TimingTable::Group> groups =
      table.group({"run_metadata.model"}, {"timings.total_seconds", "run_metadata.model"});
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_THAT(groups[0].by, ElementsAre(Value("a")));
  EXPECT_EQ(groups[0].count, 2u);
  EXPECT_THAT(groups[0].means, ElementsAre(Optional(1.5), std::nullopt));
  EXPECT_THAT(groups[1].means, ElementsAre(Optional(10.0), std::nullopt));
}

}  // namespace
}  // namespace zbag
