// The track API over a bag: the behaviours that DreamLake's and ML-Dash's own tests pin down
// (requirements 1.7), and what this project decided where they disagree.
#include "recorder/bag_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/track_schema.hpp"
#include "schemas/field_lookup.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Timestamp at(double seconds) { return Timestamp::from_seconds(seconds).value(); }

std::vector<double> stamps_of(const std::vector<Point>& points) {
  std::vector<double> stamps;
  for (const Point& point : points) stamps.push_back(point.stamp().seconds());
  return stamps;
}

class BagSessionTest : public testing::Test {
 protected:
  void SetUp() override { reopen({}); }
  void reopen(BagSessionOptions options) {
    session_.reset();
    options.bag.map_bytes = 64u << 20;
    session_ = open_bag_session(path_, std::move(options)).value();
  }
  Track track(std::string_view name) { return session_->track(name).value(); }
  std::vector<Point> read(std::string_view name) { return track(name).read().value(); }
  void fill(Track handle, int points) {
    for (int i = 0; i < points; ++i) ASSERT_TRUE(handle.append({{"i", i}}, i * 0.1).has_value());
  }

  TempDir dir_;
  const std::string path_ = dir_.path("run.zbag");
  std::unique_ptr<Session> session_;
};

// S0.1
TEST_F(BagSessionTest, KeepsNamesThatShareAPrefixApart) {
  for (const char* name :
       {"robot/pos", "robot/position", "robot/position/left-camera", "robot_pos"}) {
    ASSERT_TRUE(track(name).append({{"name", name}}, 1.0).has_value());
  }
  EXPECT_EQ(read("robot/pos").at(0).fields, (Fields{{"name", "robot/pos"}}));
  EXPECT_EQ(read("robot/position").at(0).fields, (Fields{{"name", "robot/position"}}));
  EXPECT_THAT(read("robot/position/left-camera"), SizeIs(1));
  EXPECT_THAT(read("robot_pos"), SizeIs(1));
}

// S0.2
TEST_F(BagSessionTest, GivesTheSameTrackForTheSameName) {
  ASSERT_TRUE(track("a").append({{"v", 1}}, 1.0).has_value());
  EXPECT_THAT(track("a").read().value(), SizeIs(1));
}

// S0.3
TEST_F(BagSessionTest, KeepsEveryKindOfValueBitForBit) {
  const Fields fields{{"int", -7},
                      {"big", std::numeric_limits<std::uint64_t>::max()},
                      {"small", std::numeric_limits<std::int64_t>::min()},
                      {"double", 0.1},
                      {"float", 0.1f},
                      {"zero", -0.0},
                      {"bool", true},
                      {"text", "h\xc3\xa9llo \xe4\xb8\x96\xe7\x95\x8c"},
                      {"nil", nullptr},
                      {"map", Fields{{"a", Fields{{"b", 1}}}}},
                      {"array", std::vector<double>{1.0, 2.5}},
                      {"ext", Extension{5, "xyz"}},
                      {"bin", Binary{std::string(1u << 20, '\x80')}}};
  ASSERT_TRUE(track("a").append(fields, 1.0).has_value());
  EXPECT_EQ(read("a").at(0).fields, fields);
}

// S0.11, S0.37: the document's example.
TEST_F(BagSessionTest, MergesAppendsOfOneStampIntoOnePoint) {
  ASSERT_TRUE(track("robot").append({{"q", 0.1}}, 1.0).has_value());
  ASSERT_TRUE(track("robot").append({{"v", 0.2}}, 1.0).has_value());
  ASSERT_TRUE(track("other").append({{"v", 0.3}}, 1.0).has_value());
  const std::vector<Point> points = read("robot");
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].fields, (Fields{{"q", 0.1}, {"v", 0.2}}));
  EXPECT_THAT(read("other"), SizeIs(1));
}

// D3: a frame that comes after the point was written merges into it all the same.
TEST_F(BagSessionTest, MergesAnAppendAfterAFlush) {
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0).has_value());
  ASSERT_TRUE(session_->flush().has_value());
  ASSERT_TRUE(track("a").append({{"camera", Fields{{"pos", 2}}}}, 1.0).has_value());
  ASSERT_TRUE(session_->flush().has_value());
  ASSERT_TRUE(track("a").append({{"q", 3}}, 1.0).has_value());
  ASSERT_THAT(read("a"), SizeIs(2));  // and nothing is replaced
  EXPECT_EQ(read("a").at(0).fields, (Fields{{"q", 1}, {"camera", Fields{{"pos", 2}}}}));
  EXPECT_EQ(read("a").at(1).fields, (Fields{{"q", 3}}));
}

// S0.13
TEST_F(BagSessionTest, WritesWhatCameOutOfOrderInOrder) {
  for (const double stamp : {3.0, 1.0, 2.0})
    ASSERT_TRUE(track("a").append({{"s", stamp}}, stamp).has_value());
  ASSERT_TRUE(track("a").flush().has_value());
  EXPECT_THAT(stamps_of(read("a")), ElementsAre(1.0, 2.0, 3.0));
  const Page page = track("a").read_page(0).value();
  EXPECT_THAT(stamps_of(page.points), ElementsAre(1.0, 2.0, 3.0));
}

// S0.8, S0.42
TEST_F(BagSessionTest, StampsEveryPointOfItsOwnStrictlyIncreasing) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(track("a").append({{"i", i}}).has_value());
  const std::vector<double> stamps = stamps_of(read("a"));
  ASSERT_THAT(stamps, SizeIs(100));
  EXPECT_EQ(std::set<double>(stamps.begin(), stamps.end()).size(), 100u);
}

// S0.19
TEST_F(BagSessionTest, ReadsItsOwnWritesWithoutAFlush) {
  fill(track("a"), 5);
  EXPECT_THAT(read("a"), SizeIs(5));
  EXPECT_EQ(track("a").stats()->points, 5u);
}

// S0.20: 0.7 finds the point written as 7 * 0.1, too.
TEST_F(BagSessionTest, ReadsClosedRanges) {
  fill(track("a"), 10);
  EXPECT_THAT(track("a").read(at(0.2), at(0.5)).value(), SizeIs(4));
  EXPECT_THAT(track("a").slice(at(0.7), at(0.7)).value(), SizeIs(1));
}

// S0.21, S0.22
TEST_F(BagSessionTest, ReadsRangesThatAreOpenOrEmpty) {
  fill(track("a"), 10);
  EXPECT_THAT(track("a").read(at(0.5), {}).value(), SizeIs(5));
  EXPECT_THAT(track("a").read({}, at(0.5)).value(), SizeIs(6));
  EXPECT_THAT(track("a").read().value(), SizeIs(10));
  EXPECT_THAT(track("a").read(at(5), at(1)).value(), IsEmpty());
}

// D4
TEST_F(BagSessionTest, ReadsHalfOpenRangesByTime) {
  fill(track("a"), 10);
  EXPECT_THAT(track("a").read_by_time(at(0.2), at(0.7)).value(), SizeIs(5));
  EXPECT_THAT(track("a").read_by_time(at(0.2), at(0.2)).value(), IsEmpty());
}

TEST_F(BagSessionTest, ReadsBackwardsWithALimit) {
  fill(track("a"), 10);
  const std::vector<Point> points = track("a").read_by_time(at(0), at(100), 3, true).value();
  std::vector<std::uint64_t> numbers;
  for (const Point& point : points) numbers.push_back(uint_field(point.fields, "i"));
  EXPECT_THAT(numbers, ElementsAre(9, 8, 7));
}

// S0.23, S0.41
TEST_F(BagSessionTest, PagesByIndex) {
  fill(track("a"), 50);
  EXPECT_TRUE(track("a").read_page(0, 25)->has_more);
  EXPECT_FALSE(track("a").read_page(25, 25)->has_more);
  EXPECT_EQ(track("a").read_page(60, 25)->end_index, 59);
  EXPECT_EQ(track("a").read_page(0, 20'000).error().code, ErrorCode::kInvalid);
  EXPECT_EQ(track("a").read_page(0, 0).error().code, ErrorCode::kInvalid);
}

// S0.24
TEST_F(BagSessionTest, LeavesTheTotalAloneWhenAPointMergesLate) {
  fill(track("a"), 50);
  ASSERT_TRUE(session_->flush().has_value());
  ASSERT_TRUE(track("a").append({{"late", true}}, 0.0).has_value());
  EXPECT_EQ(track("a").stats()->points, 50u);
  const Page page = track("a").read_page(0, 1).value();
  EXPECT_EQ(page.points.at(0).fields, (Fields{{"i", 0}, {"late", true}}));
}

TEST_F(BagSessionTest, ReadsAThousandPointsWithSparseAndVaryingFields) {
  for (int i = 0; i < 1'000; ++i) {
    Fields fields = number_fields(i);
    fields.emplace_back(i % 2 == 0 ? "even" : "odd", Value());
    ASSERT_TRUE(track("a").append(fields, static_cast<double>(i)).has_value());
  }
  const std::vector<Point> points = read("a");
  ASSERT_THAT(points, SizeIs(1'000));
  EXPECT_EQ(find_field(points[0].fields, "odd"), nullptr);
  EXPECT_TRUE(find_field(points[1].fields, "odd")->is_nil());
}

TEST_F(BagSessionTest, HasNothingOfATrackItDoesNotKnow) {
  EXPECT_THAT(read("unknown"), IsEmpty());
  EXPECT_EQ(track("unknown").stats()->points, 0u);
}

// S0.45
TEST_F(BagSessionTest, FindsTheLastPointAtOrBefore) {
  for (const double stamp : {1.0, 3.0, 5.0, 7.0})
    ASSERT_TRUE(track("a").append({{"s", stamp}}, stamp).has_value());
  EXPECT_EQ(track("a").find_by_time(at(5.5))->stamp().seconds(), 5.0);
  EXPECT_EQ(track("a").find_by_time(at(7))->stamp().seconds(), 7.0);
  EXPECT_EQ(track("a").find_by_time(at(99))->stamp().seconds(), 7.0);
  EXPECT_EQ(track("a").find_by_time(at(0.5)).error().code, ErrorCode::kNotFound);
  const std::vector<Timestamp> two = {at(1), at(3.5)};
  EXPECT_THAT(stamps_of(track("a").find_by_time(two).value()), ElementsAre(1.0, 3.0));
  EXPECT_THAT(track("a").find_by_time(std::span<const Timestamp>()).value(), IsEmpty());
}

// S0.46
TEST_F(BagSessionTest, ListsTracksByPatternOnSegmentBorders) {
  for (const char* name : {"robot/a", "robot/b/c", "robotics/x"})
    ASSERT_TRUE(track(name).log({{"v", 1}}, 1.0).has_value());
  const std::vector<TrackStats> direct = session_->list("robot/*").value();
  ASSERT_THAT(direct, SizeIs(1));
  EXPECT_EQ(direct[0].name, "robot/a");
  EXPECT_THAT(session_->list("robot/**").value(), SizeIs(2));
  EXPECT_THAT(session_->list().value(), SizeIs(3));
}

// S1.13
TEST_F(BagSessionTest, MergesAnInheritedStampOfTheSameTrack) {
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.5).has_value());
  ASSERT_TRUE(track("a").append({{"v", 2}}, -1).has_value());
  const std::vector<Point> points = read("a");
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].fields, (Fields{{"q", 1}, {"v", 2}}));
}

// S1.14, S1.16: the document's loop; reading by index gives equal stamps on all tracks.
TEST_F(BagSessionTest, InheritsOneStampAcrossTracksInEveryStep) {
  const std::vector<std::string> names = {"state", "camera/left", "camera/right", "pose", "action"};
  for (int step = 0; step < 100; ++step) {
    ASSERT_TRUE(track(names[0]).append({{"step", step}}).has_value());
    for (std::size_t i = 1; i < names.size(); ++i)
      ASSERT_TRUE(track(names[i]).append({{"step", step}}, -1).has_value());
  }
  const Page first = track(names[0]).read_page(0).value();
  ASSERT_THAT(first.points, SizeIs(100));
  for (const std::string& name : names) {
    const Page page = track(name).read_page(0).value();
    EXPECT_EQ(stamps_of(page.points), stamps_of(first.points)) << name;
  }
  const std::vector<double> stamps = stamps_of(first.points);
  EXPECT_EQ(std::set<double>(stamps.begin(), stamps.end()).size(), 100u);
}

// S1.8
TEST_F(BagSessionTest, StoresNothingWhenThereIsNothingToInherit) {
  const Status status = track("a").append({{"q", 1}}, -1);
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().message, "Cannot use _ts=-1: no previous timestamp to inherit");
  EXPECT_THAT(read("a"), IsEmpty());
}

// S1.17
TEST_F(BagSessionTest, StoresAPointAtMinusOneSecondByItsNanoseconds) {
  ASSERT_TRUE(track("a").append_at(-1'000'000'000, {{"q", 1}}).has_value());
  ASSERT_TRUE(track("a").append({{"v", 2}}, -1).has_value());
  const std::vector<Point> points = read("a");
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].stamp().seconds(), -1.0);
}

// S1.1
TEST_F(BagSessionTest, GivesBackTheVeryStampsItGot) {
  const std::vector<double> stamps = {
      -2.5, 0.0, 0.033, 0.7000000000000001, 1.5, 1'795'202'544.4515257};
  for (const double stamp : stamps)
    ASSERT_TRUE(track("a").append({{"s", stamp}}, stamp).has_value());
  EXPECT_EQ(stamps_of(read("a")), stamps);
}

// The reserved fields never come back as data.
TEST_F(BagSessionTest, HidesWhatTheBusAdds) {
  ASSERT_TRUE(track("a").append({{"_ts", 2.0}, {"q", 1}}).has_value());
  EXPECT_EQ(read("a").at(0).fields, (Fields{{"q", 1}}));
  EXPECT_EQ(track("a").append({{"_mine", 1}}, 1.0).error().code, ErrorCode::kInvalid);
}

TEST_F(BagSessionTest, IsWholeAfterReopening) {
  fill(track("a"), 10);
  reopen({});
  EXPECT_THAT(read("a"), SizeIs(10));
  fill(track("a"), 20);
  EXPECT_EQ(track("a").stats()->points, 20u);
}

TEST_F(BagSessionTest, SaysClosedAfterClose) {
  Track handle = track("a");
  ASSERT_TRUE(handle.append({{"q", 1}}, 1.0).has_value());
  ASSERT_TRUE(session_->close().has_value());
  EXPECT_EQ(handle.append({{"q", 1}}, 2.0).error().code, ErrorCode::kClosed);
  EXPECT_EQ(handle.read().error().code, ErrorCode::kClosed);
  EXPECT_EQ(handle.flush().error().code, ErrorCode::kClosed);
}

// A session waits rather than lose its own points: what it says it took is there.
TEST_F(BagSessionTest, LosesNothingWithALittleBuffer) {
  BagSessionOptions options;
  options.recording.buffer_bytes = 200'000;
  reopen(options);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(track("a")
                    .append({{"blob", Binary{std::string(2'000, 'b')}}}, static_cast<double>(i))
                    .has_value());
  }
  EXPECT_THAT(read("a"), SizeIs(1'000));
}

// What no bag will take must not be taken.
TEST_F(BagSessionTest, SaysSoWhenAPointCannotBeStored) {
  Value deep = 1;
  for (int i = 0; i < 40; ++i) deep = Array{deep};
  EXPECT_FALSE(track("a").append({{"deep", deep}}, 1.0).has_value());
  EXPECT_FALSE(track("a").append({{"twice", 1}, {"twice", 2}}, 2.0).has_value());
  EXPECT_THAT(read("a"), IsEmpty());
}

TEST(BagSessionSplitTest, WritesIntoOneBagAlone) {
  TempDir dir;
  BagSessionOptions options;
  options.recording.split.bytes_max = 1'000'000;
  EXPECT_EQ(open_bag_session(dir.path("a.zbag"), options).error().code, ErrorCode::kInvalid);
}

// S0.2, S0.46
TEST_F(BagSessionTest, HasATrackForWhoNamesNone) {
  ASSERT_TRUE(session_->track()->append({{"x", 1}}, 1.0));
  ASSERT_TRUE(session_->tracks("default")->append({{"x", 2}}, 2.0));
  EXPECT_EQ(read("default").size(), 2u);
}

TEST_F(BagSessionTest, AppendsABatchOrNothingOfIt) {
  Track track = this->track("a");
  const std::vector<Fields> good{{{"_ts", 1.0}, {"x", 1}}, {{"_ts", 2.0}, {"x", 2}}};
  EXPECT_EQ(track.append_batch(good), 2u);
  const std::vector<Fields> bad{{{"_ts", 3.0}, {"x", 3}}, {{"_ts", "noon"}, {"x", 4}}};
  const auto refused = track.append_batch(bad);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("point 1"));
  const Page page = track.list_entries(0, 10).value();
  EXPECT_EQ(page.total, 2u);
  EXPECT_EQ(page.points[1].fields, (Fields{{"x", 2}}));
}

TEST_F(BagSessionTest, KeepsWhatIsSaidOfATrack) {
  const TrackAbout about{"the wrist camera", {"vision", "wrist"}, {{"fps", 30}, {"units", "px"}}};
  Track track = this->track("a");
  ASSERT_TRUE(track.append({{"x", 1}}, 1.0));
  ASSERT_TRUE(track.describe({"old", {}, {}}));
  ASSERT_TRUE(track.describe(about));
  ASSERT_TRUE(session_->close());
  EXPECT_EQ(track.describe(about).error().code, ErrorCode::kClosed);
  const BagReader reader = BagReader::open(path_).value();
  EXPECT_EQ(about_of(reader, "a").value(), about);
  EXPECT_FALSE(about_of(reader, "b").value());
}

}  // namespace
}  // namespace zbag
