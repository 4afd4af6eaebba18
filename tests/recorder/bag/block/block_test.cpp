#include "recorder/bag/block/block.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <random>

#include "recorder/bag/block/block_encoder.hpp"
#include "tests/recorder/bag/resealed.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

using testing::SizeIs;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// What must come back of a row.
bool same_point(const StoredPoint& stored, const RowPoint& row, bool indexed) {
  std::string map;
  append_map(row.map(), map);
  return stored.key == row.key &&
         std::bit_cast<std::uint64_t>(stored.seconds) ==
             std::bit_cast<std::uint64_t>(row.seconds) &&
         stored.wall_ns == row.wall_ns && stored.mono_ns == row.mono_ns &&
         stored.has_src == row.has_src && (!row.has_src || stored.src == row.src) &&
         stored.has_seq == row.has_seq && (!row.has_seq || stored.seq == row.seq) &&
         (!indexed || stored.index == row.index) && text_of(stored.map) == map;
}

std::vector<RowPoint> random_rows(RowStore& store, std::mt19937_64& random, std::size_t count) {
  std::vector<std::int64_t> keys(count);
  for (std::int64_t& key : keys) key = static_cast<std::int64_t>(random() % 64) * 1'000 - 32'000;
  std::sort(keys.begin(), keys.end());
  std::vector<RowPoint> rows;
  for (const std::int64_t key : keys) {
    Fields fields;
    for (std::uint64_t i = random() % 4; i > 0; --i) {
      fields.emplace_back("f" + std::to_string(i), std::string(random() % 40, 'x'));
    }
    RowPoint row = store.make(key, fields);
    row.seconds = std::bit_cast<double>(std::bit_cast<std::uint64_t>(row.seconds) + random() % 2);
    row.wall_ns = static_cast<std::int64_t>(random());
    row.mono_ns = static_cast<std::int64_t>(random());
    row.src = random() % 3;
    row.has_src = random() % 4 != 0;
    row.seq = random();
    row.has_seq = random() % 4 != 0;
    row.index = random();
    rows.push_back(row);
  }
  return rows;
}

std::string encode(const std::vector<RowPoint>& rows, BlockHeader header,
                   CompressionSpec compression) {
  BlockEncoder encoder;
  for (const RowPoint& row : rows) encoder.add(row, (header.flags & kBlockIndexed) != 0);
  return std::string(text_of(encoder.finish(header, compression)));
}

std::string encode_lone(const BlockHeader& header, const RowPoint& row) {
  std::string bytes(lone_block_bytes(row), '\0');
  write_lone_block(header, row, {reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

std::size_t count_opened(const std::string& block) {
  const Result<Block> opened = Block::open(block);
  return opened ? opened->points().size() : 0;
}

std::string small_block(RowStore& store, CompressionSpec compression) {
  std::mt19937_64 random(3);
  return encode(random_rows(store, random, 5), {.track = 9}, compression);
}

// Ten numbers a point, alike in shape: what columns are for.
std::vector<RowPoint> number_rows(RowStore& store, std::size_t count) {
  std::mt19937_64 random(21);
  std::vector<RowPoint> rows;
  for (std::size_t i = 0; i < count; ++i) {
    Fields fields;
    for (int k = 0; k < 10; ++k)
      fields.emplace_back("field" + std::to_string(k), static_cast<double>(random() % 5'000) / 100);
    rows.push_back(store.make(static_cast<std::int64_t>(i) * 1'000, fields));
  }
  return rows;
}

class BlockRoundTripTest : public testing::TestWithParam<std::tuple<Compression, std::uint8_t>> {};

TEST_P(BlockRoundTripTest, GivesBackRandomPointsBitForBit) {
  const auto [compression, flags] = GetParam();
  std::mt19937_64 random(17);
  for (int round = 0; round < 60; ++round) {
    RowStore store;
    const std::vector<RowPoint> rows = random_rows(store, random, 1 + random() % 200);
    const std::string bytes =
        encode(rows, {.flags = flags, .track = 4, .first_ordinal = 77}, {compression, 3});

    const Result<Block> block = Block::open(bytes);

    ASSERT_TRUE(block.has_value()) << block.error().message;
    ASSERT_THAT(block->points(), SizeIs(rows.size()));
    EXPECT_EQ(block->header().track, 4u);
    EXPECT_EQ(block->header().first_ordinal, 77u);
    EXPECT_EQ(block->header().first, rows.front().key);
    EXPECT_EQ(block->header().last, rows.back().key);
    EXPECT_TRUE(std::equal(
        rows.begin(), rows.end(), block->points().begin(),
        [&, is_indexed = (flags & kBlockIndexed) != 0](const auto& row, const auto& stored) {
          return same_point(stored, row, is_indexed);
        }));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BlockRoundTripTest,
    testing::Combine(testing::Values(Compression::kNone, Compression::kLz4, Compression::kZstd),
                     testing::Values(std::uint8_t{0}, std::uint8_t{kBlockLate | kBlockIndexed})));

class BlockOfColumnsTest : public testing::TestWithParam<Compression> {};

TEST_P(BlockOfColumnsTest, IsTakenWhereItIsSmaller) {
  RowStore store;
  const std::vector<RowPoint> rows = number_rows(store, 300);
  const std::string bytes = encode(rows, {.track = 3}, {GetParam(), 3});
  EXPECT_EQ(read_block_header(bytes)->codec, Codec::kColumns);
  BlockEncoder encoder;
  encoder.use_columns(false);
  for (const RowPoint& row : rows) encoder.add(row, false);
  EXPECT_LT(bytes.size(), encoder.finish({}, {GetParam(), 3}).size() * 2 / 3);
}

TEST_P(BlockOfColumnsTest, GivesBackPointsAndMaps) {
  RowStore store;
  const std::vector<RowPoint> rows = number_rows(store, 300);
  for (const auto flags : {std::uint8_t{0}, std::uint8_t{kBlockLate | kBlockIndexed}}) {
    const std::string bytes = encode(rows, {.flags = flags, .track = 3}, {GetParam(), 3});
    const Block block = Block::open(bytes).value();
    EXPECT_TRUE(std::equal(
        rows.begin(), rows.end(), block.points().begin(), block.points().end(),
        [&](const auto& row, const auto& stored) { return same_point(stored, row, flags != 0); }));
  }
}

TEST_P(BlockOfColumnsTest, LendsColumnsInPlaceOfMaps) {
  RowStore store;
  const std::string bytes = encode(number_rows(store, 300), {.track = 3}, {GetParam(), 3});
  Block block = Block::open(bytes, Block::Maps::kLater).value();
  EXPECT_EQ(block.points()[299].key, 299'000);
  EXPECT_TRUE(block.points()[0].map.empty());
  ASSERT_NE(block.columns(), nullptr);
  EXPECT_THAT(block.columns()->columns(), SizeIs(10));
}

// Whether flipping that bit leaves a block that opens.
bool opens_with_flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return Block::open(bytes).has_value();
}

// But for those of the summary, its size and the checksum of the head, from which no point is read.
TEST_P(BlockOfColumnsTest, RefusesEveryFlippedBitThatPointsAreReadFrom) {
  RowStore store;
  const std::string bytes = encode(number_rows(store, 300), {.track = 3}, {GetParam(), 3});
  ASSERT_EQ(read_block_header(bytes)->codec, Codec::kColumns);
  const std::size_t body = kBlockHeaderBytes + read_block_header(bytes)->summary_bytes;
  ASSERT_GT(body, kBlockHeaderBytes);
  std::size_t opened = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit)
    opened += opens_with_flipped(bytes, bit) ? 1 : 0;
  EXPECT_EQ(opened, (body - kSummaryBytesOffset) * 8);
}

// The checksum of a hostile block is right: what it says is still not believed.
TEST_P(BlockOfColumnsTest, SurvivesResealedNonsense) {
  RowStore store;
  const std::string bytes = encode(number_rows(store, 60), {.track = 3}, {GetParam(), 3});
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int mask : {0x01, 0x10, 0x7f, 0x80, 0xff}) {
      std::string broken = bytes;
      broken[at] = static_cast<char>(broken[at] ^ mask);
      refused += count_opened(resealed(broken)) == 0 ? 1 : 0;
    }
  }
  EXPECT_GT(refused, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, BlockOfColumnsTest,
                         testing::Values(Compression::kLz4, Compression::kZstd));

TEST(BlockTest, StoresUncompressedBlocksAsRowsToLendThem) {
  RowStore store;
  const std::string bytes = encode(number_rows(store, 300), {}, {Compression::kNone});
  EXPECT_EQ(read_block_header(bytes)->codec, Codec::kRows);
}

// Tracks differ: which codec one prefers says nothing about another, also in one encoder.
TEST(BlockTest, PrefersTheCodecOfEachTrackAnew) {
  RowStore store;
  BlockEncoder encoder;
  const std::vector<RowPoint> numbers = number_rows(store, 100);
  const RowPoint text = store.make(0, {{"text", std::string(4'000, 'x')}});
  std::size_t columns = 0;
  for (int i = 0; i < 40; ++i) {
    encoder.clear();
    encoder.add(text, false);
    encoder.add(text, false);
    encoder.finish({.track = 1}, {Compression::kLz4});
    encoder.clear();
    for (const RowPoint& row : numbers) encoder.add(row, false);
    const std::string bytes(text_of(encoder.finish({.track = 2}, {Compression::kLz4})));
    columns += read_block_header(bytes)->codec == Codec::kColumns ? 1 : 0;
  }
  EXPECT_EQ(columns, 40u);
}

TEST(BlockTest, KeepsKeysFromOneEndOfTimeToTheOther) {
  RowStore store;
  RowPoint first = store.make(kMin, {{"n", 1}});
  first.wall_ns = kMax;
  first.mono_ns = kMin;
  RowPoint last = store.make(kMax, {{"n", 2}});
  last.wall_ns = kMin;
  last.mono_ns = kMax;
  const std::string bytes = encode({first, last}, {}, {Compression::kNone});
  const Block block = Block::open(bytes).value();
  EXPECT_TRUE(same_point(block.points()[0], first, false));
  EXPECT_TRUE(same_point(block.points()[1], last, false));
}

TEST(BlockTest, KeepsEqualKeysInTheOrderTheyWereAdded) {
  RowStore store;
  const std::vector<RowPoint> rows = {store.make(5, {{"n", 2}}), store.make(5, {{"n", 1}}),
                                      store.make(5, {{"n", 3}})};
  const std::string bytes = encode(rows, {}, {Compression::kLz4});
  const Block block = Block::open(bytes).value();
  EXPECT_TRUE(same_point(block.points()[0], rows[0], false));
  EXPECT_TRUE(same_point(block.points()[1], rows[1], false));
  EXPECT_TRUE(same_point(block.points()[2], rows[2], false));
}

TEST(BlockTest, KeepsAnEmptyMapAsAPointWithoutFields) {
  RowStore store;
  const std::string bytes = encode({store.make(5, {})}, {}, {Compression::kNone});
  const Block block = Block::open(bytes).value();
  EXPECT_EQ(text_of(block.points()[0].map), "\x80");
}

TEST(BlockTest, KeepsMapsOfMoreFieldsThanAShortHeaderHolds) {
  RowStore store;
  Fields fields;
  for (int i = 0; i < 70'000; ++i) fields.emplace_back(std::to_string(i), i);
  const RowPoint row = store.make(1, fields);
  const std::string bytes = encode({row}, {}, {Compression::kZstd, 1});
  const Block block = Block::open(bytes).value();
  EXPECT_TRUE(same_point(block.points()[0], row, false));
}

TEST(BlockTest, StoresPlainWhatDoesNotCompress) {
  RowStore store;
  std::mt19937_64 random(1);
  std::string noise(1'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const std::string bytes =
      encode({store.make(1, {{"noise", Binary{noise}}})}, {}, {Compression::kZstd, 1});
  EXPECT_EQ(read_block_header(bytes)->compression, Compression::kNone);
}

TEST(BlockTest, NeverMeasuresMoreThanItSaid) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 30; ++round) {
    RowStore store;
    BlockEncoder encoder;
    std::size_t said = 0;
    for (const RowPoint& row : random_rows(store, random, 50)) {
      said = encoder.bytes_with(row);
      encoder.add(row, true);
      ASSERT_LE(encoder.finish({.flags = kBlockIndexed}, {Compression::kNone}).size(), said);
    }
  }
}

TEST(BlockTest, OwnsRowsThatWereLent) {
  BlockEncoder encoder;
  std::string arena;
  {
    RowStore store;
    encoder.add(store.make(1, {{"text", "gone soon"}}), false);
    encoder.own_rows(0, encoder.count(), arena);
  }
  const std::string bytes(text_of(encoder.finish({}, {Compression::kNone})));
  const Block block = Block::open(bytes).value();
  EXPECT_EQ(decode_fields(block.points()[0].map).value(), (Fields{{"text", "gone soon"}}));
}

TEST(BlockTest, IsEmptyAgainAfterClear) {
  RowStore store;
  BlockEncoder encoder;
  encoder.add(store.make(1, {{"a", 1}}), true);
  encoder.clear();
  encoder.add(store.make(-9, {{"b", 2}}), false);
  const std::string bytes(text_of(encoder.finish({}, {Compression::kNone})));
  EXPECT_THAT(Block::open(bytes)->points(), SizeIs(1));
}

TEST(BlockTest, PutsTheHeaderWhereTheFormatSaysIt) {
  RowStore store;
  const std::string bytes = encode(
      {store.make(-1, {}), store.make(2, {})},
      {.flags = kBlockLate | kBlockIndexed, .track = 7, .first_ordinal = 8}, {Compression::kNone});
  EXPECT_EQ(kBlockHeaderBytes, 64u);
  EXPECT_EQ(bytes.substr(0, 4), "ZBK1");
  EXPECT_EQ(bytes.substr(4, 4), std::string({1, 0, 0, kBlockLate | kBlockIndexed}));
  EXPECT_EQ(bytes.substr(8, 8), std::string("\7\0\0\0\2\0\0\0", 8));
  EXPECT_EQ(bytes.substr(16, 8), std::string(8, '\xff'));
  EXPECT_EQ(bytes.substr(24, 8), std::string("\2\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(static_cast<unsigned char>(bytes[36]), bytes.size() - kBlockHeaderBytes);
  EXPECT_EQ(bytes.substr(40, 8), std::string("\10\0\0\0\0\0\0\0", 8));
}

// A value begins 16 bytes behind a page border, so the payload then lies at a multiple of 64.
TEST(BlockTest, PutsThePayloadOfALonePointAt112) {
  RowStore store;
  const RowPoint row = store.make(3, {{"image", Binary{std::string(5'000, 'i')}}});
  const std::string bytes = encode_lone({.track = 2}, row);
  EXPECT_EQ(kLonePayloadOffset, 112u);
  EXPECT_EQ(decode_fields(bytes_of(std::string_view(bytes).substr(112))).value(),
            (Fields{{"image", Binary{std::string(5'000, 'i')}}}));
}

TEST(BlockTest, LendsALonePointFromTheStoredValue) {
  RowStore store;
  RowPoint row = store.make(3, {{"image", Binary{std::string(5'000, 'i')}}});
  row.seconds = 3.5e-9;
  row.has_src = true;
  row.src = ~0ull;
  const std::string bytes = encode_lone({.flags = kBlockLate, .first_ordinal = 6}, row);
  const Block block = Block::open(bytes).value();
  EXPECT_TRUE(same_point(block.points()[0], row, false));
  EXPECT_EQ(block.points()[0].index, 6u);
  EXPECT_EQ(static_cast<const void*>(block.points()[0].map.data()), bytes.data() + 112);
}

class BlockDamageTest : public testing::TestWithParam<Compression> {};

TEST_P(BlockDamageTest, RefusesEveryFlippedBitThatPointsAreReadFrom) {
  RowStore store;
  const std::string bytes = small_block(store, {GetParam(), 1});
  std::size_t opened = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit)
    opened += opens_with_flipped(bytes, bit) ? 1 : 0;
  EXPECT_EQ(opened, (kBlockHeaderBytes - kSummaryBytesOffset) * 8);
  EXPECT_TRUE(Block::open(bytes).has_value());
}

TEST_P(BlockDamageTest, RefusesEveryTruncation) {
  RowStore store;
  const std::string bytes = small_block(store, {GetParam(), 1});
  std::size_t opened = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    opened += Block::open(bytes.substr(0, size)) ? 1 : 0;
  EXPECT_EQ(opened, 0u);
}

// The checksum of a hostile block is right: what it says is still not believed.
TEST_P(BlockDamageTest, SurvivesEveryByteOfResealedNonsense) {
  RowStore store;
  const std::string bytes = small_block(store, {GetParam(), 1});
  std::size_t points = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int mask : {0x01, 0x10, 0x7f, 0x80, 0xff}) {
      std::string broken = bytes;
      broken[at] = static_cast<char>(broken[at] ^ mask);
      points += count_opened(resealed(broken));
    }
  }
  EXPECT_GT(points, 0u);  // some bytes are values of the points themselves
}

TEST_P(BlockDamageTest, SurvivesRandomResealedBodies) {
  RowStore store;
  const std::string bytes = small_block(store, {GetParam(), 1});
  std::mt19937_64 random(11);
  std::size_t points = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::string broken = bytes;
    for (int i = 0; i < 6; ++i) {
      broken[64 + random() % (broken.size() - 64)] = static_cast<char>(random());
    }
    points += count_opened(resealed(broken));
  }
  EXPECT_LT(points, 4'000u * 5u);
}

INSTANTIATE_TEST_SUITE_P(All, BlockDamageTest,
                         testing::Values(Compression::kNone, Compression::kLz4,
                                         Compression::kZstd));

TEST(BlockTest, RefusesEveryFlippedBitOfALoneBlock) {
  RowStore store;
  const std::string bytes = encode_lone({}, store.make(3, {{"image", "0123456789"}}));
  std::size_t opened = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit)
    opened += opens_with_flipped(bytes, bit) ? 1 : 0;
  EXPECT_EQ(opened, (kBlockHeaderBytes - kSummaryBytesOffset) * 8);
}

TEST(BlockTest, RefusesALoneBlockThatIsTooShortForItsPoint) {
  RowStore store;
  std::string bytes = encode_lone({}, store.make(3, {{"a", 1}}));
  bytes.resize(100);
  const std::uint32_t size = 36;
  std::memcpy(bytes.data() + 32, &size, sizeof size);
  std::memcpy(bytes.data() + 36, &size, sizeof size);
  EXPECT_EQ(Block::open(resealed(bytes)).error().code, ErrorCode::kDamaged);
}

TEST(BlockTest, IsABorderWithoutPointsWhereNoOtherFlagIsSet) {
  std::string value(kBlockHeaderBytes, '\0');
  const std::span<std::uint8_t> out(reinterpret_cast<std::uint8_t*>(value.data()), value.size());
  write_border_block({.track = 7, .first_ordinal = 12}, -5, out);
  const Block border = Block::open(value).value();
  EXPECT_EQ(border.header().first, -5);
  EXPECT_EQ(border.header().last, -5);
  EXPECT_EQ(border.header().first_ordinal, 12u);
  EXPECT_TRUE(border.points().empty());
  EXPECT_EQ(Block::open(value, Block::Maps::kLater)->points().size(), 0u);
  value[7] = static_cast<char>(kBlockBorder | kBlockLate);
  EXPECT_FALSE(Block::open(value).has_value());
}

TEST(BlockTest, NamesACodecItDoesNotKnowAsNewer) {
  RowStore store;
  std::string bytes = small_block(store, {Compression::kNone});
  bytes[5] = 9;
  EXPECT_EQ(Block::open(resealed(bytes)).error().code, ErrorCode::kNewerFormat);
}

TEST(BlockTest, CallsAWrongChecksumDamage) {
  RowStore store;
  std::string bytes = small_block(store, {Compression::kNone});
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_EQ(Block::open(bytes).error().code, ErrorCode::kDamaged);
}

}  // namespace
}  // namespace zbag
