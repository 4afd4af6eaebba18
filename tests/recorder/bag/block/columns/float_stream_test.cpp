#include "recorder/bag/block/columns/float_stream.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace zbag {
namespace {

using Numbers = std::vector<std::uint64_t>;

std::uint64_t bits64(double value) { return std::bit_cast<std::uint64_t>(value); }
std::uint64_t bits32(float value) { return std::bit_cast<std::uint32_t>(value); }

Bytes encode(const Numbers& bits, FloatSize size, std::size_t stride = 1,
             Squeeze squeeze = Squeeze::kPack) {
  FloatStreamEncoder encoder;
  Bytes out;
  encoder.encode(bits, size, stride, squeeze, out);
  return out;
}

Numbers decode(const Bytes& bytes, FloatSize size, std::size_t count, std::size_t stride = 1) {
  Numbers out(count, 0x5555);
  ByteInput in(bytes);
  if (!decode_floats(in, size, stride, out) || in.left() > 0) return {};
  return out;
}

Numbers decimals(std::mt19937_64& random, std::size_t count, double scale) {
  Numbers bits(count);
  for (std::uint64_t& value : bits) {
    value = bits64((static_cast<double>(random() % 200'000) - 100'000) / scale);
  }
  return bits;
}

const Numbers kSpecials = {bits64(0.0),
                           bits64(-0.0),
                           bits64(INFINITY),
                           bits64(-INFINITY),
                           0x7ff8000000000000ULL,  // NaN
                           0xfff8000000000001ULL,  // of another sign and payload
                           0x7ff0000000000001ULL,  // a signalling one
                           1,                      // the smallest denormal
                           0x800fffffffffffffULL,  // the greatest negative one
                           bits64(std::numeric_limits<double>::max()),
                           bits64(std::numeric_limits<double>::lowest()),
                           bits64(0.1),
                           bits64(1e15),
                           bits64(1e300)};

TEST(FloatStreamTest, KeepsTheBitsOfSpecialNumbers) {
  EXPECT_EQ(decode(encode(kSpecials, FloatSize::k64), FloatSize::k64, kSpecials.size()), kSpecials);
  for (const std::uint64_t special : kSpecials) {
    const Numbers alone(5, special);
    EXPECT_EQ(decode(encode(alone, FloatSize::k64), FloatSize::k64, 5), alone);
  }
}

TEST(FloatStreamTest, KeepsSpecialNumbersAmongDecimals) {
  std::mt19937_64 random(1);
  for (const std::uint64_t special : kSpecials) {
    Numbers bits = decimals(random, 500, 100.0);
    bits[0] = bits[17] = bits[18] = bits[499] = special;
    EXPECT_EQ(decode(encode(bits, FloatSize::k64), FloatSize::k64, bits.size()), bits);
  }
}

TEST(FloatStreamTest, StoresShortDecimalsAsTheIntegersTheyAre) {
  std::mt19937_64 random(2);
  for (const double scale : {1.0, 10.0, 1e3, 1e6, 1e9, 1e14}) {
    const Numbers bits = decimals(random, 1'000, scale);
    const Bytes bytes = encode(bits, FloatSize::k64);
    EXPECT_EQ(decode(bytes, FloatSize::k64, bits.size()), bits);
    EXPECT_LE(bytes.size(), 1'000u * 18 / 8 + 100) << scale;
  }
}

TEST(FloatStreamTest, StoresMultiplesOfAPowerOfTwoAsIntegers) {
  std::mt19937_64 random(3);
  Numbers bits(1'000);
  for (std::uint64_t& value : bits)
    value = bits64((static_cast<double>(random() % 65'536) - 32'768) / 16'384);
  const Bytes bytes = encode(bits, FloatSize::k64);
  EXPECT_EQ(decode(bytes, FloatSize::k64, bits.size()), bits);
  EXPECT_LE(bytes.size(), 1'000u * 2 + 100);
}

TEST(FloatStreamTest, StoresWidenedFloatsInHalfTheBytes) {
  std::mt19937_64 random(4);
  std::normal_distribution<float> normal;
  Numbers bits(1'000);
  for (std::uint64_t& value : bits) value = bits64(static_cast<double>(normal(random)));
  const Bytes bytes = encode(bits, FloatSize::k64);
  EXPECT_EQ(decode(bytes, FloatSize::k64, bits.size()), bits);
  EXPECT_LE(bytes.size(), 1'000u * 4 + 200);
}

// The sample sees one digit; the values in between have three.
TEST(FloatStreamTest, LooksAgainWhenTheSampleSawTooFewDigits) {
  Numbers bits;
  for (int i = 0; i < 4'800; ++i) bits.push_back(bits64(i % 100 == 0 ? i / 10.0 : i / 1000.0));
  const Bytes bytes = encode(bits, FloatSize::k64);
  EXPECT_EQ(decode(bytes, FloatSize::k64, bits.size()), bits);
  EXPECT_LE(bytes.size(), 4'800u * 4);
}

TEST(FloatStreamTest, KeepsRunsOfNotANumberInAFewBytes) {
  std::mt19937_64 random(5);
  Numbers bits = decimals(random, 1'000, 1e3);
  for (std::size_t i = 300; i < 800; ++i) bits[i] = bits64(NAN);
  const Bytes bytes = encode(bits, FloatSize::k64);
  EXPECT_EQ(decode(bytes, FloatSize::k64, bits.size()), bits);
  EXPECT_LE(bytes.size(), 1'000u * 18 / 8 + 100);
}

class FloatStreamKindsTest
    : public testing::TestWithParam<std::tuple<FloatSize, std::size_t, Squeeze>> {};

TEST_P(FloatStreamKindsTest, GivesBackRandomNumbersBitForBit) {
  const auto [size, stride, squeeze] = GetParam();
  std::mt19937_64 random(6);
  std::normal_distribution<double> normal(0.0, 3.0);
  for (int round = 0; round < 60; ++round) {
    const double scale = std::pow(10.0, static_cast<double>(random() % 17));
    const std::uint64_t odd_one_in = 1 + random() % 40;
    Numbers bits((1 + random() % 300) * stride);
    for (std::uint64_t& value : bits) {
      double number = round % 3 == 0 ? normal(random) : std::round(normal(random) * 100) / scale;
      if (random() % odd_one_in == 0) number = std::bit_cast<double>(random());
      value = size == FloatSize::k64 ? bits64(number) : bits32(static_cast<float>(number));
      if (size == FloatSize::k32 && random() % odd_one_in == 0) value = random() & 0xffffffffu;
    }
    const Bytes bytes = encode(bits, size, stride, squeeze);
    ASSERT_EQ(decode(bytes, size, bits.size(), stride), bits) << "round " << round;
    ASSERT_LE(bytes.size(), bits.size() * 9 + 64);
  }
}

INSTANTIATE_TEST_SUITE_P(All, FloatStreamKindsTest,
                         testing::Combine(testing::Values(FloatSize::k32, FloatSize::k64),
                                          testing::Values(1u, 3u, 100u),
                                          testing::Values(Squeeze::kPack, Squeeze::kEntropy)));

TEST(FloatStreamTest, RefusesEveryTruncation) {
  std::mt19937_64 random(7);
  Numbers bits = decimals(random, 200, 1e3);
  bits[5] = bits64(NAN);
  const Bytes bytes = encode(bits, FloatSize::k64);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteInput in({bytes.data(), size});
    Numbers out(bits.size());
    ASSERT_FALSE(decode_floats(in, FloatSize::k64, 1, out)) << size;
  }
}

TEST(FloatStreamTest, SurvivesRandomBytes) {
  std::mt19937_64 random(8);
  std::size_t refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 80);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    if (!bytes.empty()) bytes[0] %= 4;
    Numbers out(60);
    ByteInput in(bytes);
    refused +=
        decode_floats(in, random() % 2 == 0 ? FloatSize::k32 : FloatSize::k64, 1, out) ? 0 : 1;
  }
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace zbag
