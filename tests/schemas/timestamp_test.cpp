#include "schemas/timestamp.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace zbag {
namespace {

constexpr double kToday = 1795202544.0;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::int64_t ns_of(double seconds) { return Timestamp::from_seconds(seconds).value().ns(); }

double seconds_of(std::int64_t ns) { return Timestamp::from_ns(ns).seconds(); }

std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

// D9, requirements 1.6: round(ts * 1e9) gives ...451525632 here.
TEST(TimestampTest, SplitsWholeSecondsOffFirst) {
  EXPECT_EQ(ns_of(1795202544.4515257), 1795202544451525688);
}

// Requirements 1.6: 6868 of 100 000 adjacent doubles collide under round(ts * 1e9).
TEST(TimestampTest, GivesAdjacentDoublesOfTodayKeysOfTheirOwn) {
  double seconds = kToday;
  std::int64_t before = ns_of(seconds);
  int not_above = 0;
  for (int i = 0; i < 100'000; ++i) {
    seconds = std::nextafter(seconds, kInfinity);
    const std::int64_t ns = ns_of(seconds);
    not_above += ns > before ? 0 : 1;
    before = ns;
  }
  EXPECT_EQ(not_above, 0);
}

TEST(TimestampTest, TellsTheTwoDoublesApartThatNaiveRoundingMerges) {
  EXPECT_NE(ns_of(1795202544.4753673), ns_of(1795202544.4753675));
}

// The key is the exact product, rounded: checked in 64 bits of mantissa, where it is exact.
TEST(TimestampTest, AgreesWithTheExactProduct) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> today(kToday - 1e8, kToday + 1e8);
  int wrong = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double seconds = today(random);
    const double whole = std::floor(seconds);
    const long double rest = std::nearbyintl(static_cast<long double>(seconds - whole) * 1e9L);
    const auto exact =
        static_cast<std::int64_t>(whole) * 1'000'000'000 + static_cast<std::int64_t>(rest);
    wrong += ns_of(seconds) == exact ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0);
}

TEST(TimestampTest, GivesBackTheDoubleOfAKeyAtEpochScale) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> today(kToday - 1e8, kToday + 1e8);
  int different = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double seconds = today(random);
    different += bits(seconds_of(ns_of(seconds))) == bits(seconds) ? 0 : 1;
  }
  EXPECT_EQ(different, 0);
}

TEST(TimestampTest, GivesBackTheDoubleOfAKeyOnTheReadPathToo) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> today(kToday - 1e8, kToday + 1e8);
  int different = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double seconds = today(random);
    different += bits(seconds_of_key(ns_of(seconds))) == bits(seconds) ? 0 : 1;
  }
  EXPECT_EQ(different, 0);
}

// Requirements 1.6: keys of small synthetic times do not give their doubles back, so the double is
// kept beside the key.
TEST(TimestampTest, KeepsTheDoubleOfSmallSyntheticTimes) {
  int different = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double seconds = i * 0.033;
    different += bits(Timestamp::from_seconds(seconds).value().seconds()) == bits(seconds) ? 0 : 1;
  }
  EXPECT_EQ(different, 0);
}

TEST(TimestampTest, GivesSmallSyntheticTimesIncreasingKeys) {
  int wrong = 0;
  for (int i = 0; i < 100'000; ++i) {
    wrong += ns_of(i * 0.033) == std::int64_t{i} * 33'000'000 ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0);
}

// Requirements 1.6: "read(..., 0.7) also returns the point written as 7*0.1".
TEST(TimestampTest, MergesDoublesThatDifferByLessThanHalfANanosecond) {
  EXPECT_EQ(Timestamp::from_seconds(7 * 0.1), Timestamp::from_seconds(0.7));
  EXPECT_NE(bits(7 * 0.1), bits(0.7));
}

// S1.1
TEST(TimestampTest, TakesZeroAndNegativeTimes) {
  EXPECT_EQ(ns_of(0.0), 0);
  EXPECT_EQ(ns_of(1.5), 1'500'000'000);
  EXPECT_EQ(ns_of(-1.0), -1'000'000'000);
  EXPECT_EQ(ns_of(-2.5), -2'500'000'000);
  EXPECT_EQ(ns_of(-0.25), -250'000'000);
  EXPECT_EQ(ns_of(-1e-9), -1);
}

// D8
TEST(TimestampTest, NormalisesNegativeZero) {
  EXPECT_EQ(bits(Timestamp::from_seconds(-0.0).value().seconds()), bits(0.0));
  EXPECT_EQ(ns_of(-0.0), 0);
}

TEST(TimestampTest, RoundsHalfNanosecondsToEven) {
  EXPECT_EQ(ns_of(0.5e-9), 0);
  EXPECT_EQ(ns_of(1.5e-9), 2);
  EXPECT_EQ(ns_of(2.5e-9), 2);
}

// S0.9
TEST(TimestampTest, RefusesWhatIsNoNumber) {
  EXPECT_EQ(Timestamp::from_seconds(kNaN), std::nullopt);
  EXPECT_EQ(Timestamp::from_seconds(kInfinity), std::nullopt);
  EXPECT_EQ(Timestamp::from_seconds(-kInfinity), std::nullopt);
}

TEST(TimestampTest, RefusesWhatInt64NanosecondsCannotHold) {
  EXPECT_EQ(Timestamp::from_seconds(1e300), std::nullopt);
  EXPECT_EQ(Timestamp::from_seconds(9223372037.0), std::nullopt);
  EXPECT_EQ(Timestamp::from_seconds(-9223372037.0), std::nullopt);
}

TEST(TimestampTest, TakesTheLastSecondsInt64NanosecondsHold) {
  EXPECT_EQ(ns_of(9223372036.0), 9'223'372'036'000'000'000);
  EXPECT_EQ(ns_of(-9223372036.0), -9'223'372'036'000'000'000);
}

TEST(TimestampTest, AdmitsTheEndsOfInt64WithoutOverflow) {
  constexpr std::int64_t kFirst = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  EXPECT_NEAR(seconds_of(kFirst), -9223372036.854776, 1e-6);
  EXPECT_NEAR(seconds_of(kLast), 9223372036.854776, 1e-6);
}

TEST(TimestampTest, FindsTheNearestDoubleOfNegativeKeys) {
  EXPECT_EQ(seconds_of(-1'750'000'000), -1.75);
  EXPECT_EQ(seconds_of(-250'000'000), -0.25);
  EXPECT_EQ(seconds_of(-1), -1e-9);
  EXPECT_EQ(seconds_of(-2'000'000'000), -2.0);
}

TEST(TimestampTest, FindsTheNearestDoubleOfDecimalKeys) {
  EXPECT_EQ(seconds_of(100'000'000), 0.1);
  EXPECT_EQ(seconds_of(300'000'000), 0.3);
  EXPECT_EQ(seconds_of(1'403'715'273'262'142'976), 1403715273.262142976);
}

// The MessagePack timestamp counts nanoseconds upwards, below zero too: -2 s + 0.25 s.
TEST(TimestampTest, AddsThePartsOfNegativeSeconds) {
  EXPECT_EQ(Timestamp::from_parts(-2, 250'000'000)->seconds(), -1.75);
  EXPECT_EQ(Timestamp::from_parts(-2, 250'000'000)->ns(), -1'750'000'000);
  EXPECT_EQ(Timestamp::from_parts(-1, 999'999'999)->seconds(), -1e-9);
  EXPECT_EQ(Timestamp::from_parts(-1, 500'000'000)->seconds(), -0.5);
}

// wire.md, Time: rounded to the nearest double first; the key is that double's.
TEST(TimestampTest, RoundsPartsToTheNearestDouble) {
  EXPECT_EQ(Timestamp::from_parts(1795202544, 451525688)->seconds(), 1795202544.4515257);
  EXPECT_EQ(Timestamp::from_parts(1795202544, 451525700)->ns(), 1795202544451525688);
}

TEST(TimestampTest, RefusesPartsOutOfRange) {
  EXPECT_EQ(Timestamp::from_parts(0, 1'000'000'000), std::nullopt);
  EXPECT_EQ(Timestamp::from_parts(std::numeric_limits<std::int64_t>::max(), 0), std::nullopt);
  EXPECT_EQ(Timestamp::from_parts(std::numeric_limits<std::int64_t>::min(), 5), std::nullopt);
}

TEST(TimestampTest, OrdersByKey) {
  EXPECT_LT(Timestamp::from_ns(-5), Timestamp::from_ns(3));
  EXPECT_EQ(Timestamp::from_stored(7, 1.0), Timestamp::from_stored(7, 2.0));
}

TEST(SecondsTextTest, IsShortAndReadsBack) {
  EXPECT_EQ(seconds_text(0.1), "0.1");
  EXPECT_EQ(seconds_text(1795202544.4515257), "1795202544.4515257");
}

TEST(SecondsTextTest, AlwaysShowsThatItIsAFloat) {
  EXPECT_THAT(seconds_text(2.0), testing::StrEq("2.0"));
  EXPECT_THAT(seconds_text(-1.0), testing::StrEq("-1.0"));
  EXPECT_THAT(seconds_text(1e300), testing::HasSubstr("e"));
}

TEST(TimeRangeTest, HoldsBothEndsWhenClosed) {
  const TimeRange range = TimeRange::closed(Timestamp::from_ns(2), Timestamp::from_ns(5));
  EXPECT_TRUE(range.contains(2));
  EXPECT_TRUE(range.contains(5));
  EXPECT_FALSE(range.contains(1));
  EXPECT_FALSE(range.contains(6));
}

// D4
TEST(TimeRangeTest, LeavesOutTheLimitWhenHalfOpen) {
  const TimeRange range = TimeRange::half_open(Timestamp::from_ns(2), Timestamp::from_ns(5));
  EXPECT_TRUE(range.contains(4));
  EXPECT_FALSE(range.contains(5));
}

TEST(TimeRangeTest, IsEmptyWhenHalfOpenAtTheLeastLimit) {
  const Timestamp least = Timestamp::from_stored(std::numeric_limits<std::int64_t>::min(), 0.0);
  EXPECT_TRUE(TimeRange::half_open(least, least).empty());
}

// S0.22
TEST(TimeRangeTest, IsEmptyWhenItEndsBeforeItBegins) {
  const TimeRange range = TimeRange::closed(Timestamp::from_ns(5), Timestamp::from_ns(1));
  EXPECT_TRUE(range.empty());
  EXPECT_FALSE(range.contains(3));
  EXPECT_TRUE(TimeRange::none().empty());
}

// S0.21
TEST(TimeRangeTest, HoldsEverythingWithoutBounds) {
  EXPECT_TRUE(TimeRange::all().contains(std::numeric_limits<std::int64_t>::min()));
  EXPECT_TRUE(TimeRange::all().contains(std::numeric_limits<std::int64_t>::max()));
}

TEST(TimeRangeTest, OverlapsWhatItTouches) {
  const TimeRange range{2, 5};
  EXPECT_TRUE(range.overlaps(5, 9));
  EXPECT_TRUE(range.overlaps(0, 2));
  EXPECT_FALSE(range.overlaps(6, 9));
  EXPECT_FALSE(range.overlaps(0, 1));
}

}  // namespace
}  // namespace zbag
