#include "nodes/option_type.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace zbag {
namespace {

using std::chrono::nanoseconds;
using Milliseconds = std::chrono::milliseconds;

// What parse() says of a text it refuses.
template <class T>
std::string why_not(const OptionType<T>& type, const std::string& text) {
  const Result<T> parsed = type.parse(text);
  return parsed ? "it is taken" : parsed.error().message;
}

// `text` read and written again.
template <class T>
std::string again(const OptionType<T>& type, const std::string& text) {
  const Result<T> parsed = type.parse(text);
  return parsed ? type.text(*parsed) : parsed.error().message;
}

TEST(OptionTypeTest, ANumberLiesWithinItsBoundsBothIncluded) {
  const OptionType<double> type = option_type::number("R", {0.5, 1e6});
  EXPECT_EQ(type.parse("0.5").value(), 0.5);
  EXPECT_EQ(type.parse("1e6").value(), 1e6);
  for (const char* text : {"0.4", "1000001", "nan", "inf", "-1", "", "x", "1x", "1 2", " "})
    EXPECT_EQ(why_not(type, text), "give a number from 0.5 to 1000000") << text;
}

TEST(OptionTypeTest, ACountIsAWholeNumberWithoutSign) {
  const OptionType<std::size_t> type = option_type::count<std::size_t>("N", {1, 100});
  EXPECT_EQ(type.parse("100").value(), 100u);
  for (const char* text : {"0", "101", "1.5", "-3", "1e1", "", "99999999999999999999999"})
    EXPECT_EQ(why_not(type, text), "give a whole number from 1 to 100") << text;
}

TEST(OptionTypeTest, SizesAreInMillionsOfBytes) {
  const OptionType<std::uint64_t> type = option_type::megabytes<std::uint64_t>({1, 1e6});
  EXPECT_EQ(type.parse("12.5").value(), 12'500'000u);
  EXPECT_EQ(type.value(12'500'000u), Value(12.5));
  EXPECT_EQ(type.parse("512MB").value(), 512'000'000u);
  EXPECT_EQ(type.parse("1GiB").value(), 1u << 30);
  EXPECT_EQ(type.text(type.parse("1.5GB").value()), "1500");
  for (const char* text : {"0.5", "300kB", "2TB", "1X", "MB", "1m", "1 GB"})
    EXPECT_EQ(why_not(type, text), "give MB from 1 to 1000000, or as in 512MB or 1GiB") << text;
}

TEST(OptionTypeTest, SpansInSecondsAreRoundedToTheUnitTheyAreKeptIn) {
  EXPECT_EQ(option_type::seconds<Milliseconds>({0.001, 10}).parse("0.57").value(),
            Milliseconds(570));
  EXPECT_EQ(option_type::seconds<nanoseconds>({0, 10}).parse("0.000000001").value(),
            nanoseconds(1));
  EXPECT_EQ(
      option_type::seconds<std::chrono::duration<double>>({0, 10}).parse("0.1").value().count(),
      0.1);
  EXPECT_EQ(option_type::seconds<Milliseconds>({0, 10}).value(Milliseconds(250)), Value(0.25));
}

TEST(OptionTypeTest, SpansMayHaveUnits) {
  const OptionType<nanoseconds> type = option_type::seconds<nanoseconds>({0, 1e9});
  EXPECT_EQ(type.parse("1m30s").value(), std::chrono::seconds(90));
  EXPECT_EQ(type.parse("250ms").value(), Milliseconds(250));
  EXPECT_EQ(type.parse("2h").value(), std::chrono::hours(2));
  EXPECT_EQ(type.text(type.parse("1m30s").value()), "90");
  EXPECT_EQ(option_type::milliseconds({1, 1e6}).parse("1.5s").value(), Milliseconds(1'500));
  for (const char* text : {"1m30", "1y", "-1s", "s", "40000000m"})
    EXPECT_EQ(why_not(type, text), "give seconds from 0 to 1000000000, or as in 1m30s") << text;
}

TEST(OptionTypeTest, APartOfAMillisecondIsLeftOutSinceItIsABound) {
  EXPECT_EQ(option_type::milliseconds({1, 10}).parse("1.9").value(), Milliseconds(1));
}

TEST(OptionTypeTest, AWordMayStandForNothing) {
  const auto type = option_type::or_word(option_type::milliseconds({1, 1000}), "off");
  EXPECT_EQ(type.parse("off").value(), std::nullopt);
  EXPECT_EQ(type.parse("5").value(), Milliseconds(5));
  EXPECT_EQ(type.value(std::nullopt), Value("off"));
  EXPECT_EQ(type.value(Milliseconds(5)), Value("5"));
  EXPECT_EQ(why_not(type, "0"), "give milliseconds from 1 to 1000, or as in 250ms, or off");
}

TEST(OptionTypeTest, ZeroMayStandForNothing) {
  const auto type = option_type::or_zero(option_type::seconds<nanoseconds>({0, 1e9}));
  for (const char* zero : {"0", "0.0", "0e5", "1e-12", "0s"})
    EXPECT_EQ(type.parse(zero).value(), std::nullopt) << zero;
  EXPECT_EQ(type.text(std::nullopt), "0");
  EXPECT_EQ(type.value(std::nullopt), Value(0.0));
  EXPECT_EQ(why_not(type, "-1"), "give seconds from 0 to 1000000000, or as in 1m30s");
}

TEST(OptionTypeTest, ZeroMayLieBelowTheBounds) {
  const auto type =
      option_type::zero_or(option_type::megabytes<std::uint64_t>, {1, 10}, "a bag takes that much");
  EXPECT_EQ(type.parse("0").value(), 0u);
  EXPECT_EQ(type.parse("0MB").value(), 0u);
  EXPECT_EQ(why_not(type, "0.5"),
            "give MB from 1 to 10, or as in 512MB or 1GiB, or 0: a bag takes that much");
}

TEST(OptionTypeTest, WordsAreNamedWhereNoneFits) {
  enum class Mode { kOne, kTwo, kThree };
  const auto type = option_type::one_of<Mode>(
      "MODE", {{"one", Mode::kOne}, {"two", Mode::kTwo}, {"three", Mode::kThree}});
  EXPECT_EQ(type.parse("two").value(), Mode::kTwo);
  EXPECT_EQ(type.text(Mode::kThree), "three");
  EXPECT_EQ(why_not(type, "four"), "use one, two or three");
}

TEST(OptionTypeTest, AFlagIsYesOrNo) {
  for (const char* yes : {"true", "yes", "on", "1"})
    EXPECT_TRUE(option_type::yes_or_no().parse(yes).value()) << yes;
  for (const char* no : {"false", "no", "off", "0"})
    EXPECT_FALSE(option_type::yes_or_no().parse(no).value()) << no;
  EXPECT_EQ(why_not(option_type::yes_or_no(), "maybe"), "use true or false");
}

TEST(OptionTypeTest, APairIsCutAtItsFirstSeparator) {
  const auto metadata = option_type::text_pair("KEY=VALUE", "=", true);
  EXPECT_EQ(metadata.parse("a=b=c").value(), std::pair(std::string("a"), std::string("b=c")));
  EXPECT_EQ(metadata.parse("a=").value().second, "");
  EXPECT_EQ(why_not(metadata, "=b"), "write KEY=VALUE");
  const auto remap = option_type::text_pair("FROM:=TO", ":=", false);
  EXPECT_EQ(remap.parse("a:=b").value(), std::pair(std::string("a"), std::string("b")));
  EXPECT_EQ(why_not(remap, "a:="), "write FROM:=TO");
  EXPECT_EQ(why_not(remap, "a=b"), "write FROM:=TO");
}

TEST(OptionTypeTest, ALeadingSlashOfATrackIsLeftOut) {
  EXPECT_EQ(option_type::track_pattern().parse("/robot/*").value(), "robot/*");
  EXPECT_EQ(option_type::track_name("P").parse("/again").value(), "again");
  EXPECT_EQ(option_type::track_rename().parse("/a:=/b/c").value(),
            std::pair(std::string("a"), std::string("b/c")));
  EXPECT_EQ(why_not(option_type::track_rename(), "a:="), "write FROM:=TO");
}

TEST(OptionTypeTest, WhatIsWrittenIsReadBackAsTheSame) {
  EXPECT_EQ(again(option_type::number("R", {0, 1e300}), "0.1"), "0.1");
  EXPECT_EQ(again(option_type::number("R", {0, 1e300}), "1e+300"), "1e+300");
  EXPECT_EQ(again(option_type::megabytes<std::uint64_t>({0, 1e12}), "0.000001"), "1e-06");
  EXPECT_EQ(again(option_type::megabytes<std::uint64_t>({0, 1e12}), "1e-06"), "1e-06");
  EXPECT_EQ(again(option_type::or_word(option_type::milliseconds({1, 10}), "off"), "off"), "off");
  EXPECT_EQ(again(option_type::text_pair("K=V", "=", true), "k=v=w"), "k=v=w");
  EXPECT_EQ(again(option_type::track_pattern(), "robot/**"), "robot/**");
}

}  // namespace
}  // namespace zbag
