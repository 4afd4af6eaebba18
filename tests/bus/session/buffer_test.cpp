// What a session buffers and sends: merging, flushes, sizes, ages, failures, close.
#include <gmock/gmock.h>

#include "bus/session/session.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/fake_sink.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SessionBufferTest : public testing::Test {
 protected:
  void open(Session::Options options) { session_ = session_into(sent_, time_, std::move(options)); }
  Track track(std::string_view name) { return session_->track(name).value(); }

  SentFrames sent_;
  ManualTime time_;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionBufferTest, SendsAtOnceByDefault) {
  open({});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  EXPECT_EQ(sent_.count(), 1u);
  EXPECT_EQ(session_->buffered(), 0u);
}

// S0.12
TEST_F(SessionBufferTest, KeepsAppendsInMemoryUntilTheFlush) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  EXPECT_EQ(sent_.count(), 0u);
  EXPECT_EQ(session_->flush().value().count, 1u);
  EXPECT_EQ(sent_.count(), 1u);
}

// S0.11: the document's example.
TEST_F(SessionBufferTest, MergesFramesOfOneStampIntoOnePoint) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("robot/state").append({{"q", Array{0.1, 0.2}}}, 1.0));
  ASSERT_TRUE(track("robot/state").append({{"v", Array{0.01, 0.02}}}, 1.0));
  ASSERT_TRUE(session_->flush());
  ASSERT_EQ(sent_.count(), 1u);
  EXPECT_EQ(sent_.all()[0].fields, (Fields{{"q", Array{0.1, 0.2}}, {"v", Array{0.01, 0.02}}}));
}

// S0.11
TEST_F(SessionBufferTest, KeepsOneStampOnTwoTracksTwoPoints) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  ASSERT_TRUE(track("b").append({{"q", 1}}, 1.0));
  EXPECT_EQ(session_->buffered(), 2u);
}

// D2
TEST_F(SessionBufferTest, MergesDeeplyWhenAsked) {
  open({.buffer_points = 100, .merge = MergeMode::kDeep});
  ASSERT_TRUE(track("a").append(Fields{{"m", Fields{{"x", 1}}}}, 1.0));
  ASSERT_TRUE(track("a").append(Fields{{"m", Fields{{"y", 2}}}}, 1.0));
  ASSERT_TRUE(session_->flush());
  EXPECT_EQ(sent_.all()[0].fields, (Fields{{"m", Fields{{"x", 1}, {"y", 2}}}}));
}

// wire.md, Merge: nothing is lost in the buffer either; every further point is a frame of its own.
TEST_F(SessionBufferTest, SendsWhatWouldReplaceAValueAsAFurtherFrame) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("tf").append({{"child", "arm"}}, 1.0));
  ASSERT_TRUE(track("tf").append({{"child", "head"}}, 1.0));
  ASSERT_TRUE(track("tf").append({{"x", 1.5}}, 1.0));
  EXPECT_EQ(session_->buffered(), 2u);
  EXPECT_EQ(session_->flush().value().count, 2u);
  ASSERT_EQ(sent_.count(), 2u);
  EXPECT_EQ(sent_.all()[0].fields, (Fields{{"child", "arm"}}));
  EXPECT_EQ(sent_.all()[1].fields, (Fields{{"child", "head"}, {"x", 1.5}}));
  EXPECT_EQ(session_->overwritten(), 0u);
}

TEST_F(SessionBufferTest, KeepsEveryFrameUnderAppend) {
  open({.buffer_points = 100, .merge = MergeMode::kAppend});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  EXPECT_EQ(session_->flush().value().count, 3u);
}

TEST_F(SessionBufferTest, CountsWhatItOverwritesByChoiceAndTellsOfItAtTheEnd) {
  std::vector<std::string> told;
  open({.buffer_points = 100, .merge = MergeMode::kShallow, .warn = [&](const std::string& text) {
          told.push_back(text);
        }});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(track("a").append({{"q", i}, {"same", 1}}, 1.0));
  EXPECT_EQ(session_->overwritten(), 2u);
  ASSERT_TRUE(session_->close());
  EXPECT_THAT(told, ElementsAre(HasSubstr("of equal _ts: 2;")));
}

// S0.13
TEST_F(SessionBufferTest, SendsPointsInOrderOfTime) {
  open({.buffer_points = 100});
  for (const double seconds : {3.0, 1.0, 2.0, -4.0}) {
    ASSERT_TRUE(track("a").append({{"q", seconds}}, seconds));
  }
  ASSERT_TRUE(session_->flush());
  EXPECT_THAT(sent_.stamps(), ElementsAre(-4.0, 1.0, 2.0, 3.0));
}

// S0.14
TEST_F(SessionBufferTest, FlushesOneTrackAlone) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  ASSERT_TRUE(track("b").append({{"q", 1}}, 1.0));
  EXPECT_EQ(track("a").flush().value().count, 1u);
  EXPECT_THAT(sent_.stamps("a"), ElementsAre(1.0));
  EXPECT_THAT(sent_.stamps("b"), IsEmpty());
}

// D12
TEST_F(SessionBufferTest, AFlushOfNothingMovesNothing) {
  open({.buffer_points = 100});
  EXPECT_EQ(session_->flush().value().count, 0u);
}

// S0.15: the failure of one is reported, the others still flush.
TEST_F(SessionBufferTest, ReportsTheFailureOfOneTrackAndFlushesTheOthers) {
  open({.buffer_points = 100});
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(track(name).append({{"q", 1}}, 1.0));
  sent_.fail_track("b", ErrorCode::kDiskFull);
  const Result<FlushResult> flushed = session_->flush();
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(sent_.of("a").size(), 1u);
  EXPECT_EQ(sent_.of("c").size(), 1u);
  EXPECT_EQ(session_->buffered(), 1u);
}

// S2.31: what could not be sent is sent by the next flush, in order.
TEST_F(SessionBufferTest, KeepsWhatCouldNotBeSent) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("a").append({{"q", 2}}, 2.0));
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  sent_.fail_track("a", ErrorCode::kIo);
  EXPECT_FALSE(session_->flush());
  sent_.heal();
  EXPECT_EQ(session_->flush().value().count, 2u);
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0, 2.0));
}

// S0.17
TEST_F(SessionBufferTest, SendsWhenATrackHoldsItsPoints) {
  open({.buffer_points = 10});
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(track("a").append({{"q", i}}, i + 1.0));
  EXPECT_EQ(sent_.count(), 0u);
  ASSERT_TRUE(track("b").append({{"q", 0}}, 1.0));
  ASSERT_TRUE(track("a").append({{"q", 9}}, 10.0));
  EXPECT_EQ(sent_.of("a").size(), 10u);
  EXPECT_EQ(sent_.of("b").size(), 0u);
}

// S0.18
TEST_F(SessionBufferTest, SendsWhenTheOldestAppendIsOfAge) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  time_.steady += std::chrono::milliseconds(4999);
  session_->tick();
  EXPECT_EQ(sent_.count(), 0u);
  time_.steady += std::chrono::milliseconds(1);
  session_->tick();
  EXPECT_EQ(sent_.count(), 1u);
}

// S0.18: the age begins anew with the first append after a flush.
TEST_F(SessionBufferTest, CountsTheAgeFromTheFirstAppendAfterAFlush) {
  open({.buffer_points = 100, .buffer_age = std::chrono::seconds(1)});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  time_.steady += std::chrono::milliseconds(900);
  ASSERT_TRUE(session_->flush());
  ASSERT_TRUE(track("a").append({{"q", 2}}, 2.0));
  time_.steady += std::chrono::milliseconds(900);
  session_->tick();
  EXPECT_THAT(sent_.stamps(), ElementsAre(1.0));
}

// S0.16
TEST_F(SessionBufferTest, SendsEverythingOnClose) {
  open({.buffer_points = 100'000});
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(track("a").append({{"q", i}}, i + 1.0));
  ASSERT_TRUE(session_->close());
  EXPECT_EQ(sent_.count(), 10'000u);
  EXPECT_TRUE(sent_.closed);
}

// S0.16
TEST_F(SessionBufferTest, SendsEverythingWhenItGoes) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  session_.reset();
  EXPECT_EQ(sent_.count(), 1u);
}

TEST_F(SessionBufferTest, CloseReportsWhatCouldNotBeSent) {
  open({.buffer_points = 100});
  ASSERT_TRUE(track("a").append({{"q", 1}}, 1.0));
  sent_.fail_track("a", ErrorCode::kDiskFull);
  EXPECT_EQ(session_->close().error().code, ErrorCode::kDiskFull);
  EXPECT_EQ(session_->close().error().code, ErrorCode::kDiskFull);
}

TEST_F(SessionBufferTest, TakesNothingAfterClose) {
  open({});
  Track kept = track("a");
  ASSERT_TRUE(session_->close());
  EXPECT_EQ(kept.append({{"q", 1}}, 1.0).error().code, ErrorCode::kClosed);
  EXPECT_EQ(kept.append(Fields{{"q", 1}}, 1.0).error().code, ErrorCode::kClosed);
  EXPECT_EQ(session_->flush().error().code, ErrorCode::kClosed);
  EXPECT_TRUE(session_->close());
}

TEST_F(SessionBufferTest, FlushesNoTrackAfterClose) {
  open({});
  Track kept = track("a");
  ASSERT_TRUE(session_->close());
  EXPECT_EQ(kept.flush().error().code, ErrorCode::kClosed);
}

// An append that returns an error has changed nothing: what is buffered and remembered is what the
// appends that succeeded left.
TEST_F(SessionBufferTest, AnAppendThatFailsBuffersNothing) {
  open({.buffer_points = 2});
  sent_.fail_track("a", ErrorCode::kDiskFull);
  std::size_t taken = 0;
  for (int i = 1; i <= 5; ++i) taken += track("a").append({{"q", i}}, i).has_value() ? 1 : 0;
  EXPECT_LT(taken, 5u);
  EXPECT_EQ(session_->buffered(), taken);
  EXPECT_EQ(session_->last_stamp()->seconds(), static_cast<double>(taken));
}

TEST_F(SessionBufferTest, NumbersTheFramesOfATrackFromZero) {
  open({});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(track("a").append({{"q", i}}));
  ASSERT_TRUE(track("b").append({{"q", 0}}));
  const std::vector<SentFrames::Sent> of_a = sent_.of("a");
  EXPECT_EQ(of_a[0].scan.seq, 0u);
  EXPECT_EQ(of_a[2].scan.seq, 2u);
  EXPECT_EQ(sent_.of("b")[0].scan.seq, 0u);
  EXPECT_EQ(of_a[0].scan.src, session_->src());
}

// A gap in _seq is proof of loss: what was never sent makes none.
TEST_F(SessionBufferTest, AFailedSendUsesNoNumber) {
  open({});
  sent_.fail_track("a", ErrorCode::kTimeout);
  EXPECT_FALSE(track("a").append({{"q", 1}}));
  sent_.heal();
  ASSERT_TRUE(track("a").append({{"q", 2}}));
  EXPECT_EQ(sent_.all()[0].scan.seq, 0u);
}

// wire.md, Reserved fields
TEST_F(SessionBufferTest, RefusesAFieldThatBeginsWithAnUnderscore) {
  open({});
  for (const char* name : {"_seq", "_x", "_"}) {
    const Status status = track("a").append({{name, 1}}, 1.0);
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr("reserved"));
  }
  EXPECT_EQ(sent_.count(), 0u);
  EXPECT_EQ(session_->last_stamp(), std::nullopt);
}

// S0.2
TEST_F(SessionBufferTest, GivesTheSameTrackForTheSameName) {
  open({.buffer_points = 100});
  Track first = track("a");
  Track second = track("a");
  ASSERT_TRUE(first.append({{"q", 1}}, 1.0));
  ASSERT_TRUE(second.log({{"v", 2}}, 1.0));
  EXPECT_EQ(session_->buffered(), 1u);
  EXPECT_EQ(second.name().str(), "a");
}

// S0.5
TEST_F(SessionBufferTest, RefusesABadTrackName) {
  open({.names = NameRule::kStrict});
  EXPECT_EQ(session_->track("a//b").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(session_->track("a b").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(session_->track("_sys/session").error().code, ErrorCode::kInvalid);
}

TEST_F(SessionBufferTest, RefusesABufferOfNoPoints) {
  EXPECT_EQ(
      Session::into(std::make_unique<FakeSink>(sent_), nullptr, {.buffer_points = 0}).error().code,
      ErrorCode::kInvalid);
}

TEST_F(SessionBufferTest, PassesAMapOnAsItIs) {
  open({});
  const Fields fields{{"q", 1}, {"_frame_id", "base"}};
  ASSERT_TRUE(track("a").append_map(as_bytes(encoded(fields)), Timestamp::from_seconds(2).value()));
  EXPECT_EQ(sent_.all()[0].fields, fields);
  EXPECT_THAT(sent_.stamps(), ElementsAre(2.0));
}

// As a stranger's point may hold them: a frame that has them twice is refused by whoever receives.
TEST_F(SessionBufferTest, SendsItsOwnNumberingInPlaceOfAnOddOne) {
  open({});
  const Fields fields{{"_src", "camera"}, {"q", 1}, {"_seq", -1}};
  ASSERT_TRUE(track("a").append_map(as_bytes(encoded(fields)), Timestamp::from_seconds(2).value()));
  EXPECT_EQ(sent_.all()[0].fields, (Fields{{"q", 1}}));
}

TEST_F(SessionBufferTest, RefusesAMapThatIsMalformed) {
  open({});
  const Timestamp stamp = Timestamp::from_seconds(2).value();
  EXPECT_FALSE(track("a").append_map(as_bytes("\x81"), stamp));
  EXPECT_FALSE(track("a").append_map(as_bytes(encoded({{"_ts", 1.0}})), stamp));
  EXPECT_EQ(sent_.count(), 0u);
}

TEST_F(SessionBufferTest, CannotBeReadWithoutASource) {
  open({});
  EXPECT_EQ(track("a").read().error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(track("a").read_page(0).error().code, ErrorCode::kUnsupported);
}

// S0.46
TEST_F(SessionBufferTest, ListsTracksByPattern) {
  open({});
  for (const char* name : {"robot/x", "robotics/x"}) ASSERT_TRUE(track(name).append({{"q", 1}}));
  const std::vector<TrackStats> listed = session_->list("robot/*").value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].name, "robot/x");
}

// S2.3
TEST(DisabledSessionTest, TakesEverythingAndSendsNothing) {
  const std::unique_ptr<Session> session = Session::disabled();
  Track arm = session->track("arm").value();
  EXPECT_TRUE(arm.append({{"q", 1}}));
  EXPECT_TRUE(arm.append(Fields{{"q", 1}}, -1));
  EXPECT_TRUE(arm.append_map(as_bytes("\x80"), Timestamp()));
  EXPECT_TRUE(arm.flush());
  EXPECT_TRUE(session->flush());
  EXPECT_TRUE(Frame(*session).add("a", {{"q", 1}}).commit());
  EXPECT_TRUE(session->wait_for_listener(std::chrono::milliseconds(0)));
  EXPECT_TRUE(session->close());
}

}  // namespace
}  // namespace zbag
