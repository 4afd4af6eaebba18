#include "player/query/diff/likeness.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "schemas/frame.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The value as MessagePack.
std::string item_of(Value value) {
  std::string map;
  encode_fields({{"v", std::move(value)}}, map);
  PairWalk walk(open_map(bytes_of(map)).value().pairs, 1);
  return std::string(text_of(walk.next()->value));
}

bool are_alike(const Value& a, const Value& b, std::optional<double> tolerance = {}) {
  const std::string item_a = item_of(a);
  const std::string item_b = item_of(b);
  return Likeness(tolerance).are_alike(bytes_of(item_a), bytes_of(item_b));
}

TEST(LikenessTest, TellsTypesApart) {
  EXPECT_TRUE(are_alike(1, 1));
  EXPECT_FALSE(are_alike(1, 1.0));
  EXPECT_FALSE(are_alike(1.0, 1.0f));
  EXPECT_FALSE(are_alike(1, true));
  EXPECT_FALSE(are_alike("1", 1));
  EXPECT_FALSE(are_alike(0.0, -0.0));
  EXPECT_FALSE(are_alike(Value(), 0));
}

TEST(LikenessTest, TakesEveryNanForEveryOther) {
  const double other = std::bit_cast<double>(std::uint64_t{0x7ff8000000000123});
  EXPECT_TRUE(are_alike(kNan, other));
  EXPECT_TRUE(are_alike(Array{1.0, kNan}, Array{1.0, other}));
  EXPECT_FALSE(are_alike(kNan, 0.0));
  EXPECT_FALSE(are_alike(kNan, 0.0, 1e300));
  EXPECT_FALSE(are_alike(kNan, static_cast<float>(kNan)));
  EXPECT_TRUE(are_alike(kNan, static_cast<float>(kNan), 0.0));
}

TEST(LikenessTest, TakesNumbersThatLieNoFurtherApartThanTheTolerance) {
  EXPECT_TRUE(are_alike(1.0, 1.5, 0.5));
  EXPECT_FALSE(are_alike(1.0, std::nextafter(1.5, 2.0), 0.5));
  EXPECT_TRUE(are_alike(1, 1.0, 0.0));
  EXPECT_TRUE(are_alike(0.0, -0.0, 0.0));
  EXPECT_TRUE(are_alike(1.0f, 1.25, 0.25));
  EXPECT_FALSE(are_alike(true, 1, 5.0));
  EXPECT_TRUE(are_alike(kInfinity, kInfinity, 0.0));
  EXPECT_FALSE(are_alike(kInfinity, -kInfinity, 1e300));
  EXPECT_FALSE(are_alike(kInfinity, 1.0, 1e300));
}

// Where doubles are whole thousands apart.
TEST(LikenessTest, KeepsAllDigitsOfLargeIntegers) {
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_FALSE(are_alike(most, most - 1, 0.0));
  EXPECT_TRUE(are_alike(most, most - 1, 1.0));
  EXPECT_FALSE(are_alike(most, -1, 0.0));  // of the same bits
  EXPECT_FALSE(are_alike(most, -1));
  EXPECT_FALSE(are_alike(most, 18446744073709551616.0, 0.0));  // 2^64
  EXPECT_TRUE(are_alike(std::int64_t{-3}, std::uint64_t{4}, 7.0));
  EXPECT_FALSE(are_alike(std::int64_t{-3}, std::uint64_t{4}, 6.0));
}

TEST(LikenessTest, LooksIntoListsAndMaps) {
  EXPECT_TRUE(are_alike(Array{1, 2.0}, Array{1.0, 2}, 0.0));
  EXPECT_FALSE(are_alike(Array{1, 2.0}, Array{1.0, 2}));
  EXPECT_FALSE(are_alike(Array{1.0}, Array{1.0, 1.0}, 1.0));
  const Value a(Array{Fields{{"x", 1.0}, {"y", 2.0}}});
  const Value b(Array{Fields{{"y", 2.1}, {"x", 1.0}}});
  EXPECT_TRUE(are_alike(a, b, 0.2));
  EXPECT_FALSE(are_alike(a, b, 0.05));
  EXPECT_FALSE(are_alike(Fields{{"x", 1}}, Fields{{"z", 1}}, 5.0));
}

TEST(LikenessTest, MeasuresHowFarApartNumbersAre) {
  const auto distance = [](const Value& a, const Value& b) {
    const std::string item_a = item_of(a);
    const std::string item_b = item_of(b);
    return distance_of(bytes_of(item_a), bytes_of(item_b));
  };
  EXPECT_EQ(distance(1, 3.5), 2.5);
  EXPECT_EQ(distance(-1, std::numeric_limits<std::uint64_t>::max()), 18446744073709551616.0);
  EXPECT_EQ(distance(Array{1.0, 5.0, 2.0}, Array{1.5, 2.0, 2.0}), 3.0);
  EXPECT_TRUE(std::isnan(distance(Array{1.0}, Array{1.5, 2.0})));
  EXPECT_TRUE(std::isnan(distance("a", 1)));
  EXPECT_TRUE(std::isnan(distance(kNan, 1.0)));
}

}  // namespace
}  // namespace zbag
