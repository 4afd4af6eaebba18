#include "recorder/bag_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  void go_on(BagSeries& series, std::uint64_t points) {
    const std::string path = series.next_path();
    touch(path);
    series.begin(path);
    series.note_points(points, start_);
  }

  TempDir dir_;
  const BagSeries::SteadyTime start_{};
  const std::string first_ = dir_.path("day.zbag");
};

TEST_F(BagSeriesTest, IsNeverDueWithoutRules) {
  BagSeries series(first_, {});
  series.note_points(1, start_);
  EXPECT_FALSE(series.is_due(UINT64_MAX, start_ + std::chrono::hours(1'000)));
}

TEST_F(BagSeriesTest, IsDueBySizeAndByAgeOnceItHoldsPoints) {
  BagSeries series(first_, {.bytes_max = 100, .age_max = seconds(10)});
  EXPECT_FALSE(series.is_due(101, start_ + seconds(10)));
  series.note_points(1, start_);
  series.note_points(1, start_ + seconds(9));
  EXPECT_FALSE(series.is_due(100, start_ + seconds(9)));
  EXPECT_TRUE(series.is_due(101, start_));
  EXPECT_TRUE(series.is_due(0, start_ + seconds(10)));
}

// However long nothing came before.
TEST_F(BagSeriesTest, IsAsOldAsItsFirstPoints) {
  BagSeries series(first_, {.age_max = seconds(10)});
  series.note_points(1, start_ + seconds(100));
  EXPECT_FALSE(series.is_due(0, start_ + seconds(109)));
  EXPECT_TRUE(series.is_due(0, start_ + seconds(110)));
  series.begin(series.next_path());
  series.note_points(1, start_ + seconds(200));
  EXPECT_FALSE(series.is_due(0, start_ + seconds(209)));
}

TEST_F(BagSeriesTest, IsNotDueWhileItIsPutOff) {
  BagSeries series(first_, {.bytes_max = 100});
  series.note_points(1, start_);
  series.put_off(start_ + seconds(60));
  EXPECT_FALSE(series.is_due(101, start_ + seconds(59)));
  EXPECT_TRUE(series.is_due(101, start_ + seconds(60)));
}

TEST_F(BagSeriesTest, NumbersBagsAndPassesOverNamesThatAreTaken) {
  BagSeries series(first_, {});
  touch(dir_.path("day_0002.zbag"));
  go_on(series, 1);
  EXPECT_EQ(series.path(), dir_.path("day_0001.zbag"));
  go_on(series, 1);
  EXPECT_EQ(series.path(), dir_.path("day_0003.zbag"));
  EXPECT_THAT(series.paths(),
              ElementsAre(first_, dir_.path("day_0001.zbag"), dir_.path("day_0003.zbag")));
  EXPECT_TRUE(series.take_oldest(1).empty());
}

TEST_F(BagSeriesTest, NeverGivesANameOutTwice) {
  BagSeries series(dir_.path("plain"), {});
  EXPECT_EQ(series.next_path(), dir_.path("plain_0001"));  // though it could not be made
  EXPECT_EQ(series.next_path(), dir_.path("plain_0002"));
}

TEST_F(BagSeriesTest, GivesOutTheOldestBeyondTheRing) {
  BagSeries series(first_, {.files_max = 2});
  series.note_points(7, start_);
  EXPECT_TRUE(series.take_oldest(1).empty());
  go_on(series, 8);
  EXPECT_TRUE(series.take_oldest(0).empty());
  const std::vector<BagSeries::Part> oldest = series.take_oldest(1);
  ASSERT_EQ(oldest.size(), 1u);
  EXPECT_EQ(oldest[0].path, first_);
  EXPECT_EQ(oldest[0].points, 7u);
  EXPECT_THAT(series.paths(), ElementsAre(dir_.path("day_0001.zbag")));
}

TEST_F(BagSeriesTest, NeverGivesOutThePresentBag) {
  BagSeries series(first_, {.files_max = 1});
  EXPECT_TRUE(series.take_oldest(1).empty());
  go_on(series, 1);
  EXPECT_EQ(series.take_oldest(0).size(), 1u);
  EXPECT_EQ(series.path(), dir_.path("day_0001.zbag"));
}

}  // namespace
}  // namespace zbag
