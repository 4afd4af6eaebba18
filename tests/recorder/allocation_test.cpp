// Counts what the path from the socket to the block allocates (bag.md, How it is written).

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <iostream>
#include <new>

#include "recorder/bag/upkeep/check.hpp"
#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "schemas/expression/expression.hpp"
#include "schemas/text_bytes.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(bytes)) return memory;
  std::abort();
}

}  // namespace

// Of every thread of this program; the sizes are glibc's business.
void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace zbag {
namespace {

constexpr int kTracks = 20;

// Frames of an IMU, a track after another, as bytes that do not move.
class FrameSource {
 public:
  FrameSource() {
    for (int i = 0; i < kTracks; ++i) names_.push_back("robot/imu" + std::to_string(i));
  }
  // The next frame into the intake. Allocates nothing itself, once the frame has its size.
  void give(Intake& intake) {
    fields_[0].second = 1e9 + next_ * 1e-4;
    fields_[1].second = next_ / kTracks;
    for (std::size_t f = 3; f < fields_.size(); ++f) fields_[f].second = 0.25 * (next_ % 1000);
    frame_.clear();
    encode_fields(fields_, frame_);
    const std::string& name = names_[static_cast<std::size_t>(next_++ % kTracks)];
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(frame_.data()), frame_.size());
    intake.accept(name, bytes, ArrivalTime::now());
  }

 private:
  std::vector<std::string> names_;
  Fields fields_ = {{"_ts", 0.0}, {"_seq", 0}, {"_src", 7}, {"ax", 0.0}, {"ay", 0.0},
                    {"az", 0.0},  {"gx", 0.0}, {"gy", 0.0}, {"gz", 0.0}, {"temperature", 0.0}};
  std::string frame_ = std::string(1000, '\0');
  int next_ = 0;
};

TEST(ExpressionAllocationTest, IsNoneForAPointThatIsAskedOf) {
  std::string map;
  encode_fields({{"x", 1.5}, {"pose", Fields{{"name", "a text that is longer than a short one"}}}},
                map);
  const MapBytes point = open_map(bytes_of(map)).value();
  const Expression expression =
      Expression::parse(
          "x > 1 and pose.name contains 'longer than a short' and not (pose.name in "
          "('another text that is no short one') or _ts < '2026-11-20T10:00:00Z')")
          .value();
  const Timestamp stamp = Timestamp::from_seconds(2e9).value();
  const std::uint64_t before = allocations.load();
  EXPECT_TRUE(expression.matches(point, stamp));
  EXPECT_EQ(allocations.load() - before, 0u);
}

// The arena and the list of arrivals of a chunk, when it begins, and nothing for its frames.
TEST(IntakeAllocationTest, IsTwoForAChunkAndNoneForAFrame) {
  Intake intake({});
  FrameSource frames;
  // In the first chunks tracks and publisher are new, layouts are learned, and what was seen of
  // each stream lately grows to its full length, as chunks do.
  constexpr int kNew = 16;
  for (int chunk = 0; chunk < kNew + 8; ++chunk) {
    std::uint64_t before = allocations.load();
    frames.give(intake);
    const std::uint64_t of_first = allocations.load() - before;
    before = allocations.load();
    int count = 1;
    for (; !intake.is_full(); ++count) frames.give(intake);
    const std::uint64_t of_others = allocations.load() - before;
    if (chunk >= kNew) {
      EXPECT_EQ(count, static_cast<int>(kChunkFrames));
      EXPECT_EQ(of_first, 2u) << chunk;
      EXPECT_EQ(of_others, 0u) << chunk;
    }
    const Chunk taken = intake.take();
    EXPECT_EQ(taken.arrivals.size(), static_cast<std::size_t>(count));
  }
}

class AllocationTest : public testing::TestWithParam<Compression> {
 protected:
  void record(Recording& recording, std::uint64_t chunks) {
    for (std::uint64_t i = 0; i < chunks * kChunkFrames; ++i) {
      frames_.give(recording.intake());
      recording.hand_over(false);
    }
  }

  TempDir dir_;
  FrameSource frames_;
};

// The whole way to the disk: what there is belongs to chunks, to blocks (those that encode them
// still grow their buffers now and then), and to the tracks of a commit. The allowance does not
// know how many frames that are; one allocation for every eighth would be beyond it.
TEST_P(AllocationTest, BelongsToChunksBlocksAndCommits) {
  Recording::Options options;
  options.overflow = Overflow::kBlock;
  options.sync = std::chrono::hours(1);  // commits by size alone, so that the count repeats
  std::promise<void> disk;
  options.on_stored = [goes_on = disk.get_future().share()](const Batch&) { goes_on.wait(); };
  const std::string path = dir_.path("a.zbag");
  const std::unique_ptr<Recording> recording =
      Recording::open(path, std::move(options), lmdb_storage({.compression = {GetParam(), 1}}))
          .value();
  record(*recording, 100);  // buffers grow to their size, of all encoders that a slow disk needs
  disk.set_value();
  ASSERT_TRUE(recording->flush());
  constexpr std::uint64_t kChunks = 200;
  const std::uint64_t blocks_before = check_bag(path).value().blocks;
  const std::uint64_t commits_before = recording->totals().commits;
  const std::uint64_t before = allocations.load();
  record(*recording, kChunks);
  ASSERT_TRUE(recording->flush());
  const std::uint64_t made = allocations.load() - before;
  const std::uint64_t blocks = check_bag(path).value().blocks - blocks_before;
  const std::uint64_t commits = recording->totals().commits - commits_before;
  std::cout << made << " allocations: " << kChunks * kChunkFrames << " frames in " << kChunks
            << " chunks, " << blocks << " blocks, " << commits << " commits\n";
  // Where the disk lags behind, more encoders are lent at once, and new ones have buffers to grow.
  const std::uint64_t of_a_block = GetParam() == Compression::kNone ? 32 : 64;
  EXPECT_LE(made, kChunks * 20 + blocks * of_a_block + commits * kTracks * 80);
  EXPECT_GT(made, 2 * kChunks);  // the counter counts
}

INSTANTIATE_TEST_SUITE_P(All, AllocationTest,
                         testing::Values(Compression::kNone, Compression::kLz4,
                                         Compression::kZstd));

}  // namespace
}  // namespace zbag
