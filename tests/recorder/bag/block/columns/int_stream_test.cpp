#include "recorder/bag/block/columns/int_stream.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace zbag {
namespace {

using Numbers = std::vector<std::uint64_t>;
constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
constexpr auto kTop = std::uint64_t{1} << 63;

Bytes encode(const Numbers& values, std::size_t stride, Squeeze squeeze) {
  IntStreamEncoder encoder;
  Bytes out;
  encoder.encode(values, stride, squeeze, out);
  return out;
}

// What comes back, or nothing when the stream is refused or not read to its end.
Numbers decode(const Bytes& bytes, std::size_t count, std::size_t stride) {
  Numbers out(count, 0x5555);
  ByteInput in(bytes);
  if (!decode_ints(in, stride, out) || in.left() > 0) return {};
  return out;
}

// Shapes of sequences that robots have, and some that none has.
Numbers make(std::mt19937_64& random, std::size_t count, int kind) {
  Numbers values(count);
  std::uint64_t running = random();
  for (std::size_t i = 0; i < count; ++i) {
    running += random() % 1'000 - 500;
    switch (kind) {
      case 0:
        values[i] = random();
        break;
      case 1:
        values[i] = random() >> (random() % 64);
        break;
      case 2:
        values[i] = running;
        break;
      case 3:
        values[i] = i % 3 == 0 ? running : random() % 4;
        break;
      case 4:
        values[i] = (random() % 5) * 0x0123456789abcdefULL;
        break;
      case 5:
        values[i] = i / 50;
        break;
      case 6:
        values[i] = random() % 100 == 0 ? random() : 7;
        break;
      default:
        values[i] = std::uint64_t{0} - random() % 9;
        break;
    }
  }
  return values;
}

class IntStreamTest : public testing::TestWithParam<Squeeze> {};

TEST_P(IntStreamTest, GivesBackSequencesOfEveryKindAndLength) {
  std::mt19937_64 random(5);
  for (const std::size_t rows : {1u, 2u, 3u, 7u, 127u, 128u, 129u, 400u, 2'000u}) {
    for (const std::size_t stride : {1u, 2u, 3u, 36u, 64u, 65u, 180u}) {
      for (int kind = 0; kind < 8; ++kind) {
        const Numbers values = make(random, rows * stride, kind);
        const Bytes bytes = encode(values, stride, GetParam());
        ASSERT_EQ(decode(bytes, values.size(), stride), values)
            << rows << " rows of " << stride << ", kind " << kind;
      }
    }
  }
}

TEST_P(IntStreamTest, KeepsTheEndsOfTheRange) {
  const Numbers values = {0, kMax, kTop, kTop - 1, 1, kMax - 1, kTop + 1, 0, kMax};
  EXPECT_EQ(decode(encode(values, 1, GetParam()), values.size(), 1), values);
  EXPECT_EQ(decode(encode(values, 3, GetParam()), values.size(), 3), values);
}

TEST_P(IntStreamTest, KeepsASequenceOfNothingInNoBytes) {
  EXPECT_TRUE(encode({}, 1, GetParam()).empty());
  EXPECT_EQ(decode({}, 0, 1), Numbers{});
}

TEST_P(IntStreamTest, KeepsEveryWidth) {
  std::mt19937_64 random(6);
  for (unsigned width = 1; width <= 64; ++width) {
    Numbers values(300);
    for (std::uint64_t& value : values) value = random() >> (64 - width);
    ASSERT_EQ(decode(encode(values, 1, GetParam()), values.size(), 1), values) << width;
  }
}

TEST_P(IntStreamTest, StoresAConstantInAFewBytesHoweverLong) {
  EXPECT_LE(encode(Numbers(131'072, 1'234), 1, GetParam()).size(), 4u);
}

TEST_P(IntStreamTest, StoresACounterInAFewBits) {
  Numbers values(10'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1'795'202'544'000'000'000 + i * 5;
  EXPECT_LE(encode(values, 1, GetParam()).size(), 300u);
}

TEST_P(IntStreamTest, RefusesEveryTruncation) {
  std::mt19937_64 random(7);
  for (int kind = 0; kind < 8; ++kind) {
    const Numbers values = make(random, 300, kind);
    const Bytes bytes = encode(values, 3, GetParam());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Numbers out(values.size());
      ByteInput in({bytes.data(), size});
      ASSERT_FALSE(decode_ints(in, 3, out)) << kind << ", " << size << " of " << bytes.size();
    }
  }
}

TEST_P(IntStreamTest, SurvivesRandomBytes) {
  std::mt19937_64 random(8);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 80);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (!bytes.empty()) bytes[0] %= 32;
    Numbers out(60);
    ByteInput in(bytes);
    refused += decode_ints(in, 1 + random() % 2 * 5, out) ? 0 : 1;
  }
  EXPECT_GT(refused, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, IntStreamTest, testing::Values(Squeeze::kPack, Squeeze::kEntropy));

TEST(IntStreamSizeTest, TakesWhatIsSmallestForSparseCodes) {
  std::mt19937_64 random(9);
  const Numbers codes = make(random, 4'000, 4);
  EXPECT_LE(encode(codes, 1, Squeeze::kPack).size(), 4'000u * 3 / 8 + 200);
}

TEST(IntStreamSizeTest, SeesThatElementsOfAnArrayMoveSlowly) {
  std::mt19937_64 random(10);
  Numbers values;
  for (std::uint64_t i = 0; i < 1'000; ++i) {
    for (std::uint64_t element = 0; element < 6; ++element)
      values.push_back(element * 1'000'000'007 + i * 10 + random() % 8);
  }
  EXPECT_LE(encode(values, 6, Squeeze::kPack).size(), values.size());
}

// Whatever a habit was formed by, another sequence comes back.
TEST(IntStreamTest, GivesBackWhatAHabitOfOtherValuesEncodes) {
  std::mt19937_64 random(9);
  StreamHabits habits;
  IntStreamEncoder encoder;
  for (int round = 0; round < 2'000; ++round) {
    const std::size_t stride = random() % 4 == 0 ? 3 : 1;
    const Numbers values = make(random, random() % 150 * stride, static_cast<int>(random() % 8));
    Bytes out;
    habits.go_to(0);
    encoder.encode(values, stride, {Squeeze::kEntropy, habits}, out);
    EXPECT_EQ(decode(out, values.size(), stride), values) << round;
  }
}

TEST(IntStreamTest, LeavesAHabitThatServesNoMore) {
  Numbers even(200);
  Numbers wild(200);
  std::mt19937_64 random(10);
  for (std::size_t i = 0; i < even.size(); ++i) {
    even[i] = i * 1'000 + random() % 4;
    wild[i] = random() % 5 * 0x0123456789abcdefULL;
  }
  StreamHabits habits;
  IntStreamEncoder encoder;
  Bytes first;
  encoder.encode(even, 1, {Squeeze::kPack, habits}, first);
  Bytes second;
  habits.go_to(0);
  encoder.encode(wild, 1, {Squeeze::kPack, habits}, second);
  EXPECT_EQ(second, encode(wild, 1, Squeeze::kPack));
}

// Between forms that are alike the habit decides, so that the others need not be measured.
TEST(IntStreamTest, FollowsAHabitThatServes) {
  Numbers slow(200);
  Numbers still(200);
  std::mt19937_64 random(11);
  for (std::size_t i = 0; i < slow.size(); ++i) {
    slow[i] = i * 1'000 + random() % 16;
    still[i] = random() % 16;
  }
  StreamHabits habits;
  IntStreamEncoder encoder;
  Bytes first;
  encoder.encode(slow, 1, {Squeeze::kPack, habits}, first);
  Bytes second;
  habits.go_to(0);
  encoder.encode(still, 1, {Squeeze::kPack, habits}, second);
  EXPECT_EQ(second[0], first[0]);
  EXPECT_NE(second[0], encode(still, 1, Squeeze::kPack)[0]);
}

}  // namespace
}  // namespace zbag
