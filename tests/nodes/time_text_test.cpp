#include "nodes/time_text.hpp"

#include <gmock/gmock.h>

namespace zbag {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
const TimeRange kExtent{1'000 * kSecond, 2'000 * kSecond};

std::int64_t ns(const std::string& text) { return parse_time(text, kExtent).value().ns(); }

// cli.md: seconds since the epoch.
TEST(TimeTextTest, ReadsSecondsSinceTheEpoch) {
  EXPECT_EQ(parse_time("1326899528.4", std::nullopt)->seconds(), 1326899528.4);
  EXPECT_EQ(ns("0"), 0);
  EXPECT_EQ(ns("1e3"), 1'000 * kSecond);
}

TEST(TimeTextTest, ReadsIso8601) {
  EXPECT_EQ(ns("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ns("2026-11-20T10:00:00Z"), 1'795'168'800 * kSecond);
  EXPECT_EQ(ns("2026-11-20T10:00:00.25Z"), 1'795'168'800 * kSecond + kSecond / 4);
  EXPECT_EQ(ns("2024-02-29T00:00:00Z"), 1'709'164'800 * kSecond);
}

// cli.md: relative to the start of the bag, or its end.
TEST(TimeTextTest, ReadsTimesRelativeToTheBag) {
  EXPECT_EQ(ns("+10"), 1'010 * kSecond);
  EXPECT_EQ(ns("+1m30s"), 1'090 * kSecond);
  EXPECT_EQ(ns("+250ms"), 1'000 * kSecond + kSecond / 4);
  EXPECT_EQ(ns("+1.5s"), 1'001 * kSecond + kSecond / 2);
  EXPECT_EQ(ns("+0"), 1'000 * kSecond);
  EXPECT_EQ(ns("-5"), 1'995 * kSecond);
  EXPECT_EQ(ns("-1h"), 2'000 * kSecond - 3'600 * kSecond);
}

TEST(TimeTextTest, CannotBeRelativeToAnEmptyBag) {
  EXPECT_THAT(parse_time("+10", std::nullopt).error().message, HasSubstr("relative"));
}

class BadTimeTest : public testing::TestWithParam<const char*> {};

TEST_P(BadTimeTest, IsAnErrorThatQuotesIt) {
  const Result<Timestamp> time = parse_time(GetParam(), kExtent);
  ASSERT_FALSE(time);
  EXPECT_EQ(time.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(time.error().message, HasSubstr("'" + std::string(GetParam()) + "'"));
}

INSTANTIATE_TEST_SUITE_P(Times, BadTimeTest,
                         testing::Values("", "now", "+", "-", "+x", "+10y", "+m", "1.2.3", "10 ",
                                         "nan", "inf", "1e300", "+1e300", "+-5", "-+5", "+1m30",
                                         "2026-11-20", "2026-11-20T10:00:00",
                                         "2026-13-20T10:00:00Z", "2026-00-20T10:00:00Z",
                                         "2026-02-30T10:00:00Z", "2026-11-20T25:00:00Z",
                                         "2026-11-20T10:61:00Z", "2026-11-20T10:00:61Z",
                                         "2026-11-20T10:00:00Zx"));

TEST(TimeRangeTextTest, IsClosedAtBothEnds) {
  const TimeRange range = parse_range("+10", "-5", kExtent).value();
  EXPECT_EQ(range.first, 1'010 * kSecond);
  EXPECT_EQ(range.last, 1'995 * kSecond);
}

// S0.21
TEST(TimeRangeTextTest, IsOpenWhereNothingIsGiven) {
  EXPECT_EQ(parse_range("", "", kExtent)->first, TimeRange::all().first);
  EXPECT_EQ(parse_range("", "", kExtent)->last, TimeRange::all().last);
  EXPECT_EQ(parse_range("5", "", kExtent)->last, TimeRange::all().last);
}

TEST(TimeRangeTextTest, PassesAnErrorOn) {
  EXPECT_FALSE(parse_range("x", "", kExtent));
  EXPECT_FALSE(parse_range("", "x", kExtent));
}

TEST(IsoTextTest, ShowsMilliseconds) {
  EXPECT_EQ(iso_text(0.0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso_text(1795168800.125), "2026-11-20T10:00:00.125Z");
  EXPECT_EQ(iso_text(1795168800.123), "2026-11-20T10:00:00.123Z");
  EXPECT_EQ(iso_text(1795168800.9999), "2026-11-20T10:00:01.000Z");
  EXPECT_EQ(iso_text(-0.25), "1969-12-31T23:59:59.750Z");
  EXPECT_EQ(iso_text(-0.5), "1969-12-31T23:59:59.500Z");
}

TEST(DurationTextTest, IsReadAtAGlance) {
  EXPECT_EQ(duration_text(0.25), "0.25 s");
  EXPECT_EQ(duration_text(75.25), "1m15s");
  EXPECT_EQ(duration_text(3'725.0), "1h02m05s");
}

}  // namespace
}  // namespace zbag
