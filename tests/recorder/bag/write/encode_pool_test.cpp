#include "recorder/bag/write/encode_pool.hpp"

#include <gtest/gtest.h>

#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

constexpr CompressionSpec kLz4{Compression::kLz4, 0};

std::unique_ptr<BlockJob> job_of(EncodePool& pool, RowStore& store, int points) {
  auto job = std::make_unique<BlockJob>();
  job->points = pool.lend();
  for (int i = 0; i < points; ++i) job->points->add(store.make(i, number_fields(i)), false);
  return job;
}

std::string block_of(const BlockJob& job) {
  std::string bytes(job.bytes, '\0');
  job.points->write_to({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

class EncodePoolTest : public testing::TestWithParam<unsigned> {};

TEST_P(EncodePoolTest, PreparesEveryJobOnceWhoeverDoesIt) {
  EncodePool pool(kLz4, GetParam());
  RowStore store;
  std::vector<std::unique_ptr<BlockJob>> jobs;
  for (int i = 1; i <= 50; ++i) {
    jobs.push_back(job_of(pool, store, i * 10));
    pool.submit(*jobs.back());
  }
  for (int i = 1; i <= 50; ++i) {
    BlockJob& job = *jobs[static_cast<std::size_t>(i - 1)];
    pool.wait_for(job);
    pool.wait_for(job);  // once more does nothing
    const std::string bytes = block_of(job);
    EXPECT_EQ(Block::open(bytes).value().points().size(), static_cast<std::size_t>(i * 10));
  }
}

TEST_P(EncodePoolTest, WaitsForJobsThatWereNeverSubmitted) {
  EncodePool pool(kLz4, GetParam());
  RowStore store;
  const std::unique_ptr<BlockJob> job = job_of(pool, store, 3);
  pool.wait_for(*job);
  EXPECT_EQ(Block::open(block_of(*job)).value().points().size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(Threads, EncodePoolTest, testing::Values(0u, 1u, 3u));

TEST(EncodePoolTest, MeasuresLonePoints) {
  EncodePool pool(kLz4, 1);
  RowStore store;
  BlockJob job;
  job.lone = store.make(1, number_fields(1));
  pool.submit(job);
  pool.wait_for(job);
  EXPECT_EQ(job.bytes, lone_block_bytes(job.lone));
}

TEST(EncodePoolTest, LendsWhatCameBackEmpty) {
  EncodePool pool(kLz4, 0);
  RowStore store;
  std::unique_ptr<BlockEncoder> encoder = pool.lend();
  encoder->add(store.make(1, number_fields(1)), false);
  const BlockEncoder* const address = encoder.get();
  pool.give_back(std::move(encoder));
  encoder = pool.lend();
  EXPECT_EQ(encoder.get(), address);
  EXPECT_EQ(encoder->count(), 0u);
}

}  // namespace
}  // namespace zbag
