// The wall clock is set back and forth by an hour while a bag is written: frames stamped by it are
// neither lost nor merged, and keep the order in which they came.
#include <gtest/gtest.h>

#include <iostream>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag_session.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/field_lookup.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_for.hpp"
#include "tests/support/wall_clock.hpp"

namespace zbag {
namespace {

constexpr std::chrono::hours kHour{1};
constexpr int kFrames = 900;

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Sets the clock back at a third of the frames and forwards again at two thirds.
void step_at(int frame) {
  if (frame == kFrames / 3) step_wall_clock(-kHour);
  if (frame == kFrames / 3 * 2) step_wall_clock(kHour);
}

class ClockStepTest : public testing::Test {
 protected:
  // What is wrong with the bag when every track must hold `n` = 0, 1, 2... by index.
  void expect_all_in_order(std::uint64_t points, bool ascending) {
    const CheckReport report = check_bag(path_).value();
    EXPECT_TRUE(report.problems.empty());
    const BagReader reader = BagReader::open(path_).value();
    const BagSummary summary = reader.summary().value();
    EXPECT_EQ(summary.points(), points);
    EXPECT_EQ(summary.fate().received, points);
    EXPECT_EQ(summary.fate().merged, 0u);
    for (const TrackRecord& track : summary.tracks) {
      const Page page = reader.read_page(track.name, 0, kPageMax).value();
      EXPECT_EQ(page.points.size(), points / summary.tracks.size());
      for (std::size_t i = 0; i < page.points.size(); ++i) {
        ASSERT_EQ(uint_field(page.points[i].fields, "n"), i) << track.name;
        const bool follows =
            i == 0 || page.points[i - 1].stamp().ns() < page.points[i].stamp().ns();
        ASSERT_TRUE(follows || !ascending) << i;
      }
    }
  }

  void append_with_steps(int first) {
    BagSessionOptions options;
    options.recording.sync = std::chrono::milliseconds(5);
    const auto session = open_bag_session(path_, options).value();
    Track a = session->track("a").value();
    Track b = session->track("b").value();
    for (int i = 0; i < kFrames; ++i) {
      step_at(i);
      ASSERT_TRUE(a.append({{"n", first + i}}).has_value());
      ASSERT_TRUE(b.append({{"n", first + i}}).has_value());
      // So that steps fall between transactions and within them.
      ASSERT_TRUE(i % 70 != 0 || session->flush().has_value());
    }
    ASSERT_TRUE(session->close().has_value());
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
};

TEST_F(ClockStepTest, MovesTheClockThatStampsAreTakenFrom) {
  const double before = wall_seconds();
  step_wall_clock(-kHour);
  EXPECT_LT(wall_seconds(), before - 3'000);
  step_wall_clock(kHour);
  EXPECT_GE(wall_seconds(), before);
}

TEST_F(ClockStepTest, CostsASessionNoFrame) {
  append_with_steps(0);
  expect_all_in_order(2 * kFrames, true);
  std::cout << "a session, the clock stepped by -1 h and +1 h: " << 2 * kFrames
            << " frames, 0 lost, 0 merged, 0 out of order\n";
}

// A later run cannot know the stamps of the one before: its points lie behind, and come after.
TEST_F(ClockStepTest, BetweenTwoRunsCostsNoFrame) {
  append_with_steps(0);
  step_wall_clock(-kHour);
  append_with_steps(kFrames);
  step_wall_clock(kHour);
  expect_all_in_order(4 * kFrames, false);
}

// Frames of strangers without a stamp are stamped by the recorder.
TEST_F(ClockStepTest, CostsARecorderNoFrame) {
  Recording::Options options;
  options.sync = std::chrono::milliseconds(5);
  const auto recording = Recording::open(path_, options, lmdb_storage()).value();
  for (int i = 0; i < kFrames; ++i) {
    step_at(i);
    const std::string frame = encoded(number_fields(i));
    for (const char* track : {"a", "b"})
      ASSERT_FALSE(recording->intake().accept(track, as_bytes(frame), ArrivalTime::now()));
    ASSERT_TRUE(i % 70 != 0 || recording->flush().has_value());
  }
  ASSERT_TRUE(recording->close().has_value());
  expect_all_in_order(2 * kFrames, true);
}

// The interval of the sync is no matter of the wall clock.
TEST_F(ClockStepTest, DoesNotHoldASyncBack) {
  BagSessionOptions options;
  options.recording.sync = std::chrono::milliseconds(5);
  const auto session = open_bag_session(path_, options).value();
  const BagReader reader = BagReader::open(path_).value();
  Track track = session->track("a").value();
  for (const auto step : {-kHour, kHour}) {
    const std::uint64_t before = reader.summary()->points();
    step_wall_clock(step);
    ASSERT_TRUE(track.append({{"n", 1}}).has_value());
    EXPECT_TRUE(wait_for([&] { return reader.summary()->points() > before; }));
  }
}

}  // namespace
}  // namespace zbag
