#include "recorder/bag/block/columns/columns_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/recorder/bag/rows.hpp"
#include "tests/support/random_fields.hpp"

namespace zbag {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr CompressionSpec kLz4{Compression::kLz4, 1};
constexpr CompressionSpec kZstd{Compression::kZstd, 3};
constexpr std::size_t kSizeMax = kColumnsRawBytesMax;

// Maps as a body of columns; empty when the encoder declines.
std::string encode(const std::vector<Fields>& points, CompressionSpec compression) {
  ColumnsEncoder encoder;
  for (const Fields& fields : points) {
    std::string map;
    encode_fields(fields, map);
    if (!encoder.add(open_map(bytes_of(map)).value())) return {};
  }
  ColumnsHabits habits;
  return std::string(text_of(encoder.encode(bytes_of("points"), compression, kSizeMax, habits)));
}

std::optional<ColumnsBody> open(const std::string& body, CompressionSpec compression,
                                std::size_t count) {
  return ColumnsBody::open(bytes_of(body), compression.kind, static_cast<std::uint32_t>(count),
                           kSizeMax);
}

// The maps of a body; nullopt when it is damaged.
std::optional<std::vector<std::string>> maps_of(ColumnsBody& body) {
  Bytes room(body.maps_room());
  std::vector<std::size_t> lengths;
  if (!body.read_maps(room, lengths)) return std::nullopt;
  std::vector<std::string> maps;
  std::string_view rest = text_of(room);
  for (const std::size_t length : lengths) {
    maps.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return maps;
}

std::vector<Fields> decode(const std::string& body, CompressionSpec compression,
                           std::size_t count) {
  std::optional<ColumnsBody> opened = open(body, compression, count);
  std::vector<Fields> points;
  if (!opened) return points;
  for (const std::string& map : maps_of(*opened).value_or(std::vector<std::string>()))
    points.push_back(decode_fields(bytes_of(map)).value());
  return points;
}

// Every point comes back, alone and repeated, under both compressions.
void expect_kept(std::vector<Fields> points) {
  points.push_back({{"number", 1}});  // a body without any number is declined
  for (const CompressionSpec compression : {kLz4, kZstd}) {
    const std::string body = encode(points, compression);
    ASSERT_FALSE(body.empty());
    EXPECT_EQ(decode(body, compression, points.size()), points);
  }
}

TEST(ColumnsBodyTest, KeepsEveryTypeOfField) {
  expect_kept({{{"nil", nullptr},
                {"bool", true},
                {"int", -7},
                {"float32", 0.1f},
                {"float64", 0.1},
                {"text", "\xe4\xb8\x96"},
                {"bin", Binary{std::string("\0\xff", 2)}},
                {"ext", Extension{5, "xyz"}},
                {"map", Fields{{"a", Fields{{"b", 1}}}, {"empty", Fields{}}}},
                {"ints", std::vector<int>{1, -2, 3}},
                {"floats", std::vector<float>{1.5f, -0.0f}},
                {"doubles", std::vector<double>{0.1, 1e300}},
                {"mixed", Array{1, 2.5, "x", nullptr}},
                {"nested", Array{Array{1, 2}, Fields{{"k", true}}}},
                {"none", Array{}}}});
}

TEST(ColumnsBodyTest, KeepsTheEndsOfEveryRange) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const auto nan = [](std::uint64_t bits) { return std::bit_cast<double>(bits); };
  std::vector<Fields> points;
  for (const Value& value :
       {Value(0), Value(kMin), Value(kMax), Value(~0ull), Value(1ull << 63), Value(-1), Value(-33),
        Value(127), Value(128), Value(65'536), Value(1ull << 32)}) {
    points.push_back({{"int", value}});
  }
  for (const double value : {0.0, -0.0, HUGE_VAL, -HUGE_VAL, nan(0x7ff8000000000123),
                             nan(0xfff0000000000001), 5e-324, -2.2e-308, 1e308}) {
    points.push_back({{"float64", value}, {"float32", static_cast<float>(value)}});
  }
  points.push_back({{"text", ""}, {"bin", Binary{}}, {"ext", Extension{-1, ""}}});
  expect_kept(points);
}

TEST(ColumnsBodyTest, KeepsAnIntegerAboveTheSignedRangeBesideANegativeOne) {
  expect_kept({{{"n", -1}}, {{"n", ~0ull}}, {{"n", -1}}, {{"n", 1ull << 63}}, {{"n", 4}}});
  expect_kept({{{"n", 1}}, {{"n", ~0ull}}, {{"n", 1ull << 63}}});
}

TEST(ColumnsBodyTest, TellsAnAbsentFieldFromANilOne) {
  expect_kept({{{"a", 1}, {"b", nullptr}}, {{"a", 2}}, {{"a", 3}, {"b", 4}}, {}, {{"a", nullptr}}});
}

TEST(ColumnsBodyTest, KeepsTheOrderOfKeys) {
  expect_kept({{{"a", 1}, {"b", 2}}, {{"b", 3}, {"a", 4}}, {{"a", 5}, {"b", 6}}});
}

TEST(ColumnsBodyTest, KeepsIntsAndFloatsOfOneNameApart) {
  expect_kept({{{"v", 0}}, {{"v", 0.5}}, {{"v", 0.25f}}, {{"v", 1}}, {{"v", "off"}}});
}

TEST(ColumnsBodyTest, KeepsListsOfVaryingLengthAsOneShape) {
  std::vector<Fields> points;
  for (std::size_t i = 0; i < 50; ++i)
    points.push_back({{"ranges", std::vector<double>((i * 7 + 3) % 11, 0.5)}});
  expect_kept(points);
  const std::string body = encode(points, kLz4);
  EXPECT_THAT(open(body, kLz4, points.size())->shapes(), SizeIs(1));
}

TEST(ColumnsBodyTest, KeepsOnePoint) { expect_kept({}); }

TEST(ColumnsBodyTest, KeepsAsManyPointsAsABlockMayHold) {
  std::vector<Fields> points;
  for (int i = 0; i < 131'072; ++i) points.push_back({{"n", i % 300}});
  const std::string body = encode(points, kLz4);
  EXPECT_EQ(decode(body, kLz4, points.size()), points);
}

TEST(ColumnsBodyTest, KeepsUpToSixteenShapesAndDeclinesMore) {
  std::vector<Fields> points;
  for (int i = 0; i < 32; ++i) points.push_back({{"f" + std::to_string(i % 16), i}});
  const std::string body = encode(points, kLz4);
  EXPECT_EQ(decode(body, kLz4, points.size()), points);
  points.push_back({{"one more", 1}});
  EXPECT_THAT(encode(points, kLz4), IsEmpty());
}

TEST(ColumnsBodyTest, DeclinesWhatHasNoNumber) {
  EXPECT_THAT(encode({{{"text", "a"}}, {{"text", "b"}}}, kLz4), IsEmpty());
}

TEST(ColumnsBodyTest, DeclinesMoreFieldsThanItHasColumnsFor) {
  Fields fields;
  for (std::size_t i = 0; i <= kBlockColumnsMax; ++i) fields.emplace_back(std::to_string(i), i);
  EXPECT_THAT(encode({fields}, kLz4), IsEmpty());
}

TEST(ColumnsBodyTest, DeclinesAKeyThatComesTwiceInAMap) {
  ColumnsEncoder encoder;
  const std::string map("\x82\xa1k\x01\xa1k\x02");
  EXPECT_FALSE(encoder.add(open_map(bytes_of(map)).value()));
}

TEST(ColumnsBodyTest, IsEmptyAgainAfterClear) {
  ColumnsEncoder encoder;
  for (const char* const map : {"\x81\xa1k\x01", "\x81\xa1m\x02"}) {
    encoder.clear();
    ASSERT_TRUE(encoder.add(open_map(bytes_of(map)).value()));
    ColumnsHabits habits;
    const std::string body(text_of(encoder.encode({}, kLz4, kSizeMax, habits)));
    EXPECT_EQ(decode(body, kLz4, 1), std::vector<Fields>{decode_fields(bytes_of(map)).value()});
  }
}

TEST(ColumnsBodyTest, WritesIntegersInTheirShortestForm) {
  ColumnsEncoder encoder;
  const std::string map("\x81\xa1k\xcf\0\0\0\0\0\0\0\5", 12);
  ASSERT_TRUE(encoder.add(open_map(bytes_of(map)).value()));
  ColumnsHabits habits;
  const std::string body(text_of(encoder.encode({}, kLz4, kSizeMax, habits)));
  std::optional<ColumnsBody> opened = open(body, kLz4, 1);
  EXPECT_EQ(maps_of(*opened).value(), std::vector<std::string>{"\x81\xa1k\5"});
}

TEST(ColumnsBodyTest, GivesBackRandomMapsOfAFewShapes) {
  RandomFields random(23);
  std::size_t declined = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<Fields> kinds;
    for (std::uint64_t i = 1 + random.below(6); i > 0; --i) kinds.push_back(random.fields(8));
    std::vector<Fields> points;
    for (std::uint64_t i = 1 + random.below(60); i > 0; --i)
      points.push_back(kinds[random.below(kinds.size())]);
    const CompressionSpec compression = round % 2 == 0 ? kLz4 : kZstd;
    const std::string body = encode(points, compression);
    declined += body.empty() ? 1 : 0;
    if (!body.empty()) {
      ASSERT_EQ(decode(body, compression, points.size()), points) << round;
    }
  }
  EXPECT_LT(declined, 100u);
}

TEST(ColumnsBodyTest, ReadsOneColumnAlone) {
  std::vector<Fields> points;
  for (int i = 0; i < 500; ++i) {
    Fields fields{{"pose", Fields{{"x", i * 0.5}, {"y", -1.0}}}};
    if (i % 5 == 0) fields.emplace_back("mode", "run");
    points.push_back(fields);
  }
  const std::string body = encode(points, kLz4);
  std::optional<ColumnsBody> opened = open(body, kLz4, points.size());
  ASSERT_TRUE(opened);
  ASSERT_THAT(opened->columns(), SizeIs(3));
  EXPECT_EQ(opened->paths()[opened->columns()[0].path].name, "x");
  ColumnValues values;
  ASSERT_TRUE(opened->read(0, values));
  ASSERT_THAT(values.numbers, SizeIs(500));
  EXPECT_EQ(std::bit_cast<double>(values.numbers[499]), 249.5);
  ASSERT_TRUE(opened->read(2, values));
  EXPECT_THAT(values.lengths, SizeIs(100));
  EXPECT_EQ(text_of(values.bytes).substr(0, 6), "runrun");
}

std::string damaged_sample(CompressionSpec compression, std::vector<Fields>& points) {
  RandomFields random(4);
  for (int i = 0; i < 24; ++i) {
    points.push_back({{"n", i * i},
                      {"d", i * 0.1},
                      {"s", i % 3 == 0 ? "aa" : "b"},
                      {"l", std::vector<double>(static_cast<std::size_t>(i % 4), 1.5)}});
    if (i % 5 == 0) points.back().emplace_back("other", random.value(2));
  }
  return encode(points, compression);
}

class ColumnsBodyDamageTest : public testing::TestWithParam<Compression> {};

TEST_P(ColumnsBodyDamageTest, SurvivesEveryFlippedBit) {
  std::vector<Fields> points;
  std::string body = damaged_sample({GetParam(), 3}, points);
  ASSERT_FALSE(body.empty());
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
    body[bit / 8] = static_cast<char>(body[bit / 8] ^ (1 << bit % 8));
    std::optional<ColumnsBody> opened = ColumnsBody::open(
        bytes_of(body), GetParam(), static_cast<std::uint32_t>(points.size()), 8'192);
    refused += opened && maps_of(*opened) ? 0 : 1;
    body[bit / 8] = static_cast<char>(body[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(decode(body, {GetParam(), 3}, points.size()), points);
}

TEST_P(ColumnsBodyDamageTest, RefusesEveryTruncation) {
  std::vector<Fields> points;
  const std::string body = damaged_sample({GetParam(), 3}, points);
  for (std::size_t size = 0; size < body.size(); ++size)
    ASSERT_FALSE(open(body.substr(0, size), {GetParam(), 3}, points.size())) << size;
}

INSTANTIATE_TEST_SUITE_P(All, ColumnsBodyDamageTest,
                         testing::Values(Compression::kLz4, Compression::kZstd));

// A few bytes may say that they stand for a lot: no more than the block's own word is believed.
TEST(ColumnsBodyTest, RefusesMoreThanTheBlockSaysItHolds) {
  std::vector<Fields> points(1'000, {{"n", 5}, {"m", 6.5}});
  const std::string body = encode(points, kLz4);
  std::optional<ColumnsBody> opened =
      ColumnsBody::open(bytes_of(body), Compression::kLz4, 1'000, 1'500);
  EXPECT_FALSE(opened && maps_of(*opened));
}

}  // namespace
}  // namespace zbag
