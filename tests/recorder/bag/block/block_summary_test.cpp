#include "recorder/bag/block/block_summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_encoder.hpp"
#include "tests/recorder/bag/resealed.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::string encode(const std::vector<RowPoint>& rows,
                   CompressionSpec compression = {Compression::kLz4}) {
  BlockEncoder encoder;
  for (const RowPoint& row : rows) encoder.add(row, false);
  return std::string(text_of(encoder.finish({.track = 3}, compression)));
}

// A pose, a counter that some points lack, and what has no summary.
std::vector<RowPoint> pose_rows(RowStore& store, int count) {
  std::mt19937_64 random(5);
  std::vector<RowPoint> rows;
  for (int i = 0; i < count; ++i) {
    Fields fields{{"pose", Fields{{"x", static_cast<double>(random() % 5'000) / 100}, {"n", i}}},
                  {"is_on", true},
                  {"list", std::vector<double>{1.5, 2.5}},
                  {"name", "arm"}};
    if (i % 2 == 1) fields.emplace_back("seldom", ~0ull - static_cast<std::uint64_t>(i));
    rows.push_back(store.make(1'000 + i, fields));
  }
  return rows;
}

BlockSummary summary_of(const std::string& block) {
  BlockSummary summary;
  const Status status = read_summary(block, summary);
  EXPECT_TRUE(status.has_value()) << (status ? "" : status.error().message);
  return summary;
}

bool is_readable(const std::string& block) {
  BlockSummary summary;
  return read_summary(block, summary).has_value();
}

TEST(BlockSummaryTest, SaysWhatTheNumbersAreWithoutTheBody) {
  RowStore store;
  const std::string block = encode(pose_rows(store, 300));
  std::string head = block;
  std::fill(head.begin() + kBlockHeaderBytes + read_block_header(block)->summary_bytes, head.end(),
            '\0');
  const BlockSummary summary = summary_of(head);
  EXPECT_EQ(summary.header.first, 1'000);
  EXPECT_EQ(summary.header.last, 1'299);
  ASSERT_THAT(summary.columns, SizeIs(3));
  EXPECT_EQ(summary.columns[0].type, ColumnType::kFloat64);
  EXPECT_EQ(std::get<std::int64_t>(*summary.columns[1].max()), 299);
  EXPECT_EQ(summary.columns[2].count, 150u);
  EXPECT_EQ(std::get<std::uint64_t>(*summary.columns[2].first()), ~0ull - 1);
}

TEST(BlockSummaryTest, NamesItsFieldsAsPaths) {
  RowStore store;
  const std::string block = encode(pose_rows(store, 300));
  const BlockSummary summary = summary_of(block);
  EXPECT_THAT(
      read_summary_names(block, summary).value(),
      ElementsAre(ElementsAre("pose", "x"), ElementsAre("pose", "n"), ElementsAre("seldom")));
}

TEST(BlockSummaryTest, HasTheSameNamesWhereTheFieldsAre) {
  RowStore store;
  const std::uint64_t names = summary_of(encode(pose_rows(store, 300))).names;
  EXPECT_EQ(summary_of(encode(pose_rows(store, 200))).names, names);
  std::vector<RowPoint> others;
  for (int i = 0; i < 300; ++i) others.push_back(store.make(i, {{"pose.x", i * 0.5}, {"n", i}}));
  EXPECT_NE(summary_of(encode(others)).names, names);
}

TEST(BlockSummaryTest, HoldsAgainstItsBlock) {
  RowStore store;
  for (const Compression kind : {Compression::kLz4, Compression::kZstd, Compression::kNone})
    EXPECT_TRUE(verify_summary(encode(pose_rows(store, 300), {kind, 3})).has_value());
}

TEST(BlockSummaryTest, IsNotThereForRows) {
  RowStore store;
  const BlockSummary summary = summary_of(encode(pose_rows(store, 300), {Compression::kNone}));
  EXPECT_FALSE(summary.is_there());
  EXPECT_THAT(summary.columns, IsEmpty());
  EXPECT_EQ(summary.header.count, 300u);
}

TEST(BlockSummaryTest, IsNotThereForALonePointOrABorderButTheirHeadsAreVerified) {
  RowStore store;
  const RowPoint image = store.make(3, {{"image", Binary{std::string(5'000, 'i')}}});
  std::string lone(lone_block_bytes(image), '\0');
  write_lone_block({.track = 2}, image,
                   {reinterpret_cast<std::uint8_t*>(lone.data()), lone.size()});
  std::string border(kBlockHeaderBytes, '\0');
  write_border_block({.track = 2}, 7,
                     {reinterpret_cast<std::uint8_t*>(border.data()), border.size()});
  for (std::string block : {lone, border}) {
    EXPECT_FALSE(summary_of(block).is_there());
    block[20] ^= 1;  // of the first key
    EXPECT_FALSE(is_readable(block));
  }
}

TEST(BlockSummaryTest, CostsNoPageAndLittleOfAPageThatIsShared) {
  std::mt19937_64 random(7);
  std::size_t with = 0;
  std::size_t without = 0;
  for (int count = 20; count < 700; count += 3) {
    RowStore store;
    std::vector<RowPoint> rows;
    for (int i = 0; i < count; ++i) {
      Fields fields;
      for (const char* name : {"a", "b", "c"})
        fields.emplace_back(name, static_cast<double>(random()) / 3.0);
      rows.push_back(store.make(i, fields));
    }
    const std::string block = encode(rows);
    const std::size_t summary = read_block_header(block)->summary_bytes;
    const std::size_t rest = block.size() - summary;
    const auto pages = [](std::size_t value) { return (value + 16 + 4095) / 4096; };
    if (rest > 2014) {
      EXPECT_EQ(pages(block.size()), pages(rest));
    } else {
      EXPECT_LE(block.size(), 2014u);
      EXPECT_LE(summary, rest / 8);
    }
    (summary > 0 ? with : without) += 1;
  }
  EXPECT_GT(with, 10 * without);
  EXPECT_GT(without, 0u);
}

// No bit of header or summary is believed that has changed, and none of the summary costs a point.
TEST(BlockSummaryTest, IsRefusedWithAnyBitFlippedAndLeavesThePointsAlone) {
  RowStore store;
  const std::string block = encode(pose_rows(store, 300));
  const std::size_t head = kBlockHeaderBytes + read_block_header(block)->summary_bytes;
  std::size_t readable = 0;
  for (std::size_t bit = 0; bit < head * 8; ++bit) {
    std::string broken = block;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << bit % 8));
    readable += is_readable(broken) ? 1 : 0;
    if (bit / 8 < kSummaryBytesOffset) continue;
    const Result<Block> opened = Block::open(broken);
    ASSERT_TRUE(opened.has_value());
    ASSERT_THAT(opened->points(), SizeIs(300));
    ASSERT_FALSE(verify_summary(broken).has_value());
  }
  EXPECT_EQ(readable, 64u);  // those of the other checksum
}

TEST(BlockSummaryTest, SurvivesResealedNonsense) {
  RowStore store;
  const std::string block = encode(pose_rows(store, 300));
  const std::size_t summary_bytes = read_block_header(block)->summary_bytes;
  std::mt19937_64 random(3);
  std::size_t lies = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::string broken = block;
    for (int i = 0; i < 2; ++i)
      broken[kBlockHeaderBytes + random() % summary_bytes] = static_cast<char>(random());
    broken = resealed(broken);
    BlockSummary summary;
    if (read_summary(broken, summary))
      static_cast<void>(read_summary_names(broken, summary).has_value());
    lies += verify_summary(broken).has_value() ? 0 : 1;
  }
  EXPECT_GT(lies, 2'900u);
}

TEST(BlockSummaryTest, IsBoundedBeforeMemoryIsTaken) {
  RowStore store;
  const std::string block = encode(pose_rows(store, 300));
  const std::size_t body = kBlockHeaderBytes + read_block_header(block)->summary_bytes;
  std::string swollen = block.substr(0, kBlockHeaderBytes) +
                        std::string(kSummaryBytesMax + 1, '\x10') + block.substr(body);
  EXPECT_FALSE(is_readable(resealed(swollen)));
  EXPECT_FALSE(Block::open(resealed(swollen)).has_value());
  EXPECT_FALSE(is_readable(block.substr(0, body - 1)));
  EXPECT_FALSE(is_readable(""));
}

// As wide as a block of columns may be: its summary would not lie on one page.
TEST(BlockSummaryTest, IsNotThereForSoManyFieldsThatItWouldNotLieOnAPage) {
  RowStore store;
  std::vector<RowPoint> rows;
  std::mt19937_64 random(9);
  for (int i = 0; i < 60; ++i) {
    Fields fields;
    for (int k = 0; k < 1'000; ++k)
      fields.emplace_back("f" + std::to_string(k), static_cast<double>(random()) / 3.0);
    rows.push_back(store.make(i, fields));
  }
  const std::string block = encode(rows);
  ASSERT_EQ(read_block_header(block)->codec, Codec::kColumns);
  EXPECT_FALSE(summary_of(block).is_there());
}

}  // namespace
}  // namespace zbag
