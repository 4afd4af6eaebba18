#include "recorder/bag/block/columns/record_planes.hpp"

#include <gtest/gtest.h>

#include <random>

#include "recorder/bag/block/columns/columns_body.hpp"
#include "tests/recorder/bag/rows.hpp"

namespace zbag {
namespace {

constexpr CompressionSpec kZstd{Compression::kZstd, 3};
constexpr CompressionSpec kLz4{Compression::kLz4, 1};

Bytes noise(std::size_t count, std::mt19937_64& random) {
  Bytes bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

// Ranges of a laser scanner: each near the one before, its low byte as good as noise.
Bytes walk(std::size_t samples, std::mt19937_64& random) {
  Bytes bytes;
  std::uint16_t value = 20'000;
  for (std::size_t i = 0; i < samples; ++i) {
    value = static_cast<std::uint16_t>(value + random() % 41 - 20);
    bytes.push_back(static_cast<std::uint8_t>(value));
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  }
  return bytes;
}

// Columns of 100 pixels, each of 3 bytes like the one beside it in the column before.
Bytes packet(std::size_t columns, std::mt19937_64& random) {
  constexpr std::size_t kColumn = 300;
  Bytes bytes = noise(kColumn, random);
  for (std::size_t i = kColumn; i < columns * kColumn; ++i)
    bytes.push_back(static_cast<std::uint8_t>(bytes[i - kColumn] + random() % 3));
  return bytes;
}

std::size_t packed_size(const Bytes& bytes, const RecordForm& form, CompressionSpec compression) {
  Compressor compressor;
  Bytes planes;
  Bytes packed;
  write_record_planes(bytes, form, planes);
  const std::size_t size = compressor.append(planes, compression, packed);
  return size == 0 ? bytes.size() : size;
}

TEST(RecordPlanesTest, GiveBackEveryByteInEveryForm) {
  std::mt19937_64 random(1);
  for (const std::size_t count : {0, 1, 2, 7, 64, 500}) {
    const Bytes bytes = noise(count, random);
    for (const std::size_t record : {1, 2, 3, 8, 63, 64}) {
      for (const std::size_t lag : {0, 1, 5, 499, 65'535}) {
        Bytes planes{42};  // what stands before is left alone
        write_record_planes(bytes, {record, lag}, planes);
        ASSERT_EQ(planes.size(), 1 + count);
        EXPECT_EQ(planes[0], 42);
        Bytes back(count);
        read_record_planes(std::span(planes).subspan(1), {record, lag}, back);
        EXPECT_EQ(back, bytes) << count << " bytes, record " << record << ", lag " << lag;
      }
    }
  }
}

TEST(RecordPlanesTest, PutTheBytesWhereTheFormatSaysIt) {
  const Bytes bytes{1, 10, 2, 20, 4, 40, 9};
  Bytes planes;
  write_record_planes(bytes, {2, 0}, planes);
  EXPECT_EQ(planes, (Bytes{1, 2, 4, 10, 20, 40, 9}));
  planes.clear();
  write_record_planes(bytes, {2, 1}, planes);
  EXPECT_EQ(planes, (Bytes{1, 1, 2, 10, 10, 20, 9}));
}

TEST(RecordPlanesTest, AreFoundForSamplesOfTwoBytes) {
  std::mt19937_64 random(2);
  const Bytes bytes = walk(20'000, random);
  Compressor compressor;
  const RecordForm form = best_record_form(bytes, {}, kZstd, compressor);
  EXPECT_EQ(form.bytes % 2, 0u);
  EXPECT_LT(packed_size(bytes, form, kZstd), packed_size(bytes, {}, kZstd) * 6 / 10);
  const RecordForm for_lz4 = best_record_form(bytes, {}, kLz4, compressor);
  EXPECT_LT(packed_size(bytes, for_lz4, kLz4), packed_size(bytes, {}, kLz4) * 8 / 10);
}

TEST(RecordPlanesTest, FindTheRecordThatIsAlikeThoughItLiesFarBack) {
  std::mt19937_64 random(3);
  const Bytes bytes = packet(100, random);
  Compressor compressor;
  const RecordForm form = best_record_form(bytes, {}, kZstd, compressor);
  EXPECT_EQ(form.bytes * form.lag, 300u);
}

TEST(RecordPlanesTest, AreLeftWhereTheyAreNoUse) {
  std::mt19937_64 random(4);
  Compressor compressor;
  EXPECT_TRUE(best_record_form(noise(50'000, random), {}, kZstd, compressor).is_plain());
  EXPECT_TRUE(best_record_form({}, {}, kZstd, compressor).is_plain());
}

// Where two forms are about as small, chance would change it block after block, and every change
// has all of them tried again.
TEST(RecordPlanesTest, KeepTheLastFormUnlessAnotherIsClearlySmaller) {
  std::mt19937_64 random(6);
  Compressor compressor;
  for (const RecordForm last : {RecordForm{2, 0}, RecordForm{2, 1}}) {
    for (int block = 0; block < 20; ++block)
      EXPECT_EQ(best_record_form(walk(20'000, random), last, kLz4, compressor), last);
  }
  EXPECT_NE(best_record_form(walk(20'000, random), {3, 1}, kLz4, compressor), (RecordForm{3, 1}));
  EXPECT_TRUE(best_record_form(noise(50'000, random), {2, 1}, kLz4, compressor).is_plain());
}

// A track of scans alone has no number among its fields.
TEST(RecordPlanesTest, MakeColumnsOfPointsThatHaveNothingButBytes) {
  std::mt19937_64 random(5);
  ColumnsEncoder encoder;
  std::deque<std::string> maps;
  std::size_t raw = 0;
  for (int i = 0; i < 10; ++i) {
    const Bytes scan = walk(1'000, random);
    const Binary data{std::string(scan.begin(), scan.end())};
    encode_fields({{"ranges", data}}, maps.emplace_back());
    raw += maps.back().size();
    ASSERT_TRUE(encoder.add(open_map(bytes_of(maps.back())).value()));
  }
  ColumnsHabits habits;
  const auto body = encoder.encode({}, kZstd, raw, habits);
  ASSERT_FALSE(body.empty());
  EXPECT_LT(body.size(), raw / 2);
  std::optional<ColumnsBody> opened = ColumnsBody::open(body, kZstd.kind, 10, raw);
  ASSERT_TRUE(opened.has_value());
  ColumnValues values;
  ASSERT_TRUE(opened->read(0, values));
  EXPECT_EQ(text_of(values.bytes).substr(0, 2'000), maps[0].substr(maps[0].size() - 2'000));
}

}  // namespace
}  // namespace zbag
