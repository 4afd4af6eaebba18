#include "recorder/bag/block/columns/column_summary.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace zbag {
namespace {

using Limits = std::numeric_limits<double>;
constexpr double kInfinity = Limits::infinity();

std::uint64_t bits_of(double value) { return std::bit_cast<std::uint64_t>(value); }
std::uint64_t bits_of(float value) { return std::bit_cast<std::uint32_t>(value); }

template <class T>
ColumnValues values_of(const std::vector<T>& numbers) {
  ColumnValues values;
  for (const T number : numbers) values.numbers.push_back(bits_of(number));
  return values;
}

ColumnSummary summary_of(const std::vector<double>& numbers) {
  return summarize(ColumnType::kFloat64, values_of(numbers));
}

// By its bits, since NaN is equal to nothing and 0.0 to -0.0.
std::optional<std::uint64_t> bits_of(const std::optional<Number>& number) {
  if (!number) return std::nullopt;
  return bits_of(std::get<double>(*number));
}

// What comes back of the bytes that it is stored as, with the floats as `form` would have them.
ColumnSummary stored(const ColumnSummary& summary, std::uint32_t points, FloatForm form = {}) {
  Bytes bytes;
  push_summary(summary, form, points, bytes);
  ByteInput in(bytes);
  ColumnSummary read;
  EXPECT_TRUE(take_summary(in, points, read));
  EXPECT_EQ(in.left(), 0u);
  return read;
}

TEST(ColumnSummaryTest, SaysFirstLastLeastAndGreatest) {
  const ColumnSummary summary = summary_of({2.5, -1.0, 7.25, 3.0});
  EXPECT_EQ(summary.count, 4u);
  EXPECT_EQ(summary.nans, 0u);
  EXPECT_EQ(std::get<double>(*summary.first()), 2.5);
  EXPECT_EQ(std::get<double>(*summary.last()), 3.0);
  EXPECT_EQ(std::get<double>(*summary.min()), -1.0);
  EXPECT_EQ(std::get<double>(*summary.max()), 7.25);
}

TEST(ColumnSummaryTest, LeavesNanOutOfLeastAndGreatest) {
  const double nan = std::bit_cast<double>(0xfff8'0000'0000'1234u);
  const ColumnSummary summary = summary_of({nan, 1.0, Limits::quiet_NaN(), 4.0, -kInfinity, nan});
  EXPECT_EQ(summary.nans, 3u);
  EXPECT_EQ(bits_of(summary.first()), bits_of(nan));
  EXPECT_EQ(bits_of(summary.last()), bits_of(nan));
  EXPECT_EQ(bits_of(summary.min()), bits_of(-kInfinity));
  EXPECT_EQ(bits_of(summary.max()), bits_of(4.0));
  EXPECT_EQ(stored(summary, 6), summary);
}

TEST(ColumnSummaryTest, HasNoLeastAmongNans) {
  const ColumnSummary summary = summary_of({Limits::quiet_NaN(), -Limits::quiet_NaN()});
  EXPECT_EQ(summary.nans, 2u);
  EXPECT_FALSE(summary.min().has_value());
  EXPECT_FALSE(summary.max().has_value());
  EXPECT_TRUE(std::isnan(std::get<double>(*summary.first())));
  EXPECT_EQ(stored(summary, 2), summary);
}

TEST(ColumnSummaryTest, PutsMinusZeroBeforeZero) {
  EXPECT_EQ(bits_of(summary_of({0.0, -0.0, 3.0}).min()), bits_of(-0.0));
  EXPECT_EQ(bits_of(summary_of({-0.0, 0.0, -3.0}).max()), bits_of(0.0));
  EXPECT_EQ(bits_of(summary_of({-0.0, -0.0}).max()), bits_of(-0.0));
  EXPECT_EQ(bits_of(summary_of({0.0, 1.0}).min()), bits_of(0.0));
}

TEST(ColumnSummaryTest, KeepsIntegersFromOneEndToTheOther) {
  ColumnValues values;
  values.numbers = {5, 1ull << 63, ~0ull, (1ull << 53) + 1, ~0ull};
  values.unsigned_at = {2};  // the other ~0 is -1
  const ColumnSummary summary = summarize(ColumnType::kInt, values);
  EXPECT_EQ(std::get<std::int64_t>(*summary.min()), INT64_MIN);
  EXPECT_EQ(std::get<std::uint64_t>(*summary.max()), UINT64_MAX);
  EXPECT_EQ(std::get<std::int64_t>(*summary.first()), 5);
  EXPECT_EQ(std::get<std::int64_t>(*summary.last()), -1);
  EXPECT_EQ(stored(summary, 5), summary);
}

TEST(ColumnSummaryTest, KnowsIntegersThatAreAllAboveTheSignedOnes) {
  ColumnValues values;
  values.numbers = {1ull << 63, ~0ull};
  values.unsigned_at = {0, 1};
  const ColumnSummary summary = summarize(ColumnType::kInt, values);
  EXPECT_EQ(std::get<std::uint64_t>(*summary.min()), 1ull << 63);
  EXPECT_EQ(std::get<std::uint64_t>(*summary.max()), UINT64_MAX);
  EXPECT_EQ(stored(summary, 2), summary);
}

TEST(ColumnSummaryTest, TakesFewBytesForShortDecimals) {
  const ColumnSummary summary = summary_of({1.25, -3.5, 2.75, 1.5});
  Bytes bytes;
  push_summary(summary, {FloatMapping::kDecimal, 2}, 4, bytes);
  EXPECT_LE(bytes.size(), 9u);
  EXPECT_EQ(stored(summary, 4, {FloatMapping::kDecimal, 2}), summary);
}

TEST(ColumnSummaryTest, IsStoredByItsBitsWhereAScaleDoesNotGiveThemBack) {
  const ColumnSummary summary = summary_of({1.25, -0.0, 1.0 / 3.0, kInfinity});
  EXPECT_EQ(stored(summary, 4, {FloatMapping::kDecimal, 2}), summary);
}

TEST(ColumnSummaryTest, OfNoPointHasNothing) {
  const ColumnSummary summary = summary_of({});
  EXPECT_FALSE(summary.first().has_value());
  EXPECT_FALSE(summary.max().has_value());
  EXPECT_EQ(stored(summary, 10), summary);
}

// Doubles of every kind, some of which are special.
std::vector<double> random_doubles(std::mt19937_64& random) {
  const std::vector<double> special{0.0, -0.0, kInfinity, -kInfinity, Limits::quiet_NaN()};
  std::vector<double> numbers(1 + random() % 40);
  const std::uint64_t kind = random() % 3;
  for (double& number : numbers) {
    if (random() % 4 == 0) {
      number = special[random() % special.size()];
    } else {
      number = kind == 0 ? std::bit_cast<double>(random())
                         : static_cast<double>(random() % 9'999) / (kind == 1 ? 100.0 : 1.0);
    }
  }
  return numbers;
}

// The order of floats by their bits: what least and greatest are to be.
std::int64_t order_of(double number) {
  const auto bits = std::bit_cast<std::int64_t>(number);
  return bits < 0 ? bits ^ INT64_MAX : bits;
}

TEST(ColumnSummaryTest, IsWhatALookAtEveryNumberSays) {
  std::mt19937_64 random(29);
  for (int round = 0; round < 5'000; ++round) {
    const std::vector<double> numbers = random_doubles(random);
    std::vector<double> real;
    std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(real),
                 [](double number) { return !std::isnan(number); });
    std::sort(real.begin(), real.end(),
              [](double a, double b) { return order_of(a) < order_of(b); });
    const ColumnSummary summary = summary_of(numbers);
    ASSERT_EQ(summary.nans, numbers.size() - real.size());
    ASSERT_EQ(bits_of(summary.first()), bits_of(numbers.front()));
    ASSERT_EQ(bits_of(summary.last()), bits_of(numbers.back()));
    ASSERT_EQ(summary.min().has_value(), !real.empty());
    if (!real.empty()) {
      ASSERT_EQ(bits_of(summary.min()), bits_of(real.front()));
      ASSERT_EQ(bits_of(summary.max()), bits_of(real.back()));
    }
    ASSERT_EQ(stored(summary, 64), summary);
    ASSERT_EQ(stored(summary, 64, {FloatMapping::kDecimal, 2}), summary);
    ASSERT_EQ(stored(summary, 64, {FloatMapping::kNarrow}), summary);
  }
}

TEST(ColumnSummaryTest, KeepsFloat32) {
  const ColumnSummary summary =
      summarize(ColumnType::kFloat32, values_of<float>({-0.0F, 0.1F, NAN, -INFINITY, 0.0F}));
  EXPECT_EQ(std::get<float>(*summary.min()), -INFINITY);
  EXPECT_EQ(std::get<float>(*summary.max()), 0.1F);
  EXPECT_TRUE(std::signbit(std::get<float>(*summary.first())));
  EXPECT_FALSE(std::signbit(std::get<float>(*summary.last())));
  EXPECT_EQ(stored(summary, 5), summary);
}

TEST(ColumnSummaryTest, RefusesWhatSaysMoreThanThereIs) {
  const auto is_taken = [](const Bytes& bytes) {
    ByteInput in(bytes);
    ColumnSummary summary;
    return take_summary(in, 10, summary);
  };
  EXPECT_TRUE(is_taken({16, 2}));                  // ten times 1
  EXPECT_FALSE(is_taken({}));                      // nothing
  EXPECT_FALSE(is_taken({16}));                    // ... of what?
  EXPECT_FALSE(is_taken({0xc0 | 16, 2}));          // a type that is none
  EXPECT_FALSE(is_taken({2 | 16, 2}));             // integers of a form for floats
  EXPECT_FALSE(is_taken({4 | 16, 11, 2}));         // eleven of ten have none
  EXPECT_FALSE(is_taken({8 | 16, 11, 2}));         // eleven of ten are NaN
  EXPECT_FALSE(is_taken({0x80 | 2 | 16, 16, 2}));  // 16 decimals
  EXPECT_FALSE(is_taken({0, 2, 2, 2}));            // no greatest
}

}  // namespace
}  // namespace zbag
