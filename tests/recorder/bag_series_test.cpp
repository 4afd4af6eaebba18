#include "recorder/bag_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

class BagSeriesTest : public testing::Test {
 protected:
  void touch(const std::string& path) { std::ofstream(path) << "x"; }
  // Goes on in the next bag, which holds `points`.
  BagSeries::Removed go_on(BagSeries& series, std::uint64_t points) {
    const std::string path = series.next_path();
    touch(path);
    series.begin(path, start_);
    series.note_points(points);
    return series.remove_oldest();
  }

  TempDir dir_;
  const BagSeries::SteadyTime start_{};
  const std::string first_ = dir_.path("day.zbag");
};

TEST_F(BagSeriesTest, IsNeverDueWithoutRules) {
  BagSeries series(first_, {}, start_);
  series.note_points(1);
  EXPECT_FALSE(series.is_due(UINT64_MAX, start_ + std::chrono::hours(1'000)));
}

TEST_F(BagSeriesTest, IsDueBySizeAndByAgeOnceItHoldsPoints) {
  BagSeries series(first_, {.bytes_max = 100, .age_max = seconds(10)}, start_);
  EXPECT_FALSE(series.is_due(101, start_ + seconds(10)));
  series.note_points(1);
  EXPECT_FALSE(series.is_due(100, start_ + seconds(9)));
  EXPECT_TRUE(series.is_due(101, start_));
  EXPECT_TRUE(series.is_due(0, start_ + seconds(10)));
  series.begin(series.next_path(), start_ + seconds(10));
  series.note_points(1);
  EXPECT_FALSE(series.is_due(100, start_ + seconds(19)));
  EXPECT_TRUE(series.is_due(0, start_ + seconds(20)));
}

TEST_F(BagSeriesTest, NumbersBagsAndPassesOverNamesThatAreTaken) {
  BagSeries series(first_, {}, start_);
  touch(dir_.path("day_0002.zbag"));
  go_on(series, 1);
  EXPECT_EQ(series.path(), dir_.path("day_0001.zbag"));
  go_on(series, 1);
  EXPECT_EQ(series.path(), dir_.path("day_0003.zbag"));
  EXPECT_THAT(series.paths(),
              ElementsAre(first_, dir_.path("day_0001.zbag"), dir_.path("day_0003.zbag")));
}

TEST_F(BagSeriesTest, NeverGivesANameOutTwice) {
  BagSeries series(dir_.path("plain"), {.files_max = 1}, start_);
  go_on(series, 1);
  EXPECT_EQ(series.next_path(), dir_.path("plain_0002"));  // though it could not be made
  EXPECT_EQ(series.next_path(), dir_.path("plain_0003"));
}

TEST_F(BagSeriesTest, KeepsTheNewestBags) {
  touch(first_);
  touch(first_ + "-lock");
  BagSeries series(first_, {.files_max = 2}, start_);
  series.note_points(7);
  EXPECT_EQ(go_on(series, 8).bags, 0u);
  const BagSeries::Removed removed = go_on(series, 9);
  EXPECT_EQ(removed.bags, 1u);
  EXPECT_EQ(removed.points, 7u);
  EXPECT_FALSE(std::filesystem::exists(first_));
  EXPECT_FALSE(std::filesystem::exists(first_ + "-lock"));
  EXPECT_THAT(series.paths(), ElementsAre(dir_.path("day_0001.zbag"), dir_.path("day_0002.zbag")));
}

TEST_F(BagSeriesTest, CountsNothingAsRemovedThatSomebodyElseRemoved) {
  BagSeries series(first_, {.files_max = 1}, start_);  // there is no such file
  series.note_points(7);
  EXPECT_EQ(go_on(series, 1).points, 0u);
}

}  // namespace
}  // namespace zbag
