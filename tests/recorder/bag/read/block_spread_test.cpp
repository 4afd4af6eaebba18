#include "recorder/bag/read/block_spread.hpp"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <limits>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

long page_bytes_here = 0;  // of a machine that makes a bag; 0: of this one

}  // namespace

// In place of the C library's: LMDB asks it once for every environment it opens. ThreadSanitizer
// asks, too, before it can do anything for whom it watches; so it does not watch here, and no guard
// of a static is asked for.
extern "C" __attribute__((no_sanitize("thread"))) long sysconf(int name) noexcept {
  if (page_bytes_here != 0 && name == _SC_PAGESIZE) return page_bytes_here;
  return reinterpret_cast<long (*)(int)>(::dlsym(RTLD_NEXT, "sysconf"))(name);
}

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

// A bag that has just been written is little else, whatever the pages of the machine were.
TEST_F(BlockSpreadTest, CountsThePagesOfBlocks) {
  EXPECT_EQ(read().page_bytes, 0u);
  constexpr std::size_t kBlocks = 100;
  constexpr std::size_t kBytes = 20'000;
  for (const std::size_t page : {4'096u, 16'384u, 32'768u}) {
    page_bytes_here = static_cast<long>(page);
    const std::string path = dir_.path(std::to_string(page) + ".zbag");
    BagWriter writer = BagWriter::open(path, small_blocks()).value();
    for (std::size_t n = 0; n < kBlocks; ++n) {
      // Each a block of its own, on pages of its own.
      const RowPoint row =
          store_.make(static_cast<std::int64_t>(n), {{"x", Binary{std::string(kBytes, 'x')}}});
      ASSERT_TRUE(writer.write(batch_of_one("a", {row})).has_value());
    }
    ASSERT_TRUE(writer.close().has_value());
    page_bytes_here = 0;
    const std::uint64_t bytes = read_block_spread(*BagReader::open(path)->file())->page_bytes;
    EXPECT_GE(bytes, kBlocks * ((kBytes + page) / page * page)) << page;
    EXPECT_LT(bytes, std::filesystem::file_size(path)) << page;
  }
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
