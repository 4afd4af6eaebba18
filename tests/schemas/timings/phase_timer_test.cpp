#include "schemas/timings/phase_timer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace zbag {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::Field;
using testing::Pair;

thread_local PhaseTimer::Time manual_time;
PhaseTimer::Time manual_now() { return manual_time; }
void pass(int count) { manual_time += seconds(count); }

// Time is what the test says it is.
class PhaseTimerTest : public testing::Test {
 protected:
  PhaseTimer timer_{{}, "", manual_now};
};

auto phase(const std::string& name, double total) {
  return testing::AllOf(Field(&PhaseTiming::name, name), Field(&PhaseTiming::total_seconds, total));
}

TEST_F(PhaseTimerTest, MeasuresALapOfAPhaseInOneLine) {
  {
    const auto lap = timer_.phase("flush").lap("encode");
    pass(3);
  }
  pass(5);
  ASSERT_THAT(timer_.timings(), ElementsAre(phase("flush", 3.0)));
  EXPECT_THAT(timer_.timings()[0].breakdown, ElementsAre(Pair("encode_seconds", 3.0)));
}

TEST_F(PhaseTimerTest, AddsUpAPhaseThatIsEnteredOften) {
  for (int i = 1; i <= 3; ++i) {
    const auto phase = timer_.phase("flush");
    pass(1);
    const auto lap = phase.lap("encode");
    pass(i);
  }
  ASSERT_THAT(timer_.timings(), ElementsAre(phase("flush", 9.0)));
  EXPECT_THAT(timer_.timings()[0].breakdown, ElementsAre(Pair("encode_seconds", 6.0)));
}

TEST_F(PhaseTimerTest, RunsTheInnermostPhaseAlone) {
  {
    const auto outer = timer_.phase("write");
    pass(1);
    const auto lap = outer.lap("pages");
    pass(2);
    {
      const auto inner = timer_.phase("read");
      pass(4);
      {
        const auto again = timer_.phase("write");  // held once more, and goes on when `read` ends
        pass(8);
      }
    }
    pass(16);
  }
  ASSERT_THAT(timer_.timings(), ElementsAre(phase("write", 19.0), phase("read", 12.0)));
  EXPECT_THAT(timer_.timings()[0].breakdown, ElementsAre(Pair("pages_seconds", 18.0)));
}

TEST_F(PhaseTimerTest, GivesTimeMeasuredElsewhereToAnotherPhase) {
  {
    const auto commit = timer_.phase("commit");
    pass(10);
    timer_.give("fsync", seconds(7));
    timer_.give("fsync", seconds(100));  // no more than there is
  }
  timer_.give("fsync", seconds(1));  // nothing runs
  EXPECT_THAT(timer_.timings(), ElementsAre(phase("commit", 0.0), phase("fsync", 10.0)));
}

TEST_F(PhaseTimerTest, TellsOfPhasesThatRunAndOfThoseNeverEntered) {
  PhaseTimer timer({"receive", "decode"}, "socket thread", manual_now);
  const auto decode = timer.phase("decode");
  pass(2);
  EXPECT_THAT(timer.timings(), ElementsAre(phase("receive", 0.0), phase("decode", 2.0)));
  EXPECT_THAT(timer.timings()[1].agents, ElementsAre("socket thread"));
}

TEST_F(PhaseTimerTest, MeasuresNothingWithoutATimer) {
  const PhaseTimer::Phase phase = phase_of(nullptr, "flush");
  const auto lap = phase.lap("encode");
  pass(1);
  EXPECT_THAT(timer_.timings(), testing::IsEmpty());
}

// The clock is the real one: whatever it says, the sum of all phases is no longer than it.
TEST(PhaseTimerClockTest, PhasesAddUpToNoMoreThanWhatPassed) {
  const auto began = std::chrono::steady_clock::now();
  PhaseTimer timer;
  for (int i = 0; i < 10'000; ++i) {
    const auto receive = timer.phase("receive");
    const auto lap = receive.lap("socket");
    const auto decode = timer.phase("decode");
  }
  double sum = 0.0;
  for (const PhaseTiming& one : timer.timings()) sum += one.total_seconds;
  EXPECT_GT(sum, 0.0);
  EXPECT_LE(sum, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
}

}  // namespace
}  // namespace zbag
