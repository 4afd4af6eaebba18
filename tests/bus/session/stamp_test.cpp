// The stamps of a session: auto, explicit, inherited (wire.md, Time).
#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "bus/session/session.hpp"
#include "tests/support/fake_sink.hpp"

namespace zbag {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

class SessionStampTest : public testing::Test {
 protected:
  Session& open(Session::Options options = {}) {
    session_ = session_into(sent_, time_, std::move(options));
    return *session_;
  }
  Track track(std::string_view name) { return session_->track(name).value(); }

  SentFrames sent_;
  ManualTime time_;
  std::unique_ptr<Session> session_;
};

// S1.1
TEST_F(SessionStampTest, UsesAnExplicitStampVerbatim) {
  open();
  Track arm = track("robot/arm");
  for (const double seconds : {0.0, 1.5, -2.5, 1.7e9, 1795202544.4515257}) {
    ASSERT_TRUE(arm.append({{"q", 1}}, seconds));
  }
  EXPECT_THAT(sent_.stamps(), ElementsAre(0.0, 1.5, -2.5, 1.7e9, 1795202544.4515257));
}

// S0.8
TEST_F(SessionStampTest, StampsAMissingOneNow) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1'000.0));
}

// S0.8: by a bump of 1 us.
TEST_F(SessionStampTest, StampsIncreaseWhileTheClockStandsStill) {
  open();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(track("a").append({{"q", i}}));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1'000.0, 1'000.0 + 1e-6, 1'000.0 + 1e-6 + 1e-6));
}

// S0.8
TEST_F(SessionStampTest, StampsIncreaseWhenTheClockStepsBack) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}));
  time_.wall = 500.0;
  ASSERT_TRUE(track("b").append({{"q", 2}}));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1'000.0, 1'000.0 + 1e-6));
}

// S1.2, S1.14: the document's example, four tracks and one stamp.
TEST_F(SessionStampTest, InheritsAcrossAllTracksOfTheSession) {
  open();
  ASSERT_TRUE(track("robot/position").append({{"q", 1}}, 1.0));
  ASSERT_TRUE(track("robot/velocity").append({{"v", 1}}, -1));
  ASSERT_TRUE(track("camera/left").append({{"w", 640}}, -1));
  ASSERT_TRUE(track("loss").append({{"l", 0.1}}, -1));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 1.0, 1.0, 1.0));
}

// S1.4: B's stamp, not A's own.
TEST_F(SessionStampTest, InheritsGloballyNotPerTrack) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1));
  ASSERT_TRUE(track("b").append({{"q", 1}}, 2));
  ASSERT_TRUE(track("a").append({{"q", 2}}, -1));
  EXPECT_THAT(sent_.stamps("a"), ElementsAre(1.0, 2.0));
}

// S1.6
TEST_F(SessionStampTest, SharesTheLastStampWithNoOtherSession) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  SentFrames other_sent;
  const auto other = session_into(other_sent, time_);
  EXPECT_FALSE(other->track("a").value().append({{"q", 1}}, -1));
  EXPECT_EQ(other_sent.count(), 0u);
}

// S1.8, D5
TEST_F(SessionStampTest, SaysWhenThereIsNothingToInherit) {
  open();
  const Status status = track("a").append({{"q", 1}}, -1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(status.error().message, "Cannot use _ts=-1: no previous timestamp to inherit");
  EXPECT_EQ(sent_.count(), 0u);
  EXPECT_EQ(session_->last_stamp(), std::nullopt);
}

// S1.10: also when it is older than the one before.
TEST_F(SessionStampTest, EveryAppendUpdatesTheLastStamp) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 5.0));
  ASSERT_TRUE(track("a").append({{"q", 2}}, 3.0));
  ASSERT_TRUE(track("b").append({{"q", 3}}, -1));
  EXPECT_THAT(sent_.stamps(), ElementsAre(5.0, 3.0, 3.0));
}

// S1.11: bit for bit.
TEST_F(SessionStampTest, InheritsAnAutoStampExactly) {
  open();
  time_.wall = 1795202544.4515257;
  ASSERT_TRUE(track("a").append({{"q", 1}}));
  ASSERT_TRUE(track("b").append({{"q", 1}}, -1));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1795202544.4515257, 1795202544.4515257));
}

// S1.12
TEST_F(SessionStampTest, InheritsSeveralTimesInARow) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.25));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(track("b").append({{"q", i}}, -1));
  EXPECT_THAT(sent_.stamps(), Each(1.25));
}

// S1.13
TEST_F(SessionStampTest, AnInheritedStampMergesIntoTheBufferedPoint) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("arm").append({{"q", 1}}, 1.5));
  ASSERT_TRUE(track("arm").append({{"v", 2}}, -1));
  EXPECT_EQ(session_->buffered(), 1u);
  ASSERT_TRUE(session_->flush());
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.5));
  EXPECT_EQ(sent_.all()[0].fields, (Fields{{"q", 1}, {"v", 2}}));
}

// S1.14, S1.16
TEST_F(SessionStampTest, KeepsStepsOfALoopTogether) {
  open();
  constexpr std::size_t kSteps = 100;
  for (std::size_t step = 0; step < kSteps; ++step) {
    ASSERT_TRUE(track("t0").append({{"step", step}}));
    for (const char* name : {"t1", "t2", "t3", "t4"}) {
      ASSERT_TRUE(track(name).append({{"step", step}}, -1));
    }
  }
  const std::vector<double> first = sent_.stamps("t0");
  EXPECT_EQ(std::set<double>(first.begin(), first.end()).size(), kSteps);
  EXPECT_EQ(sent_.stamps("t1"), first);
  EXPECT_EQ(sent_.stamps("t4"), first);
}

// S1.17
TEST_F(SessionStampTest, AppendAtStoresWhatTheSentinelCannotSay) {
  open();
  ASSERT_TRUE(track("a").append_at(-1'000'000'000, {{"q", 1}}));
  EXPECT_EQ(session_->last_stamp(), Timestamp::from_seconds(-1.0));
  EXPECT_EQ(sent_.count(), 1u);
}

// S1.18
TEST_F(SessionStampTest, TakesWhatIsNearlyMinusOneAsATime) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, -1.0000001));
  EXPECT_THAT(sent_.stamps(), ElementsAre(-1.0000001));
}

// S1.18: the sentinel among the fields, in every type a Value has for it.
TEST_F(SessionStampTest, InheritsByEveryTypeOfMinusOne) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 7.0));
  ASSERT_TRUE(track("a").append({{"_ts", -1}, {"q", 1}}));
  ASSERT_TRUE(track("a").append({{"_ts", -1.0}, {"q", 1}}));
  ASSERT_TRUE(track("a").append({{"_ts", -1.0f}, {"q", 1}}));
  EXPECT_THAT(sent_.stamps(), ElementsAre(7.0, 7.0, 7.0, 7.0));
}

// S1.20
TEST_F(SessionStampTest, AnAutoStampMayLieBeforeAnExplicitFutureOne) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1'100.0));
  ASSERT_TRUE(track("a").append({{"q", 2}}));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1'100.0, 1'000.0));
}

// S0.9, D8: nothing is sent, the last stamp stays.
TEST_F(SessionStampTest, RefusesWhatIsNoTime) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 2.0));
  for (const double seconds : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e300}) {
    EXPECT_EQ(track("a").append({{"q", 1}}, seconds).error().code, ErrorCode::kInvalid);
  }
  EXPECT_EQ(sent_.count(), 1u);
  EXPECT_EQ(session_->last_stamp(), Timestamp::from_seconds(2.0));
}

// S0.9, S1.9
TEST_F(SessionStampTest, RefusesAStampFieldThatIsNoNumber) {
  open({.buffer_points = 10});
  for (const Value& bad :
       {Value("1.5"), Value(true), Value(), Value(Array{1.0}), Value(Binary{})}) {
    const Status status = track("a").append(Fields{{"_ts", bad}, {"q", 1}});
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr("_ts must be a number"));
  }
  EXPECT_EQ(session_->buffered(), 0u);
  EXPECT_EQ(session_->last_stamp(), std::nullopt);
}

TEST_F(SessionStampTest, TakesTheStampFromAmongTheFields) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}, {"_ts", 2.5}}));
  ASSERT_TRUE(track("a").append(Fields{{"_ts", 3}, {"q", 2}}));
  EXPECT_THAT(sent_.stamps(), ElementsAre(2.5, 3.0));
  EXPECT_EQ(sent_.all()[0].fields, (Fields{{"q", 1}}));
}

TEST_F(SessionStampTest, NormalisesNegativeZero) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, -0.0));
  EXPECT_FALSE(std::signbit(sent_.stamps()[0]));
}

// S0.33: the three modes.
TEST_F(SessionStampTest, WarnsOncePerTrackWhenStampsAreWanted) {
  std::vector<std::string> warnings;
  open({.timestamps = TimestampMode::kWarn,
        .warn = [&](const std::string& text) { warnings.push_back(text); }});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(track("a").append({{"q", i}}));
    ASSERT_TRUE(track("b").append({{"q", i}}));
    ASSERT_TRUE(track("c").append({{"q", i}}, 1.0));
  }
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("track a"), HasSubstr("track b")));
  EXPECT_EQ(sent_.count(), 9u);
}

TEST_F(SessionStampTest, RefusesAMissingStampWhenTheyAreRequired) {
  open({.timestamps = TimestampMode::kRequire});
  EXPECT_EQ(track("a").append({{"q", 1}}).error().code, ErrorCode::kInvalid);
  EXPECT_TRUE(track("a").append({{"q", 1}}, 1.0));
  EXPECT_TRUE(track("b").append({{"q", 1}}, -1));
  EXPECT_EQ(sent_.count(), 2u);
}

TEST_F(SessionStampTest, DoesNotWarnInAutoMode) {
  int warnings = 0;
  open({.warn = [&](const std::string&) { ++warnings; }});
  ASSERT_TRUE(track("a").append({{"q", 1}}));
  EXPECT_EQ(warnings, 0);
}

// S1.19: two publishers interleaved, each inherits its own.
TEST_F(SessionStampTest, InterleavedSessionsInheritTheirOwn) {
  open();
  SentFrames other_sent;
  const auto other = session_into(other_sent, time_);
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  ASSERT_TRUE(other->track("a").value().append({{"q", 1}}, 2.0));
  ASSERT_TRUE(track("b").append({{"q", 1}}, -1));
  ASSERT_TRUE(other->track("b").value().append({{"q", 1}}, -1));
  EXPECT_THAT(sent_.stamps(), Each(1.0));
  EXPECT_THAT(other_sent.stamps(), Each(2.0));
}

// S1.19: a failed append does not advance the last stamp.
TEST_F(SessionStampTest, AFailedSendLeavesTheLastStamp) {
  open();
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  sent_.fail_track("b", ErrorCode::kTimeout);
  EXPECT_EQ(track("b").append({{"q", 1}}, 2.0).error().code, ErrorCode::kTimeout);
  EXPECT_EQ(session_->last_stamp(), Timestamp::from_seconds(1.0));
}

TEST_F(SessionStampTest, AFailedAutoAppendLeavesTheAutoStamp) {
  open();
  sent_.fail_track("b", ErrorCode::kTimeout);
  EXPECT_FALSE(track("b").append({{"q", 1}}));
  ASSERT_TRUE(track("a").append({{"q", 1}}));
  EXPECT_THAT(sent_.stamps(), ElementsAre(1'000.0));
}

}  // namespace
}  // namespace zbag
