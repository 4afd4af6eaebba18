// The worked example of FORMAT.md: these bytes must be readable for ever.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "recorder/bag/block/block_summary.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

constexpr const char* kBlock =
    "5a424b31010101000100000040000000002f6859000000008038f57e00000000"
    "79070000c50000000000000000000000430905bb03cb7ace14000000b3539d81"
    "bc056be025036f82820200823e000000000600010255556b6b0400017800046d"
    "6f646500017003016e0304003f05011002031c02030400020501040203000501"
    "04010001fefffefffefffeff0480bcc1960b80dac409000100d80400d00f01ce"
    "faedfe0000000000020002040002020200050002070001c18050301c1009c582"
    "d1703c2011c98452b15c3019cd86d3f17c4021d18854329d5029d58ad572bd60"
    "31d98c56b3dd7039dd8ed7f301010204060272756e686f6c640100010c000100"
    "0388464423a211d188684434221a118d88464423a211d18868";

std::string golden_bytes() {
  const std::string hex(kBlock);
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

Fields golden_fields(int i) {
  Fields fields{{"x", i * i / 100.0}};
  if (i % 16 == 0) fields.emplace_back("mode", i < 32 ? "run" : "hold");
  fields.emplace_back("p", Fields{{"n", i % 5}});
  return fields;
}

TEST(GoldenColumnsTest, ReadsTheBlockOfTheFormatsDescription) {
  const std::string bytes = golden_bytes();
  const Block block = Block::open(bytes).value();
  ASSERT_EQ(block.header().codec, Codec::kColumns);
  ASSERT_EQ(block.points().size(), 64u);
  EXPECT_TRUE(verify_summary(bytes).has_value());
  for (int i = 0; i < 64; ++i) {
    const StoredPoint& point = block.points()[static_cast<std::size_t>(i)];
    EXPECT_EQ(point.key, 1'500'000'000 + i * 10'000'000);
    EXPECT_EQ(point.wall_ns, point.key + 300);
    EXPECT_EQ(point.mono_ns, point.wall_ns - 1'000);
    EXPECT_EQ(point.src, 0xfeedfaceu);
    EXPECT_EQ(point.seq, static_cast<std::uint64_t>(i));
    EXPECT_EQ(decode_fields(point.map).value(), golden_fields(i));
  }
}

// Not for ever: a later version may find a smaller form for the same points.
TEST(GoldenColumnsTest, WritesTheBlockOfTheFormatsDescription) {
  RowStore store;
  BlockEncoder encoder;
  for (int i = 0; i < 64; ++i) {
    RowPoint row = store.make(1'500'000'000 + i * 10'000'000, golden_fields(i));
    row.wall_ns = row.key + 300;
    row.mono_ns = row.wall_ns - 1'000;
    row.has_src = row.has_seq = true;
    row.src = 0xfeedface;
    row.seq = static_cast<std::uint64_t>(i);
    encoder.add(row, false);
  }
  EXPECT_EQ(text_of(encoder.finish({.track = 1}, {Compression::kLz4})), golden_bytes());
}

// What FORMAT.md shows is what is here.
TEST(GoldenColumnsTest, IsWhatTheFormatsDescriptionShows) {
  std::ifstream in(std::string(std::getenv("ZBAG_SOURCE")) + "/recorder/bag/FORMAT.md");
  std::string shown;
  bool is_example = false;
  for (std::string line; std::getline(in, line);) {
    is_example = is_example || line.starts_with("And a block of columns");
    if (!is_example || !line.starts_with("    ") || line.size() < 11) continue;
    std::istringstream bytes(line.substr(10, line.find("  ", 10) - 10));
    for (std::string byte; bytes >> byte;) shown += byte;
  }
  EXPECT_EQ(shown, kBlock);
}

}  // namespace
}  // namespace zbag
