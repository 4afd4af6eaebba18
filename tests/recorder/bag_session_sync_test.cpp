// A bag session whose appends stay in memory until they are due.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag_session.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

// With `sync` off a session is ML-Dash's buffer: per track, until it is full, of age or flushed.
class SyncOffTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.recording.sync.reset();
    options_.recording.points_max = 10;
    options_.recording.age_max = std::chrono::hours(1);
    options_.session.background = false;
    reopen();
  }
  void reopen() {
    session_.reset();
    session_ = open_bag_session(path_, options_).value();
  }
  Track track(std::string_view name) { return session_->track(name).value(); }
  std::size_t stored(const std::string& name) {
    return read_all(BagReader::open(path_).value(), {.track = name}).size();
  }
  // The writer is another thread: what is due is awaited, not slept for.
  std::size_t stored_in_the_end(const std::string& name, std::size_t wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (stored(name) < wanted && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return stored(name);
  }

  TempDir dir_;
  const std::string path_ = dir_.path("run.zbag");
  BagSessionOptions options_;
  std::unique_ptr<Session> session_;
};

// S0.12
TEST_F(SyncOffTest, KeepsAppendsInMemoryUntilTheyAreFlushed) {
  ASSERT_TRUE(track("a").append({{"v", 1}}, 1.0).has_value());
  session_->tick();
  EXPECT_EQ(stored("a"), 0u);
  EXPECT_EQ(session_->flush()->count, 1u);
  EXPECT_EQ(stored("a"), 1u);
}

// S0.14, S0.38
TEST_F(SyncOffTest, FlushesOneTrackAndLeavesTheOther) {
  ASSERT_TRUE(track("a").append({{"v", 1}}, 1.0).has_value());
  ASSERT_TRUE(track("b").append({{"v", 1}}, 1.0).has_value());
  const FlushResult flushed = track("a").flush().value();
  EXPECT_EQ(flushed.count, 1u);
  EXPECT_EQ(flushed.first_index, 0u);
  EXPECT_EQ(stored("a"), 1u);
  EXPECT_EQ(stored("b"), 0u);
  ASSERT_TRUE(session_->flush().has_value());
  EXPECT_EQ(stored("b"), 1u);
}

// S0.16
TEST_F(SyncOffTest, WritesEverythingWhenItCloses) {
  for (int i = 0; i < 7; ++i) ASSERT_TRUE(track("a").append({{"i", i}}, i * 1.0).has_value());
  session_.reset();
  EXPECT_EQ(stored("a"), 7u);
}

// S0.17: the tenth append triggers a write without any flush.
TEST_F(SyncOffTest, WritesATrackThatHoldsItsPoints) {
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(track("a").append({{"i", i}}, i * 1.0).has_value());
  ASSERT_TRUE(track("b").append({{"i", 0}}, 0.0).has_value());
  session_->tick();
  ASSERT_TRUE(track("a").append({{"i", 9}}, 9.0).has_value());
  session_->tick();
  EXPECT_EQ(stored_in_the_end("a", 10), 10u);
  EXPECT_EQ(stored("b"), 0u);
}

// S0.18
TEST_F(SyncOffTest, WritesATrackThatIsOfAge) {
  options_.recording.age_max = std::chrono::milliseconds(1);
  reopen();
  ASSERT_TRUE(track("a").append({{"i", 0}}, 0.0).has_value());
  session_->tick();
  EXPECT_EQ(stored_in_the_end("a", 1), 1u);
}

}  // namespace
}  // namespace zbag
