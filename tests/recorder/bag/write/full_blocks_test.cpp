// How well full blocks fill their pages, and what they take beyond them.
#include <gtest/gtest.h>

#include <random>

#include "recorder/bag/pages/each_entry.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr std::size_t kPageBytes = 4'096;

class FullBlocksTest : public testing::Test {
 protected:
  // Ten points a batch, as a recorder gets them.
  void write(const std::vector<Fields>& points, CompressionSpec compression) {
    BagWriter::Options options;
    options.compression = compression;
    options.map_bytes = 64u << 20;
    BagWriter writer = BagWriter::open(path_, options).value();
    for (std::size_t i = 0; i < points.size(); i += 10) {
      RowStore store;
      std::vector<RowPoint> rows;
      for (std::size_t at = i; at < std::min(i + 10, points.size()); ++at)
        rows.push_back(store.make(1'000'000 * static_cast<std::int64_t>(at + 1), points[at]));
      ASSERT_TRUE(writer.write(batch_of_one("a", std::move(rows))).has_value());
    }
    ASSERT_TRUE(writer.close().has_value());
  }

  struct Sizes {
    std::size_t blocks = 0;
    std::size_t bytes = 0;
    std::size_t raw_max = 0;
    std::size_t page_bytes = 0;  // of the pages they lie on
  };
  // Of all blocks but the last, which ends with the recording.
  Sizes sizes() const {
    const auto file = BagFile::open_to_read(path_).value();
    const auto txn = file->env().read().value();
    Sizes sum;
    Sizes last;
    EXPECT_TRUE(each_entry(*txn, file->tables().blocks, {}, [&](const TableCursor::Item& item) {
      sum.blocks += last.blocks;
      sum.bytes += last.bytes;
      sum.raw_max = std::max(sum.raw_max, last.raw_max);
      sum.page_bytes += last.page_bytes;
      last = {.blocks = 1,
              .bytes = item.value.size(),
              .raw_max = read_block_header(item.value).value().raw_bytes,
              .page_bytes = (item.value.size() + 16 + kPageBytes - 1) / kPageBytes * kPageBytes};
      return Status();
    }));
    return sum;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
};

// A laser that sees the same room again and again, with noise.
std::vector<Fields> scans(std::size_t count) {
  std::mt19937 random(1);
  std::vector<Fields> points;
  for (std::size_t i = 0; i < count; ++i) {
    Array ranges;
    for (int beam = 0; beam < 90; ++beam)
      ranges.emplace_back(2.0 + static_cast<double>(random() % 16 + random() % 16) / 1'000.0);
    points.push_back({{"ranges", std::move(ranges)}});
  }
  return points;
}

TEST_F(FullBlocksTest, EndWhereTheirPagesDo) {
  write(scans(2'000), {Compression::kZstd, 3});
  const Sizes made = sizes();
  EXPECT_GT(made.blocks, 20u);
  EXPECT_LE(made.raw_max, 16 * kPageBytes);
  EXPECT_LE(made.page_bytes, made.bytes + made.bytes / 10);
}

constexpr std::size_t kImageBytes = 23'000;  // five fill a block

// Of a camera that is recorded more often than it sees: one of three frames repeats the one before.
std::vector<Fields> images(std::size_t count) {
  std::mt19937 random(1);
  std::vector<Fields> points;
  std::string image;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 3 != 2) image.assign(kImageBytes, '\0');
    if (i % 3 != 2) std::ranges::generate(image, [&] { return static_cast<char>(random()); });
    points.push_back({{"width", 640}, {"data", Binary{image}}});
  }
  return points;
}

TEST_F(FullBlocksTest, TakeAFrameThatRepeatsTheOneBefore) {
  write(images(120), {Compression::kZstd, 3});
  EXPECT_LE(sizes().bytes, 81 * kImageBytes);
}

TEST_F(FullBlocksTest, TakeNoMoreThanTheirPagesWhereRepeatsCostTheirBytes) {
  write(images(120), {Compression::kNone});
  EXPECT_LE(sizes().raw_max, 32 * kPageBytes);
}

// However often it is repeated.
TEST_F(FullBlocksTest, EndInAFrameThatComesForEver) {
  write(std::vector<Fields>(100, images(1).front()), {Compression::kZstd, 3});
  EXPECT_LE(sizes().raw_max, 2 * 32 * kPageBytes);
}

}  // namespace
}  // namespace zbag
