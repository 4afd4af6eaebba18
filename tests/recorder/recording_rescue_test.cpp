// A bag that somebody removes, replaces or cuts short while it is recorded: nothing that was
// accepted is lost in silence.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class RecordingRescueTest : public testing::Test {
 protected:
  std::unique_ptr<Recording> open(SplitRules rules = {}) {
    fs::create_directories(dir_.path("runs"));
    Recording::Options options;
    options.split = rules;
    options.intake.warn = [this](const std::string& text) {
      const std::lock_guard lock(mutex_);
      warnings_.push_back(text);
    };
    return Recording::open(path_, std::move(options), lmdb_storage({.map_bytes = 64u << 20}))
        .value();
  }
  void accept(Recording& recording, std::uint64_t limit) {
    for (; next_ < limit; ++next_) {
      std::string frame;
      encode_fields(
          {{"_ts", static_cast<double>(next_)}, {"_src", 1}, {"_seq", next_}, {"n", next_}}, frame);
      recording.intake().accept("a", bytes_of(frame), ArrivalTime::now());
    }
    recording.hand_over(true);
  }
  void await_rescue(const Recording& recording) {
    ASSERT_TRUE(wait_for([&] { return recording.totals().rescued_bags > 0; }));
  }
  void expect_whole(const std::string& path, std::uint64_t points) {
    EXPECT_THAT(check_bag(path)->problems, IsEmpty());
    EXPECT_FALSE(check_bag(path)->unclosed);
    EXPECT_THAT(keys_of(path), SizeIs(points));
    EXPECT_EQ(BagReader::open(path)->summary()->lost(), 0u);
  }
  std::string warnings() {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& text : warnings_) all += text + "\n";
    return all;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("runs/day.zbag");
  std::uint64_t next_ = 0;
  std::mutex mutex_;
  std::vector<std::string> warnings_;
};

TEST_F(RecordingRescueTest, GoesOnInACopyOfABagThatIsRemoved) {
  auto recording = open();
  accept(*recording, 100);
  ASSERT_TRUE(recording->flush().has_value());
  fs::remove(path_);
  await_rescue(*recording);
  accept(*recording, 150);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->path(), dir_.path("runs/day.rescued.zbag"));
  EXPECT_THAT(warnings(), HasSubstr("runs/day.zbag was removed or replaced"));
  EXPECT_THAT(warnings(), HasSubstr("runs/day.rescued.zbag"));
  expect_whole(recording->path(), 150);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(RecordingRescueTest, LeavesWhatHasTakenItsName) {
  auto recording = open();
  accept(*recording, 100);
  ASSERT_TRUE(recording->flush().has_value());
  write_file(dir_.path("other"), "mine");
  fs::rename(dir_.path("other"), path_);
  await_rescue(*recording);
  ASSERT_TRUE(recording->close().has_value());
  expect_whole(dir_.path("runs/day.rescued.zbag"), 100);
  EXPECT_EQ(file_bytes(path_), "mine");
}

TEST_F(RecordingRescueTest, TakesTheNearestFolderThatExists) {
  auto recording = open();
  accept(*recording, 100);
  ASSERT_TRUE(recording->flush().has_value());
  fs::remove_all(dir_.path("runs"));
  await_rescue(*recording);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->path(), dir_.path("day.rescued.zbag"));
  expect_whole(recording->path(), 100);
}

TEST_F(RecordingRescueTest, RescuesABagThatIsRemovedTwice) {
  auto recording = open();
  accept(*recording, 10);
  ASSERT_TRUE(recording->flush().has_value());
  fs::remove(path_);
  await_rescue(*recording);
  fs::remove(dir_.path("runs/day.rescued.zbag"));
  accept(*recording, 20);
  ASSERT_TRUE(wait_for([&] { return recording->totals().rescued_bags > 1; }));
  ASSERT_TRUE(recording->close().has_value());
  expect_whole(dir_.path("runs/day.rescued.zbag"), 20);
}

// The bag goes at the last moment: nobody has looked since.
TEST_F(RecordingRescueTest, CopiesWhatIsGoneWhenItIsClosed) {
  auto recording = open();
  accept(*recording, 100);
  ASSERT_TRUE(recording->flush().has_value());
  fs::remove(path_);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->totals().rescued_bags, 1u);
  expect_whole(recording->path(), 100);
}

TEST_F(RecordingRescueTest, GoesOnSplittingBesideTheCopy) {
  auto recording = open();
  accept(*recording, 100);
  ASSERT_TRUE(recording->flush().has_value());
  fs::remove(path_);
  await_rescue(*recording);
  accept(*recording, 110);
  ASSERT_TRUE(recording->wait_for(recording->request_split()).has_value());
  accept(*recording, 120);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->path(), dir_.path("runs/day.rescued_0001.zbag"));
  EXPECT_THAT(keys_of(dir_.path("runs/day.rescued.zbag")), SizeIs(110));
  EXPECT_THAT(keys_of(recording->path()), SizeIs(10));
}

// Pages behind the end of the file must not be read.
TEST_F(RecordingRescueTest, WritesNothingMoreIntoABagThatWasCutShort) {
  auto recording = open();
  accept(*recording, 100);
  ASSERT_TRUE(recording->flush().has_value());
  const std::uint64_t size = fs::file_size(path_);
  fs::resize_file(path_, size / 2);
  accept(*recording, 200);
  const Status closed = recording->close();
  ASSERT_FALSE(closed.has_value());
  EXPECT_EQ(closed.error().code, ErrorCode::kDamaged);
  EXPECT_THAT(closed.error().message, HasSubstr("cut short"));
  EXPECT_EQ(fs::file_size(path_), size / 2);
  EXPECT_TRUE(recording->totals().fate.balances());
}

// Somebody copies another bag over it: no page of what is there is ours to go on from.
TEST_F(RecordingRescueTest, WritesNothingMoreIntoABagThatIsWrittenOver) {
  const std::string other = dir_.path("other.zbag");
  {
    const auto larger = Recording::open(other, {}, lmdb_storage({.map_bytes = 64u << 20})).value();
    accept(*larger, 20'000);
    ASSERT_TRUE(larger->close().has_value());
  }
  for (const bool is_bag : {true, false}) {
    fs::remove(path_);
    const std::string bytes = is_bag ? file_bytes(other) : std::string(8'192, '\0');
    auto recording = open();
    accept(*recording, next_ + 100);
    ASSERT_TRUE(recording->flush().has_value());
    std::fstream(path_, std::ios::in | std::ios::out | std::ios::binary) << bytes;
    const std::string left = file_bytes(path_);
    accept(*recording, next_ + 100);
    const Status closed = recording->close();
    ASSERT_FALSE(closed.has_value());
    EXPECT_EQ(closed.error().code, ErrorCode::kDamaged);
    EXPECT_THAT(closed.error().message, HasSubstr("written over"));
    EXPECT_TRUE(file_bytes(path_) == left);
    EXPECT_TRUE(recording->totals().fate.balances());
  }
}

}  // namespace
}  // namespace zbag
