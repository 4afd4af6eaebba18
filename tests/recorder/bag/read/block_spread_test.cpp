#include "recorder/bag/read/block_spread.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

class BlockSpreadTest : public testing::Test {
 protected:
  // So many points from `first` on, `step` apart.
  void write(const std::string& track, int count, std::int64_t first, std::int64_t step) {
    std::vector<RowPoint> rows;
    for (int n = 0; n < count; ++n)
      rows.push_back(store_.make(first + n * step, number_fields(n * 7919)));
    ASSERT_TRUE(writer_.write(batch_of_one(track, rows)).has_value());
  }
  BlockSpread read() { return read_block_spread(*writer_.file()).value(); }

  TempDir dir_;
  RowStore store_;
  BagWriter writer_ = BagWriter::open(dir_.path("a.zbag"), small_blocks()).value();
};

TEST_F(BlockSpreadTest, KnowsWhenASensorStoodStillAndWhenItWasFast) {
  write("a", 4'000, 0, kSecond / 10);
  write("a", 4'000, 5'000 * kSecond, kSecond / 100);
  write("b", 1, 7, 0);
  ASSERT_TRUE(writer_.close().has_value());
  const BlockSpread spread = read();
  ASSERT_EQ(spread.rates.size(), 1u);
  const RateSpread& rates = spread.rates.begin()->second;
  EXPECT_LT(rates.min_hz, 5.0);
  EXPECT_NEAR(rates.max_hz, 100.0, 1.0);
}

TEST_F(BlockSpreadTest, CountsThePagesOfBlocks) {
  EXPECT_EQ(read().page_bytes, 0u);
  write("a", 4'000, 0, 1);
  ASSERT_TRUE(writer_.close().has_value());
  EXPECT_GT(read().page_bytes, 1'000u);
}

// Stamps lie further apart than int64 nanoseconds reach.
TEST_F(BlockSpreadTest, IsNotMisledByTheEndsOfTime) {
  write("a", 2'000, std::numeric_limits<std::int64_t>::min(), 1);
  write("a", 2'000, std::numeric_limits<std::int64_t>::max() - 2'000, 1);
  ASSERT_TRUE(writer_.close().has_value());
  const BlockSpread spread = read();
  ASSERT_EQ(spread.rates.size(), 1u);
  const RateSpread& rates = spread.rates.begin()->second;
  EXPECT_GT(rates.min_hz, 0.0);
  EXPECT_LT(rates.min_hz, 1e-6);
  EXPECT_GT(rates.max_hz, 1e6);
}

}  // namespace
}  // namespace zbag
