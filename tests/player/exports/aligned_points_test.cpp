#include "player/exports/aligned_points.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <limits>
#include <sstream>

#include "player/exports/exporter.hpp"
#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/records/layout.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using std::chrono_literals::operator""ms;

class AlignedPointsTest : public testing::Test {
 protected:
  // The rows of csv, which are written on the clock of `tick`.
  std::vector<std::string> rows(Alignment alignment, ExportChoice choice = {}) {
    Playlist playlist = Playlist::open({path_}).value();
    choice.align = std::move(alignment);
    const std::string out = dir_.path("out" + std::to_string(exports_++) + ".csv");
    ExportSource source(playlist, std::move(choice), {}, {});
    EXPECT_TRUE(source.check());
    EXPECT_TRUE(make_exporter({.format = "csv", .out = out}).value()->write(source));
    std::ifstream file(out);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);)
      lines.push_back(line.substr(0, line.size() - 1));
    return lines;
  }

  TempDir dir_;
  int exports_ = 0;
  std::string path_ =
      write_bag(dir_.path("in.zbag"),
                {{"tick", 1.0, {{"n", 1}}},
                 {"tick", 2.0, {{"n", 2}}},
                 {"tick", 3.0, {{"n", 3}}},
                 {"arm", 1.5, {{"q", 10}, {"mode", "a"}, {"pose", Fields{{"x", 1.0}}}}},
                 {"arm", 2.75, {{"q", 20}, {"mode", "b"}, {"pose", Fields{{"x", 6.0}}}}}});
};

TEST_F(AlignedPointsTest, GiveTheLastPointByThen) {
  EXPECT_THAT(rows({"tick"}), ElementsAre("timestamp,arm.mode,arm.pose.x,arm.q,tick.n", "1.0,,,,1",
                                          "2.0,a,1.0,10,2", "3.0,b,6.0,20,3"));
}

TEST_F(AlignedPointsTest, GiveTheNearestPoint) {
  EXPECT_THAT(rows({"tick", AlignHow::kNearest}),
              ElementsAre("timestamp,arm.mode,arm.pose.x,arm.q,tick.n", "1.0,a,1.0,10,1",
                          "2.0,a,1.0,10,2", "3.0,b,6.0,20,3"));
}

TEST_F(AlignedPointsTest, GiveNumbersInBetween) {
  EXPECT_THAT(rows({"tick", AlignHow::kLinear}),
              ElementsAre("timestamp,arm.mode,arm.pose.x,arm.q,tick.n", "1.0,,,,1",
                          "2.0,a,3.0,14.0,2", "3.0,b,,,3"));
}

TEST_F(AlignedPointsTest, AreInfiniteBesideAnInfiniteNumber) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  path_ = write_bag(dir_.path("inf.zbag"), {{"arm", 1.0, {{"q", kInfinite}}},
                                            {"arm", 3.0, {{"q", 1.5}}},
                                            {"arm", 5.0, {{"q", -kInfinite}}},
                                            {"tick", 2.0, {{"n", 1}}},
                                            {"tick", 4.0, {{"n", 2}}}});
  ExportChoice choice;
  choice.columns = {"arm.q"};
  EXPECT_THAT(rows({"tick", AlignHow::kLinear}, choice),
              ElementsAre("timestamp,arm.q", "2.0,inf", "4.0,-inf"));
}

TEST_F(AlignedPointsTest, GiveTheNumbersOfAPointAtItsTime) {
  EXPECT_THAT(rows({"arm", AlignHow::kLinear}),
              ElementsAre("timestamp,arm.mode,arm.pose.x,arm.q,tick.n", "1.5,a,1.0,10,1.5",
                          "2.75,b,6.0,20,2.75"));
}

// Of which a float has not all.
TEST_F(AlignedPointsTest, GiveWholeNumbersAsTheyAreWhereNothingLiesBetween) {
  constexpr std::int64_t kBig = (std::int64_t{1} << 53) + 1;
  path_ = write_bag(dir_.path("big.zbag"), {{"arm", 1.0, {{"n", kBig}, {"few", 7}}},
                                            {"arm", 2.0, {{"n", kBig}, {"few", 7}}},
                                            {"arm", 3.0, {{"n", kBig + 2}, {"few", 8}}},
                                            {"tick", 1.0, {{"t", 1}}},
                                            {"tick", 1.5, {{"t", 2}}},
                                            {"tick", 2.5, {{"t", 3}}},
                                            {"tick", 3.0, {{"t", 4}}}});
  EXPECT_THAT(rows({"tick", AlignHow::kLinear}),
              ElementsAre("timestamp,arm.few,arm.n,tick.t", "1.0,7,9007199254740993,1",
                          "1.5,7,9007199254740993,2", "2.5,7.5,9007199254740994.0,3",
                          "3.0,8,9007199254740995,4"));
}

TEST_F(AlignedPointsTest, GiveNothingBeyondTheTolerance) {
  EXPECT_THAT(rows({"tick", AlignHow::kNearest, 499ms}),
              ElementsAre("timestamp,arm.mode,arm.pose.x,arm.q,tick.n", "1.0,,,,1", "2.0,,,,2",
                          "3.0,b,6.0,20,3"));
  EXPECT_THAT(rows({"tick", AlignHow::kLinear, 500ms}),
              ElementsAre("timestamp,arm.mode,arm.pose.x,arm.q,tick.n", "1.0,,,,1", "2.0,a,,,2",
                          "3.0,b,,,3"));
}

// A range cuts the clock off, and what the others had by then is what they have.
TEST_F(AlignedPointsTest, HaveWhatHeldWhenTheRangeBegins) {
  ExportChoice choice;
  choice.selection.range.first = 2'500'000'000;
  choice.columns = {"arm.q"};
  choice.selection.range.last = 2'500'000'000;
  path_ = write_bag(dir_.path("before.zbag"), {{"tick", 2.0, {{"n", 1}}},
                                               {"tick", 2.5, {{"n", 2}}},
                                               {"tick", 3.0, {{"n", 3}}},
                                               {"arm", 1.0, {{"q", 10}}},
                                               {"arm", 2.125, {{"q", 20}}},
                                               {"arm", 2.625, {{"q", 50}}}});
  EXPECT_THAT(rows({"tick"}, choice), ElementsAre("timestamp,arm.q", "2.5,20"));
  EXPECT_THAT(rows({"tick", AlignHow::kNearest}, choice), ElementsAre("timestamp,arm.q", "2.5,50"));
  EXPECT_THAT(rows({"tick", AlignHow::kLinear}, choice),
              ElementsAre("timestamp,arm.q", "2.5,42.5"));
  EXPECT_THAT(rows({"tick", AlignHow::kFloor, 249ms}, choice),
              ElementsAre("timestamp,arm.q", "2.5,"));
  choice.where = PointCondition::parse("q = 10 or n > 0").value();
  EXPECT_THAT(rows({"tick"}, choice), ElementsAre("timestamp,arm.q", "2.5,10"));
}

// Of a track that has no point in the range at all.
TEST_F(AlignedPointsTest, HaveTheOnlyPointOfATrackFromBeforeTheRange) {
  path_ = write_bag(dir_.path("before.zbag"), {{"fix", 999.9, {{"lat", 52.5}}},
                                               {"tick", 1'000.0, {{"n", 1}}},
                                               {"tick", 1'000.0625, {{"n", 2}}}});
  ExportChoice choice;
  choice.selection.range.first = 1'000'050'000'000;
  for (const AlignHow how : {AlignHow::kFloor, AlignHow::kNearest}) {
    EXPECT_THAT(rows({"tick", how}, choice),
                ElementsAre("timestamp,fix.lat,tick.n", "1000.0625,52.5,2"));
  }
}

TEST_F(AlignedPointsTest, EndAtTheLimitAndHaveTheChosenColumns) {
  ExportChoice choice;
  choice.limit = 2;
  choice.columns = {"arm.q"};
  EXPECT_THAT(rows({"tick"}, choice), ElementsAre("timestamp,arm.q", "1.0,", "2.0,10"));
}

// Of the journal: the cursor of each track meets it.
TEST_F(AlignedPointsTest, TellOfOneDamageOnce) {
  {
    const auto file = BagFile::open_to_write(path_, 64u << 20).value();
    const auto txn = file->env().write().value();
    ASSERT_TRUE(txn->put(file->tables().journal, journal_key(77), "no record"));
    ASSERT_TRUE(txn->commit());
  }
  Playlist playlist = Playlist::open({path_}).value();
  std::vector<std::string> told;
  ExportSource source(playlist, {.align = Alignment{"tick"}}, {},
                      [&](const Remark& remark) { told.push_back(remark.what); });
  ASSERT_TRUE(source.each_point([](const PointView&) { return Status(); }));
  EXPECT_THAT(told, testing::SizeIs(1));
  EXPECT_EQ(source.report().points, 3u);
  EXPECT_EQ(source.report().left_out, 1u);
}

TEST_F(AlignedPointsTest, NeedTheTrackWhoseClockItIs) {
  Playlist playlist = Playlist::open({path_}).value();
  ExportChoice choice;
  choice.align = Alignment{"tock"};
  EXPECT_EQ(ExportSource(playlist, choice, {}, {}).check().error().code, ErrorCode::kNotFound);
}

TEST_F(AlignedPointsTest, AreRefusedWhereThereAreNoRows) {
  EXPECT_EQ(make_exporter({.format = "mocap", .out = "x.json", .is_aligned = true}).error().message,
            "mocap does not know --align; leave it out");
}

}  // namespace
}  // namespace zbag
