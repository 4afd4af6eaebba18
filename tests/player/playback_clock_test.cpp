#include "player/playback_clock.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace zbag {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kToday = 1'795'202'544'451'525'688;

class PlaybackClockTest : public testing::Test {
 protected:
  PlaybackClock::SteadyTime now_{seconds(1'000)};
  PlaybackClock clock_{[this] { return now_; }};
};

TEST_F(PlaybackClockTest, RunsFromWhereItWasSet) {
  clock_.seek(kToday);
  EXPECT_EQ(clock_.time_ns(), kToday);
  now_ += seconds(2);
  EXPECT_EQ(clock_.time_ns(), kToday + 2 * kSecond);
}

TEST_F(PlaybackClockTest, RunsAtItsRate) {
  clock_.set_rate(2.5);
  now_ += seconds(4);
  EXPECT_EQ(clock_.time_ns(), 10 * kSecond);
}

TEST_F(PlaybackClockTest, DoesNotJumpWhenTheRateChanges) {
  clock_.seek(kToday);
  now_ += seconds(1);
  clock_.set_rate(10.0);
  EXPECT_EQ(clock_.time_ns(), kToday + kSecond);
  now_ += seconds(1);
  EXPECT_EQ(clock_.time_ns(), kToday + 11 * kSecond);
}

TEST_F(PlaybackClockTest, StandsStillWhilePaused) {
  now_ += seconds(1);
  clock_.pause();
  now_ += seconds(100);
  EXPECT_TRUE(clock_.is_paused());
  EXPECT_EQ(clock_.time_ns(), kSecond);
}

TEST_F(PlaybackClockTest, GoesOnWhereItWasPaused) {
  now_ += seconds(1);
  clock_.pause();
  now_ += seconds(100);
  clock_.resume();
  now_ += seconds(1);
  EXPECT_EQ(clock_.time_ns(), 2 * kSecond);
}

TEST_F(PlaybackClockTest, PausingTwiceIsPausingOnce) {
  now_ += seconds(1);
  clock_.pause();
  now_ += seconds(5);
  clock_.pause();
  clock_.resume();
  clock_.resume();
  EXPECT_EQ(clock_.time_ns(), kSecond);
}

TEST_F(PlaybackClockTest, MovesWhilePaused) {
  clock_.pause();
  clock_.seek(kToday);
  now_ += seconds(5);
  EXPECT_EQ(clock_.time_ns(), kToday);
}

TEST_F(PlaybackClockTest, KeepsTheTimeWhenTheRateChangesWhilePaused) {
  now_ += seconds(3);
  clock_.pause();
  clock_.set_rate(4.0);
  clock_.resume();
  now_ += seconds(1);
  EXPECT_EQ(clock_.time_ns(), 7 * kSecond);
}

TEST_F(PlaybackClockTest, SaysWhenATimeWillBeReached) {
  clock_.seek(kToday);
  clock_.set_rate(2.0);
  EXPECT_EQ(clock_.when(kToday + 3 * kSecond), now_ + milliseconds(1'500));
}

TEST_F(PlaybackClockTest, NeverReachesATimeWhilePaused) {
  clock_.pause();
  EXPECT_EQ(clock_.when(kSecond), std::nullopt);
}

// When the moment it named has come, the clock shows the target or later: nobody waits twice.
TEST_F(PlaybackClockTest, ShowsTheTargetAtTheMomentItNamed) {
  clock_.seek(kToday);
  for (const double rate : {0.1, 0.3, 1.0, 3.0, 7.7}) {
    clock_.set_rate(rate);
    const std::int64_t target = clock_.time_ns() + 123'456'789;
    now_ = clock_.when(target).value();
    EXPECT_GE(clock_.time_ns(), target - 1) << rate;
  }
}

// At epoch scale a double of nanoseconds is 256 ns coarse; the clock is not.
TEST_F(PlaybackClockTest, KeepsNanosecondsAtEpochScale) {
  clock_.seek(kToday);
  now_ += nanoseconds(1);
  EXPECT_EQ(clock_.time_ns(), kToday + 1);
  EXPECT_EQ(clock_.when(kToday + 7), now_ + nanoseconds(6));
}

TEST_F(PlaybackClockTest, TurnsBackWithoutAJolt) {
  now_ += milliseconds(2'500);
  clock_.turn_back(2 * kSecond);
  EXPECT_EQ(clock_.time_ns(), kSecond / 2);
  now_ += seconds(1);
  EXPECT_EQ(clock_.time_ns(), 3 * kSecond / 2);
}

TEST_F(PlaybackClockTest, EndsAtTheEndsOfTime) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  clock_.seek(kLast - 5);
  now_ += seconds(1);
  EXPECT_EQ(clock_.time_ns(), kLast);
  clock_.set_rate(1e6);
  now_ += std::chrono::hours(24 * 365);
  EXPECT_EQ(clock_.time_ns(), kLast);
  EXPECT_LT(clock_.when(kFirst).value(), now_);
  clock_.seek(kFirst);
  EXPECT_GT(clock_.when(kLast).value(), now_);
}

TEST(MedianStepTest, IsASecondWhereThereAreNoSteps) {
  EXPECT_EQ(median_step({}), 1'000'000'000);
  EXPECT_EQ(median_step({9, 1, 5}), 5);
}

TEST_F(PlaybackClockTest, WaitsAYearAtMost) {
  clock_.seek(0);
  EXPECT_LE(clock_.when(std::numeric_limits<std::int64_t>::max()).value(),
            now_ + std::chrono::hours(24 * 366));
  EXPECT_GE(clock_.when(std::numeric_limits<std::int64_t>::min() + 1).value(),
            now_ - std::chrono::hours(24 * 366));
}

}  // namespace
}  // namespace zbag
