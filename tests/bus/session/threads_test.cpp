// Sessions used by several threads, and the Frame that stamps several tracks at once.
#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <thread>

#include "bus/session/session.hpp"
#include "tests/support/fake_sink.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {
namespace {

using testing::Each;
using testing::ElementsAre;

constexpr int kThreads = 8;

template <class Work>
void on_threads(int count, Work work) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
}

std::unique_ptr<Session> open(SentFrames& sent, std::function<double()> now,
                              Session::Options options = {}) {
  options.background = false;
  options.now = std::move(now);
  return Session::into(std::make_unique<FakeSink>(sent), nullptr, std::move(options)).value();
}

// 10 000 appends from 8 threads without a stamp.
void append_from_threads(Session& session) {
  on_threads(kThreads, [&](int thread) {
    Track track = session.track("t" + std::to_string(thread)).value();
    for (int i = 0; i < 10'000 / kThreads; ++i) ASSERT_TRUE(track.append({{"i", i}}));
  });
}

int not_increasing(const std::vector<double>& stamps) {
  int count = 0;
  for (std::size_t i = 1; i < stamps.size(); ++i) count += stamps[i] > stamps[i - 1] ? 0 : 1;
  return count;
}

// S0.8: distinct, increasing stamps with a clock that stands still.
TEST(SessionThreadsTest, StampsIncreaseWhenTheClockStandsStill) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1795202544.0; });
  append_from_threads(*session);
  EXPECT_EQ(sent.count(), 10'000u);
  EXPECT_EQ(not_increasing(sent.stamps()), 0);
}

// S0.8: and with one that steps back at every call.
TEST(SessionThreadsTest, StampsIncreaseWhenTheClockStepsBack) {
  SentFrames sent;
  std::atomic<int> calls{0};
  const auto session = open(sent, [&] { return 1795202544.0 - calls++; });
  append_from_threads(*session);
  EXPECT_EQ(sent.count(), 10'000u);
  EXPECT_EQ(not_increasing(sent.stamps()), 0);
}

// S1.7: 8 threads x 10 k mixed appends; every inherited stamp is the one of the append before it,
// because resolving, remembering and sending are one step.
TEST(SessionThreadsTest, InheritsTheStampOfTheAppendJustBefore) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1795202544.0; });
  ASSERT_TRUE(session->track("first").value().append({{"mode", 1}}, 1.0));
  on_threads(kThreads, [&](int thread) {
    Track track = session->track("t" + std::to_string(thread % 3)).value();
    for (int i = 0; i < 10'000; ++i) {
      const Stamp stamps[] = {Stamp(), Stamp(100.0 * thread + i), Stamp(-1)};
      ASSERT_TRUE(track.append({{"mode", i % 3}}, stamps[i % 3]));
    }
  });
  const std::vector<SentFrames::Sent> all = sent.all();
  ASSERT_EQ(all.size(), kThreads * 10'000u + 1);
  int wrong = 0;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const bool inherited = all[i].fields[0].second == Value(2);
    wrong += !inherited || all[i].scan.stamp == all[i - 1].scan.stamp ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0);
}

// Whose close() does not end until it may, and fails.
class SlowSink : public FakeSink {
 public:
  SlowSink(SentFrames& sent, std::atomic<bool>& is_closing, std::atomic<bool>& may_close)
      : FakeSink(sent), is_closing_(is_closing), may_close_(may_close) {}
  Status close() override {
    is_closing_ = true;
    EXPECT_TRUE(wait_for([&] { return may_close_.load(); }));
    return fail(ErrorCode::kIo, "injected");
  }

 private:
  std::atomic<bool>& is_closing_;
  std::atomic<bool>& may_close_;
};

// Whoever closes second must not go on before the session is closed, nor hear that all went well.
TEST(SessionThreadsTest, ClosersBesideEachOtherHearTheSame) {
  SentFrames sent;
  std::atomic<bool> is_closing{false};
  std::atomic<bool> may_close{false};
  const auto session =
      Session::into(std::make_unique<SlowSink>(sent, is_closing, may_close), nullptr, {}).value();
  std::atomic<int> closed{0};
  const auto close = [&] {
    EXPECT_EQ(session->close().error().code, ErrorCode::kIo);
    ++closed;
  };
  const std::jthread first(close);
  ASSERT_TRUE(wait_for([&] { return is_closing.load(); }));
  const std::jthread second(close);
  EXPECT_EQ(closed, 0);
  may_close = true;
  EXPECT_TRUE(wait_for([&] { return closed == 2; }));
}

// S1.15
TEST(SessionThreadsTest, BuffersOfTracksLoseNothing) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; }, {.buffer_points = 7});
  append_from_threads(*session);
  ASSERT_TRUE(session->close());
  EXPECT_EQ(sent.count(), 10'000u);
}

// D6
TEST(SessionThreadsTest, InheritsFromItsOwnThreadWhenAsked) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; }, {.inherit = InheritScope::kThread});
  Track track = session->track("a").value();
  ASSERT_TRUE(track.append({{"q", 1}}, 5.0));
  std::jthread([&] {
    EXPECT_FALSE(track.append({{"q", 2}}, -1));
    EXPECT_TRUE(track.append({{"q", 3}}, 6.0));
    EXPECT_TRUE(track.append({{"q", 4}}, -1));
  }).join();
  ASSERT_TRUE(track.append({{"q", 5}}, -1));
  EXPECT_THAT(sent.stamps(), ElementsAre(5.0, 6.0, 6.0, 5.0));
}

// A std::thread::id is given out again.
TEST(SessionThreadsTest, InheritsNothingFromAThreadThatHasEnded) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; }, {.inherit = InheritScope::kThread});
  Track track = session->track("a").value();
  for (int i = 0; i < 4; ++i) {
    std::jthread([&] {
      EXPECT_FALSE(track.append({{"q", 1}}, -1));
      EXPECT_TRUE(track.append({{"q", 2}}, 6.0));
    }).join();
  }
}

TEST(SessionThreadsTest, KeepsTheStampsOfABoundedNumberOfThreads) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; }, {.inherit = InheritScope::kThread});
  Track track = session->track("a").value();
  ASSERT_TRUE(track.append({{"q", 1}}, 5.0));
  for (std::size_t i = 0; i < Stamper::kThreadsMax; ++i) {
    std::jthread([&] { ASSERT_TRUE(track.append({{"q", 2}}, 6.0)); }).join();
  }
  EXPECT_FALSE(track.append({{"q", 3}}, -1));
}

// S1.22: concurrent frames never mix stamps.
TEST(SessionFrameTest, StampsItsTracksTogetherWhateverOtherThreadsDo) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1795202544.0; });
  on_threads(kThreads, [&](int thread) {
    for (int i = 0; i < 500; ++i) {
      Frame frame(*session);
      const int id = thread * 500 + i;
      frame.add("a", {{"id", id}}).add("b", {{"id", id}}).add("c", {{"id", id}});
      ASSERT_TRUE(frame.commit());
    }
  });
  const std::vector<SentFrames::Sent> all = sent.all();
  ASSERT_EQ(all.size(), kThreads * 500u * 3);
  int mixed = 0;
  for (std::size_t i = 0; i < all.size(); i += 3) {
    for (const std::size_t other : {i + 1, i + 2}) {
      mixed += all[other].scan.stamp == all[i].scan.stamp ? 0 : 1;
      mixed += all[other].fields == all[i].fields ? 0 : 1;
    }
  }
  EXPECT_EQ(mixed, 0);
  const std::vector<double> stamps = sent.stamps("a");
  EXPECT_EQ(std::set<double>(stamps.begin(), stamps.end()).size(), stamps.size());
}

TEST(SessionFrameTest, TakesAnExplicitStamp) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; });
  ASSERT_TRUE(Frame(*session, 7.5).add("a", {{"q", 1}}).add("b", {{"q", 2}}).commit());
  EXPECT_THAT(sent.stamps(), ElementsAre(7.5, 7.5));
}

TEST(SessionFrameTest, InheritsAndIsInheritedFrom) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; });
  ASSERT_TRUE(session->track("x").value().append({{"q", 0}}, 3.0));
  ASSERT_TRUE(Frame(*session, -1).add("a", {{"q", 1}}).add("b", {{"q", 2}}).commit());
  ASSERT_TRUE(session->track("x").value().append({{"q", 3}}, -1));
  EXPECT_THAT(sent.stamps(), Each(3.0));
}

TEST(SessionFrameTest, TakesAllOrNothing) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; });
  EXPECT_FALSE(Frame(*session, 1.0).add("a", {{"q", 1}}).add("b//c", {{"q", 2}}).commit());
  EXPECT_FALSE(Frame(*session, 1.0).add("a", {{"q", 1}}).add("b", {{"_x", 2}}).commit());
  EXPECT_FALSE(Frame(*session, -1).add("a", {{"q", 1}}).commit());
  EXPECT_EQ(sent.count(), 0u);
  EXPECT_EQ(session->last_stamp(), std::nullopt);
}

TEST(SessionFrameTest, IsEmptyAfterItsCommit) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; });
  Frame frame(*session, 1.0);
  ASSERT_TRUE(frame.add("a", {{"q", 1}}).commit());
  ASSERT_TRUE(frame.commit());
  EXPECT_EQ(sent.count(), 1u);
}

TEST(SessionFrameTest, IsClosedWithItsSession) {
  SentFrames sent;
  const auto session = open(sent, [] { return 1.0; });
  ASSERT_TRUE(session->close());
  EXPECT_EQ(Frame(*session).add("a", {{"q", 1}}).commit().error().code, ErrorCode::kClosed);
}

// S0.17, S0.18: without anybody calling tick().
TEST(SessionBackgroundTest, SendsByAgeOnItsOwn) {
  SentFrames sent;
  Session::Options options{.buffer_points = 100, .buffer_age = std::chrono::milliseconds(1)};
  const auto session =
      Session::into(std::make_unique<FakeSink>(sent), nullptr, std::move(options)).value();
  ASSERT_TRUE(session->track("a").value().append({{"q", 1}}));
  EXPECT_TRUE(wait_for([&] { return sent.count() == 1; }));
}

}  // namespace
}  // namespace zbag
