#include "recorder/storage/storage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "recorder/recording.hpp"
#include "schemas/mutex.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// What storages in memory hold, by path. Outlives them, as a disk does.
struct MemoryDisk {
  Mutex mutex;
  std::map<std::string, std::vector<std::int64_t>> keys ZBAG_GUARDED_BY(mutex);
  std::map<std::string, StorageOptions> asked ZBAG_GUARDED_BY(mutex);
  int failures_left ZBAG_GUARDED_BY(mutex) = 0;
  bool opens ZBAG_GUARDED_BY(mutex) = true;
  int closed ZBAG_GUARDED_BY(mutex) = 0;

  std::vector<std::int64_t> keys_of(const std::string& path) {
    const MutexLock lock(mutex);
    return keys[path];
  }
  int times_closed() {
    const MutexLock lock(mutex);
    return closed;
  }
  void fail_next(int writes) {
    const MutexLock lock(mutex);
    failures_left = writes;
  }
};

// A storage that has what every one must have, and nothing else.
class MemoryStorage : public Storage {
 public:
  MemoryStorage(MemoryDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

  Result<WriteReport> write(const Batch& batch) override {
    const MutexLock lock(disk_.mutex);
    if (disk_.failures_left > 0) {
      --disk_.failures_left;
      return fail(ErrorCode::kIo, "the memory disk fails");
    }
    WriteReport report;
    for (const TrackBatch& track : batch.tracks) {
      TrackReport& made = report.tracks.emplace_back();
      made.fate = track.fate;
      made.fate.points += track.points.size();
      made.new_points = track.points.size();
      for (const RowPoint& point : track.points) {
        // The fields must still be where the batch says.
        EXPECT_EQ(point.map().count, 1u);
        disk_.keys[path_].push_back(point.key);
      }
    }
    return report;
  }
  Status close() override {
    const MutexLock lock(disk_.mutex);
    ++disk_.closed;
    return {};
  }
  std::uint64_t size_bytes() const override {
    const MutexLock lock(disk_.mutex);
    return 1'000 * disk_.keys[path_].size();
  }

 private:
  MemoryDisk& disk_;
  const std::string path_;
};

class StorageTest : public testing::Test {
 protected:
  std::unique_ptr<Recording> open(Recording::Options options = {}) {
    options.sync = std::chrono::milliseconds(1);
    options.intake.warn = [this](const std::string& text) {
      const MutexLock lock(warnings_mutex_);
      warnings_.push_back(text);
    };
    return Recording::open("a", std::move(options),
                           [this](const std::string& path,
                                  const StorageOptions& asked) -> Result<std::unique_ptr<Storage>> {
                             const MutexLock lock(disk_.mutex);
                             if (!disk_.opens) return fail(ErrorCode::kIo, "no room for " + path);
                             disk_.asked[path] = asked;
                             disk_.keys[path] = {};
                             return std::make_unique<MemoryStorage>(disk_, path);
                           })
        .value();
  }
  static void accept(Recording& recording, std::int64_t second) {
    std::string frame;
    encode_fields({{"_ts", static_cast<double>(second)}, {"x", second}}, frame);
    ASSERT_FALSE(recording.intake().accept("t", bytes_of(frame), ArrivalTime::now()));
    recording.hand_over(true);
  }
  static std::int64_t at(std::int64_t second) { return second * 1'000'000'000; }

  MemoryDisk disk_;
  Mutex warnings_mutex_;
  std::vector<std::string> warnings_ ZBAG_GUARDED_BY(warnings_mutex_);
};

// Batches are written by the store thread while later ones are formed.
TEST_F(StorageTest, NeedsWriteAlone) {
  Recording::Options options;
  options.overflow = Overflow::kBlock;
  auto recording = open(std::move(options));
  constexpr std::int64_t kFrames = 2'000;
  for (std::int64_t i = 0; i < kFrames; ++i) accept(*recording, i);
  ASSERT_TRUE(recording->close().has_value());
  const std::vector<std::int64_t> keys = disk_.keys_of("a");
  EXPECT_THAT(keys, SizeIs(kFrames));
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  EXPECT_EQ(recording->totals().fate.points, static_cast<std::uint64_t>(kFrames));
  EXPECT_EQ(disk_.times_closed(), 1);
}

TEST_F(StorageTest, IsWrittenToAgainInOrderAfterAFailure) {
  auto recording = open();
  accept(*recording, 1);
  ASSERT_TRUE(recording->flush().has_value());
  // Until the flush has seen it: a sync may come before.
  disk_.fail_next(1'000'000);
  accept(*recording, 2);
  EXPECT_EQ(recording->flush().error().code, ErrorCode::kIo);
  disk_.fail_next(0);
  accept(*recording, 3);
  ASSERT_TRUE(recording->flush().has_value());
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_THAT(disk_.keys_of("a"), ElementsAre(at(1), at(2), at(3)));
  EXPECT_TRUE(recording->totals().fate.balances());
}

TEST_F(StorageTest, CountsAsDroppedWhatItNeverTakes) {
  auto recording = open();
  accept(*recording, 1);
  ASSERT_TRUE(recording->flush().has_value());
  disk_.fail_next(1'000'000);
  accept(*recording, 2);
  EXPECT_FALSE(recording->close().has_value());
  const Fate fate = recording->totals().fate;
  EXPECT_EQ(fate.points, 1u);
  EXPECT_EQ(fate.dropped, 1u);
  EXPECT_TRUE(fate.balances());
}

TEST_F(StorageTest, GoesOnInTheNextOneThatIsToldWhereItContinues) {
  auto recording = open();
  accept(*recording, 1);
  ASSERT_TRUE(recording->wait_for(recording->request_split()).has_value());
  accept(*recording, 2);
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_THAT(recording->paths(), ElementsAre("a", "a_0001"));
  EXPECT_THAT(disk_.keys_of("a"), ElementsAre(at(1)));
  EXPECT_THAT(disk_.keys_of("a_0001"), ElementsAre(at(2)));
  EXPECT_EQ(disk_.times_closed(), 2);
  const MutexLock lock(disk_.mutex);
  EXPECT_EQ(find_field(disk_.asked["a"].config, "continues"), nullptr);
  EXPECT_EQ(*find_field(disk_.asked["a_0001"].config, "continues"), Value("a"));
}

// By the rules of a split, where the next storage can not be made.
TEST_F(StorageTest, IsWrittenOnWhereNoNextOneCanBeMade) {
  Recording::Options options;
  options.split.bytes_max = 1'500;
  auto recording = open(std::move(options));
  {
    const MutexLock lock(disk_.mutex);
    disk_.opens = false;
  }
  for (std::int64_t i = 1; i <= 5; ++i) {
    accept(*recording, i);
    ASSERT_TRUE(recording->flush().has_value());
  }
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_THAT(disk_.keys_of("a"), ElementsAre(at(1), at(2), at(3), at(4), at(5)));
  const MutexLock lock(warnings_mutex_);
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], HasSubstr("no new bag: no room for a_0001; a is written on"));
}

}  // namespace
}  // namespace zbag
