#include "recorder/bag/upkeep/merge.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;

void ignore(const std::string&) {}

class MergeTest : public testing::Test {
 protected:
  Result<MergeReport> merge(const MergeRules& mode) {
    Playlist bags = Playlist::open({front_, back_}).value();
    return merge_bags(bags, out_, {.rules = mode}, {}, ignore);
  }
  std::vector<Fields> points(const std::string& track) const {
    const BagReader reader = BagReader::open(out_).value();
    std::vector<Fields> fields;
    const Page page = reader.read_page(track, 0, kPageMax).value();
    for (const Point& point : page.points) fields.push_back(point.fields);
    return fields;
  }

  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path("")))
      names.insert(entry.path().filename());
    return names;
  }

  TempDir dir_;
  const std::string out_ = dir_.path("out.zbag");
  const std::string front_ =
      write_bag(dir_.path("front.zbag"), {{"arm", 1.0, {{"x", 1}, {"y", 1}}}, {"base", 3.0, {}}});
  const std::string back_ =
      write_bag(dir_.path("back.zbag"), {{"arm", 0.5, {{"x", 0}}}, {"arm", 1.0, {{"x", 2}}}});
};

TEST_F(MergeTest, MakesOnePointOfWhatMeetsAtOneStampTheBagGivenFirstBeingTheEarlier) {
  const MergeReport report = merge(MergeMode::kShallow).value();
  EXPECT_EQ(report.points, 3u);
  EXPECT_EQ(report.merged, 1u);
  EXPECT_EQ(report.overwritten, 1u);
  EXPECT_EQ(report.left_out, 0u);
  EXPECT_THAT(points("arm"), ElementsAre(Fields{{"x", 0}}, Fields{{"x", 2}, {"y", 1}}));
}

TEST_F(MergeTest, KeepsEveryPointWhenAskedTo) {
  EXPECT_EQ(merge(MergeMode::kAppend)->merged, 0u);
  EXPECT_THAT(points("arm"),
              ElementsAre(Fields{{"x", 0}}, Fields{{"x", 1}, {"y", 1}}, Fields{{"x", 2}}));
}

TEST_F(MergeTest, JoinsWhatLosesNothing) {
  const MergeReport report = merge({}).value();
  EXPECT_EQ(report.points, 4u);
  EXPECT_EQ(report.kept_apart, 1u);
  EXPECT_EQ(report.overwritten, 0u);
  EXPECT_THAT(points("arm"),
              ElementsAre(Fields{{"x", 0}}, Fields{{"x", 1}, {"y", 1}}, Fields{{"x", 2}}));
}

// Two transforms of one instant, in two cuts of one recording: both once. Of what is a bag's own
// nothing meets.
TEST_F(MergeTest, NeverJoinsTwoPointsOfOneBag) {
  const std::vector<BagPoint> transforms = {{"tf", 1.0, {{"child", "arm"}}},
                                            {"tf", 1.0, {{"child", "head"}}}};
  const std::string first = write_bag(dir_.path("first.zbag"), transforms);
  const std::string second = write_bag(dir_.path("second.zbag"), transforms);
  Playlist bags = Playlist::open({first, second}).value();
  const MergeReport report = merge_bags(bags, out_, {}, {}, ignore).value();
  EXPECT_EQ(report.points, 2u);
  EXPECT_EQ(report.duplicates + report.merged, 2u);
  EXPECT_THAT(points("tf"), ElementsAre(Fields{{"child", "arm"}}, Fields{{"child", "head"}}));
  EXPECT_TRUE(BagReader::open(out_)->summary()->fate().balances());
}

TEST_F(MergeTest, CountsAFrameThatTwoBagsHaveAsADuplicate) {
  const std::string copy = dir_.path("copy.zbag");
  std::filesystem::copy_file(front_, copy);
  Playlist bags = Playlist::open({front_, copy}).value();
  const MergeReport report =
      merge_bags(bags, out_, {.rules = MergeMode::kAppend}, {}, ignore).value();
  EXPECT_EQ(report.points, 2u);
  EXPECT_EQ(report.duplicates, 2u);
  EXPECT_EQ(report.merged, 0u);
}

// As if each bag had been cut before.
TEST_F(MergeTest, JoinsTheChosenFieldsOfTheFirstPoints) {
  Playlist bags = Playlist::open({front_, back_}).value();
  MergeOptions options;
  options.choice.columns = {"y"};
  options.choice.points_max = 3;
  const MergeReport report = merge_bags(bags, out_, options, {}, ignore).value();
  EXPECT_EQ(report.points, 2u);
  EXPECT_EQ(report.merged, 1u);
  EXPECT_THAT(points("arm"), ElementsAre(Fields{}, Fields{{"y", 1}}));
  EXPECT_THAT(points("base"), ElementsAre());
  EXPECT_TRUE(BagReader::open(out_)->summary()->fate().balances());
}

TEST_F(MergeTest, AddsUpWhatBecameOfTheFrames) {
  ASSERT_TRUE(merge(MergeMode::kShallow).has_value());
  const Fate fate = BagReader::open(out_)->summary()->fate();
  EXPECT_EQ(fate.received, 4u);
  EXPECT_TRUE(fate.balances());
}

TEST_F(MergeTest, LeavesNothingBehindWhenItIsStopped) {
  std::vector<BagPoint> many;
  for (int i = 0; i < 1'000; ++i) many.push_back({"arm", 10.0 + i, {{"x", i}}});
  const std::string long_bag = write_bag(dir_.path("long.zbag"), many);
  Playlist bags = Playlist::open({front_, long_bag}).value();
  const auto before = files();
  const auto stop = [](double) { return false; };
  EXPECT_EQ(merge_bags(bags, out_, {.rules = MergeMode::kShallow}, stop, ignore).error().code,
            ErrorCode::kClosed);
  EXPECT_EQ(files(), before);
}

}  // namespace
}  // namespace zbag
