#include "player/exports/hdf5/dataset_names.hpp"

#include <gmock/gmock.h>

#include <set>

namespace zbag::hdf5 {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_of(const DatasetNames& names, const std::string& track,
                                  const std::vector<std::string>& columns) {
  std::vector<std::string> given;
  for (const ColumnName& column : names.columns_of(track, columns)) given.push_back(column.name);
  return given;
}

TEST(DatasetNamesTest, MakesAGroupOfEachSegment) {
  const DatasetNames names({"arm", "robot", "robot/arm/imu"});
  EXPECT_THAT(names.groups_of("arm"), ElementsAre("arm"));
  EXPECT_THAT(names.groups_of("robot/arm/imu"), ElementsAre("robot", "arm", "imu"));
}

TEST(DatasetNamesTest, LeavesAColumnTheNameOfNoGroup) {
  const DatasetNames names({"robot", "robot/arm"});
  EXPECT_THAT(names_of(names, "robot", {"arm", "arm_", "leg"}),
              ElementsAre("arm__", "arm_", "leg"));
  EXPECT_THAT(names_of(names, "robot/arm", {"arm"}), ElementsAre("arm"));
}

TEST(DatasetNamesTest, KeepsTheStampsOfATrack) {
  const DatasetNames names({"a", "a/_ts", "a/_ts_", "b/_ts"});
  EXPECT_THAT(names.groups_of("a/_ts"), ElementsAre("a", "_ts__"));
  EXPECT_THAT(names.groups_of("a/_ts_"), ElementsAre("a", "_ts_"));
  EXPECT_THAT(names.groups_of("b/_ts"), ElementsAre("b", "_ts"));
  EXPECT_THAT(names_of(names, "a", {"_ts_ns"}), ElementsAre("_ts_ns_"));
}

TEST(DatasetNamesTest, WritesNamesThatAreNoneInOtherLetters) {
  const DatasetNames names({"t"});
  EXPECT_THAT(names_of(names, "t", {"", ".", "..", "a/b", "a.b", std::string("n\0l", 3)}),
              ElementsAre("_", "_.", "_..", "a.b_", "a.b", "n\\x00l"));
}

TEST(DatasetNamesTest, GivesNoNameTwice) {
  const DatasetNames names({"t", "t/x.valid"});
  const std::vector<ColumnName> given = names.columns_of("t", {"x", "x.valid", "x/valid", "y"});
  std::set<std::string> all{"_ts", "_ts_ns", "x.valid"};
  for (const ColumnName& column : given) {
    EXPECT_TRUE(all.insert(column.name).second) << column.name;
    EXPECT_TRUE(all.insert(column.valid).second) << column.valid;
  }
  EXPECT_EQ(given.back().valid, "y.valid");
}

}  // namespace
}  // namespace zbag::hdf5
