// Counts what the path from the socket to the block allocates (bag.md, How it is written).

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "recorder/recording.hpp"
#include "recorder/storage/lmdb_storage.hpp"
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

class AllocationTest : public testing::TestWithParam<Compression> {
 protected:
  void record(Recording& recording, int frames) {
    for (int i = 0; i < frames; ++i) {
      const int track = next_ % kTracks;
      fields_[0].second = 1e9 + next_ * 1e-4;
      fields_[1].second = next_ / kTracks;
      for (std::size_t f = 3; f < fields_.size(); ++f) fields_[f].second = 0.25 * (next_ % 1000);
      ++next_;
      frame_.clear();
      encode_fields(fields_, frame_);  // allocates nothing either, once frame_ has its size
      recording.intake().accept(
          names_[static_cast<std::size_t>(track)],
          {reinterpret_cast<const std::uint8_t*>(frame_.data()), frame_.size()},
          ArrivalTime::now());
      recording.hand_over(false);
    }
  }

  TempDir dir_;
  std::vector<std::string> names_ = [] {
    std::vector<std::string> names;
    for (int i = 0; i < kTracks; ++i) names.push_back("robot/imu" + std::to_string(i));
    return names;
  }();
  Fields fields_ = {{"_ts", 0.0}, {"_seq", 0}, {"_src", 7}, {"ax", 0.0}, {"ay", 0.0},
                    {"az", 0.0},  {"gx", 0.0}, {"gy", 0.0}, {"gz", 0.0}, {"temperature", 0.0}};
  std::string frame_ = std::string(1000, '\0');
  int next_ = 0;
};

TEST_P(AllocationTest, PerFrameIsNearNothingInSteadyState) {
  Recording::Options options;
  options.overflow = Overflow::kBlock;
  options.sync = std::chrono::hours(1);  // commits by size alone, so that the count repeats
  const std::unique_ptr<Recording> recording =
      Recording::open(dir_.path("a.zbag"), std::move(options),
                      lmdb_storage({.compression = {GetParam(), 1}}))
          .value();
  record(*recording, 200'000);  // buffers grow to their size
  constexpr int kFrames = 400'000;
  const std::uint64_t before = allocations.load();
  record(*recording, kFrames);
  ASSERT_TRUE(recording->flush());
  const auto made = static_cast<double>(allocations.load() - before);
  const double per_frame = made / kFrames;
  std::printf("%.4f allocations per frame\n", per_frame);
  // What there is belongs to chunks, blocks and commits: a few for a hundred frames.
  EXPECT_LT(per_frame, 0.25);
  EXPECT_GT(made, 0);  // the counter counts
}

INSTANTIATE_TEST_SUITE_P(All, AllocationTest,
                         testing::Values(Compression::kNone, Compression::kLz4,
                                         Compression::kZstd));

}  // namespace
}  // namespace zbag
