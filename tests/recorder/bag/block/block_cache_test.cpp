#include "recorder/bag/block/block_cache.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

// A block of a hundred points whose keys begin with `first`.
std::string block_of(RowStore& store, std::int64_t first, Compression compression) {
  BlockEncoder encoder;
  for (std::int64_t i = 0; i < 100; ++i)
    encoder.add(store.make(first + i, {{"n", first + i}, {"text", "so that it can be packed"}}),
                false);
  return std::string(text_of(encoder.finish({.track = 1}, {compression, 1})));
}

class BlockCacheTest : public testing::TestWithParam<Compression> {
 protected:
  std::string block(std::int64_t first) { return block_of(store_, first, GetParam()); }

  RowStore store_;
};

TEST_P(BlockCacheTest, GivesTheSameBlockAgain) {
  BlockCache cache;
  const std::string value = block(5);
  const std::shared_ptr<Block> first = cache.open(value).value();
  EXPECT_EQ(cache.open(value).value(), first);
  EXPECT_EQ(first->points().size(), 100u);
  EXPECT_EQ(first->points()[7].key, 12);
}

TEST_P(BlockCacheTest, TellsABlockThatWasRewrittenFromTheOneBefore) {
  BlockCache cache;
  const std::string before = block(5);
  RowStore store;
  BlockEncoder encoder;
  for (std::int64_t i = 0; i < 100; ++i)
    encoder.add(store.make(5 + i, {{"n", i}, {"text", "so that it can be packed"}}), false);
  const std::string after(text_of(encoder.finish({.track = 1}, {GetParam(), 1})));
  const std::shared_ptr<Block> old = cache.open(before).value();
  const std::shared_ptr<Block> now = cache.open(after).value();
  EXPECT_NE(old, now);
  EXPECT_EQ(decode_fields(old->points()[0].map).value()[0].second, Value(5));
  EXPECT_EQ(decode_fields(now->points()[0].map).value()[0].second, Value(0));
}

TEST_P(BlockCacheTest, KeepsToItsBytesAndLetsTheOldestGo) {
  BlockCache measured;
  const std::string value = block(0);
  ASSERT_TRUE(measured.open(value).has_value());
  const std::size_t one = measured.bytes();
  ASSERT_GT(one, 100 * sizeof(StoredPoint));

  BlockCache cache(one * 7 / 2);
  const std::shared_ptr<Block> first = cache.open(value).value();
  for (std::int64_t i = 1; i <= 50; ++i) {
    ASSERT_TRUE(cache.open(block(1'000 * i)).has_value());
    ASSERT_LE(cache.bytes(), one * 7 / 2);
    ASSERT_EQ(cache.open(value).value(), first) << "asked for again and again, it stays";
  }
  for (std::int64_t i = 1; i <= 3; ++i) ASSERT_TRUE(cache.open(block(1'000'000 * i)).has_value());
  EXPECT_NE(cache.open(value).value(), first);
  EXPECT_EQ(first->points()[99].key, 99) << "who holds a block keeps it";
}

TEST_P(BlockCacheTest, KeepsNothingThatIsDamaged) {
  BlockCache cache;
  std::string value = block(5);
  value.back() = static_cast<char>(value.back() ^ 1);
  EXPECT_EQ(cache.open(value).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(cache.open(value.substr(0, 20)).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST_P(BlockCacheTest, ServesManyThreads) {
  BlockCache cache(64 << 10);
  std::vector<std::string> values;
  for (std::int64_t i = 0; i < 20; ++i) values.push_back(block(100 * i));
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < 500; ++i) {
        const std::size_t which = (i * (t + 1)) % values.size();
        const std::shared_ptr<Block> got = cache.open(values[which]).value();
        ASSERT_EQ(got->points()[3].key, static_cast<std::int64_t>(100 * which + 3));
      }
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Compressions, BlockCacheTest,
                         testing::Values(Compression::kLz4, Compression::kZstd));

// An uncompressed block lends its rows from the file, which is gone when the transaction ends.
TEST(BlockCache, KeepsNoBlockThatLendsItsRows) {
  RowStore store;
  BlockCache cache;
  const std::string value = block_of(store, 5, Compression::kNone);
  EXPECT_EQ(cache.open(value).value()->points().size(), 100u);
  EXPECT_EQ(cache.bytes(), 0u);
}

}  // namespace
}  // namespace zbag
