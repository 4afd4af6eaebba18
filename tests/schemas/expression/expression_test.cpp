#include "schemas/expression/expression.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"
#include "tests/support/bytes.hpp"

namespace zbag {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Timestamp at(double seconds) { return Timestamp::from_seconds(seconds).value(); }

bool matches(const std::string& text, const Fields& fields, double seconds = 100.5) {
  std::string map;
  encode_fields(fields, map);
  const Result<Expression> expression = Expression::parse(text);
  EXPECT_TRUE(expression) << (expression ? "" : expression.error().message);
  return expression && expression->matches(open_map(bytes_of(map)).value(), at(seconds));
}

std::string fault(const std::string& text) {
  const Result<Expression> expression = Expression::parse(text);
  return expression ? "no fault in " + text : expression.error().message;
}

TimeRange range(const std::string& text) { return Expression::parse(text).value().range(); }

// T, F, or ? where neither the expression nor its negation matches.
char truth(const std::string& text, const Fields& fields) {
  const bool is_true = matches(text, fields);
  const bool is_false = matches("not (" + text + ")", fields);
  EXPECT_FALSE(is_true && is_false) << text;
  return is_true ? 'T' : is_false ? 'F' : '?';
}

// What a test is for x = 1, 2, 3, for NaN, a text, nil and no x at all.
std::string row(const std::string& text) {
  std::string out;
  for (const Value& x : {Value(1), Value(2), Value(3.0), Value(std::nan("")), Value("2"), Value()})
    out += truth(text, {{"x", x}});
  return out + truth(text, {{"y", 2}});
}

TEST(ExpressionTest, EveryComparisonHasItsTruthTable) {
  //                        123N"nil-
  EXPECT_EQ(row("x = 2"), "FTFF???");
  EXPECT_EQ(row("x == 2"), "FTFF???");
  EXPECT_EQ(row("x != 2"), "TFTT???");
  EXPECT_EQ(row("x <> 2"), "TFTT???");
  EXPECT_EQ(row("x < 2"), "TFFF???");
  EXPECT_EQ(row("x <= 2"), "TTFF???");
  EXPECT_EQ(row("x > 2"), "FFTF???");
  EXPECT_EQ(row("x >= 2"), "FTTF???");
}

TEST(ExpressionTest, EveryOtherTestHasItsTruthTable) {
  //                                 123N"nil-
  EXPECT_EQ(row("x between 2 and 3"), "FTTF???");
  EXPECT_EQ(row("x not between 2 and 3"), "TFFT???");
  EXPECT_EQ(row("x in (1, 2.0)"), "TTFF???");
  EXPECT_EQ(row("x not in (1, 2.0)"), "FFTT???");
  EXPECT_EQ(row("x in ('2')"), "????T??");
  EXPECT_EQ(row("x contains '2'"), "????T??");
  EXPECT_EQ(row("x starts '3'"), "????F??");
  EXPECT_EQ(row("x ends 'nope'"), "????F??");
  EXPECT_EQ(row("x is null"), "FFFFFTT");
  EXPECT_EQ(row("x is not null"), "TTTTTFF");
}

// a and b are true, false or missing: rows by a, columns by b.
std::string table(const std::string& word) {
  std::string out;
  for (const Value& a : {Value(true), Value(false), Value()}) {
    for (const Value& b : {Value(true), Value(false), Value()})
      out += truth("a = true " + word + " b = true", {{"a", a}, {"b", b}});
  }
  return out;
}

TEST(ExpressionTest, AndAndOrKnowTheUnknown) {
  EXPECT_EQ(table("and"), "TF?FFF?F?");
  EXPECT_EQ(table("or"), "TTTTF?T??");
}

TEST(ExpressionTest, BindsNotBeforeAndBeforeOr) {
  const Fields x = {{"x", 1}};
  EXPECT_TRUE(matches("x = 1 or x = 2 and x = 3", x));
  EXPECT_FALSE(matches("(x = 1 or x = 2) and x = 3", x));
  EXPECT_FALSE(matches("not x = 1 and x = 1", x));
  EXPECT_TRUE(matches("not not x = 1", x));
  EXPECT_TRUE(matches("x NOT BETWEEN 2 AND 3 And x Is Not Null", x));
}

TEST(ExpressionTest, TakesTextsAsBytes) {
  const Fields mode = {{"mode", "Über-it's"}};
  EXPECT_TRUE(matches("mode = 'Über-it''s'", mode));
  EXPECT_FALSE(matches("mode = 'über-it''s'", mode));
  EXPECT_TRUE(matches("mode > 'Z'", mode));
  EXPECT_TRUE(
      matches("mode starts with 'Ü' and mode ends with '''s' and mode contains 'ber'", mode));
  EXPECT_TRUE(matches("mode starts '' and mode contains ''", mode));
  EXPECT_TRUE(matches("mode in ('', 'Über-it''s')", mode));
}

TEST(ExpressionTest, ComparesNumbersByTheirExactValues) {
  constexpr auto kUint = std::numeric_limits<std::uint64_t>::max();
  constexpr auto kInt = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(matches("x = 9223372036854775808.0", {{"x", kInt}}));  // 2^63 - 1 against 2^63
  EXPECT_TRUE(matches("x < 9223372036854775808.0", {{"x", kInt}}));
  EXPECT_TRUE(matches("x = 9223372036854775808.0", {{"x", std::uint64_t{1} << 63}}));
  EXPECT_TRUE(matches("x = 18446744073709551615", {{"x", kUint}}));
  EXPECT_TRUE(matches("x < 18446744073709551616", {{"x", kUint}}));
  EXPECT_TRUE(matches("x < 18446744073709551615", {{"x", 0x1p63}}));
  EXPECT_TRUE(matches("x = -9223372036854775808", {{"x", -0x1p63}}));
  EXPECT_TRUE(matches("x != 9007199254740993", {{"x", 0x1p53}}));  // 2^53 + 1 is no double
  EXPECT_TRUE(matches("x > -2 and x < -1", {{"x", -1.5}}));
  EXPECT_TRUE(matches("x < 1e300 and x > -1e300", {{"x", kUint}}));
  EXPECT_TRUE(
      matches("x > 18446744073709551615", {{"x", std::numeric_limits<double>::infinity()}}));
  EXPECT_TRUE(matches("x = 0.5 and x = +.5 and x = 5e-1", {{"x", 0.5F}}));
  EXPECT_FALSE(matches("x = 0.1", {{"x", 0.1F}}));  // the float is 0.100000001490116...
}

TEST(ExpressionTest, ComparesFieldsWithEachOther) {
  EXPECT_TRUE(matches("x > y", {{"x", 2}, {"y", 1.5}}));
  EXPECT_TRUE(matches("3 > x", {{"x", 2}}));
  EXPECT_TRUE(matches("3 <= x", {{"x", 3}}));
  EXPECT_TRUE(matches("x != x", {{"x", std::nan("")}}));
  EXPECT_FALSE(matches("x = y", {{"x", 2}}));
  EXPECT_TRUE(matches("x between y and 3", {{"x", 2}, {"y", 1}}));
}

TEST(ExpressionTest, FindsFieldsByDottedAndByQuotedNames) {
  const Fields nested = {{"pose", Fields{{"position", Fields{{"x", 2}}}, {"a.b", 3}, {"c\"d", 4}}},
                         {"and", 5},
                         {"höhe", 6},
                         {"pose.z", 7}};
  EXPECT_TRUE(matches("pose.position.x = 2", nested));
  EXPECT_TRUE(matches("pose.a.b = 3", nested));
  EXPECT_TRUE(matches("pose.\"a.b\" = 3", nested));
  EXPECT_TRUE(matches(R"(pose."c""d" = 4)", nested));
  EXPECT_TRUE(matches("\"and\" = 5 and höhe = 6 and pose.z = 7", nested));
  EXPECT_TRUE(matches("pose.position.y is null and pose.position is not null", nested));
  EXPECT_THAT(Expression::parse("b = 1 or a.x > b or _ts > 1 and \"odd name\" is null")->fields(),
              ElementsAre("b", "a.x", "odd name"));
}

TEST(ExpressionTest, OfAListOneValueIsNamedByItsPlaceFromZeroOn) {
  const Fields fields = {
      {"arm", Fields{{"position", Array{0.5, 2, "up", Value(), true, Array{7}}}}},
      {"x", 2},
      {"odd[0]", Array{8, 9}},
      {"bytes", Binary{"12"}}};
  EXPECT_TRUE(matches("arm.position[0] = 0.5 and arm.position[1] = x", fields));
  EXPECT_TRUE(matches("arm.position[2] starts 'u' and arm.position[4] = true", fields));
  EXPECT_TRUE(matches("0 < arm.position[0] and \"odd[0]\"[1] = 9", fields));
  EXPECT_TRUE(matches("arm.position[3] is null and arm.position[6] is null", fields));
  EXPECT_TRUE(matches("x[0] is null and bytes[0] is null and gone[0] is null", fields));
  EXPECT_TRUE(matches("arm.position[5] is not null", fields));
  EXPECT_EQ(truth("arm.position[6] = 1", fields), '?');
  EXPECT_EQ(truth("arm.position[2] > 1", fields), '?');
  EXPECT_THAT(Expression::parse("q[1] > 2 or q[0] = q[2]")->fields(), ElementsAre("q"));
}

TEST(ExpressionTest, WhatIsNoPlaceInAListSaysHowOneIsWritten) {
  for (const char* text : {"q[", "q[]", "q[-1]", "q[x]", "q[1:2]", "q[*]", "q[0", "q[1.0]"})
    EXPECT_EQ(fault(std::string(text) + " = 1"),
              "of a list one value is written position[0], the first, at character 2");
  EXPECT_EQ(fault("q[0].x = 1"), "of a value of a list no part is named, at character 5");
  EXPECT_EQ(fault("q[0][1] = 1"), "of a value of a list no part is named, at character 5");
  EXPECT_EQ(fault("_ts[0] > 1"), "'_ts' is no list at character 1");
  EXPECT_THAT(fault("pose.* > 1"), HasSubstr("there are no patterns of fields"));
}

TEST(ExpressionTest, WhatIsNoSingleValueIsThereAndComparesWithNothing) {
  const Fields fields = {{"list", Array{1, 2}}, {"bytes", Binary{"1"}}, {"map", Fields{{"x", 1}}}};
  for (const char* name : {"list", "bytes", "map"}) {
    EXPECT_EQ(truth(std::string(name) + " = 1", fields), '?');
    EXPECT_EQ(truth(std::string(name) + " is null", fields), 'F');
  }
}

TEST(ExpressionTest, TheStampComparesAsKeyWithSecondsAndWithIsoTimes) {
  EXPECT_TRUE(matches("_ts = 100.5 and _ts in (1, 100.5) and _ts is not null", {}));
  EXPECT_TRUE(matches("_ts > 100 and 101 > _ts and _ts between 100.5 and 100.5", {}));
  EXPECT_TRUE(matches("_ts > '1970-01-01T00:01:40Z' and _ts < '1970-01-01T00:01:41Z'", {}));
  EXPECT_TRUE(matches("_ts = 0.0000000001", {}, 0.0));  // one key
  EXPECT_TRUE(matches("_ts > sent", {{"sent", 100.25}}));
  EXPECT_TRUE(matches("sent < _ts", {{"sent", 100}}));
}

TEST(ExpressionTest, GivesTheRangeOfStampsThatMayMatch) {
  const std::int64_t two = at(2.0).ns();
  const std::int64_t five = at(5.0).ns();
  const auto expect = [](const std::string& text, std::int64_t first, std::int64_t last) {
    EXPECT_EQ(range(text).first, first) << text;
    EXPECT_EQ(range(text).last, last) << text;
  };
  constexpr TimeRange kAll = TimeRange::all();
  expect("_ts >= 2 and _ts < 5", two, five - 1);
  expect("2 < _ts and 5 >= _ts and ax > 3", two + 1, five);
  expect("_ts between 2 and 5", two, five);
  expect("_ts = 2 or _ts in (4, 5)", two, five);
  expect("not (_ts < 2 or _ts > 5)", two, five);
  expect("not (_ts != 2)", two, two);
  expect("_ts > 2 or ax > 3", kAll.first, kAll.last);
  expect("ax > 3", kAll.first, kAll.last);
  expect("_ts > ax", kAll.first, kAll.last);
  expect("_ts not between 2 and 5", kAll.first, kAll.last);
  expect("_ts <= 5 and not _ts >= 5", kAll.first, five - 1);
  EXPECT_TRUE(range("_ts > 5 and _ts < 2").empty());
  EXPECT_TRUE(range("_ts is null").empty());
  EXPECT_TRUE(range("_ts is null or _ts = 2").contains(two));
}

TEST(ExpressionTest, WhatIsNoExpressionIsAnErrorWithItsPlace) {
  EXPECT_EQ(fault(""), "a field or a value is expected, not the end, at character 1");
  EXPECT_EQ(fault("ax >"), "a field or a value is expected, not the end, at character 5");
  EXPECT_EQ(fault("ä >> 3"), "a field or a value is expected, not '>', at character 4");
  EXPECT_EQ(fault("ax"), "a comparison is expected, not the end, at character 3");
  EXPECT_EQ(fault("ax > 3 bx < 2"), "'and', 'or' or the end is expected, not 'bx', at character 8");
  EXPECT_EQ(fault("1 < ax < 3"), "'and', 'or' or the end is expected, not '<', at character 8");
  EXPECT_EQ(fault("(ax > 3"), "')' is expected, not the end, at character 8");
  EXPECT_EQ(fault("ax > 3)"), "'and', 'or' or the end is expected, not ')', at character 7");
  EXPECT_EQ(fault("ax = null"), "nothing equals null: write 'is null' at character 6");
  EXPECT_EQ(fault("ax between 1 or 2"), "'and' is expected, not 'or', at character 14");
  EXPECT_EQ(fault("ax in ()"), "a field or a value is expected, not ')', at character 8");
  EXPECT_EQ(fault("ax = 'open"), "the quote ' is never closed, begun at character 6");
  EXPECT_EQ(fault("ax. > 1"), "a name ends in '.' at character 4");
  EXPECT_EQ(fault("ax > 3m"), "'3m' is no number at character 6");
  EXPECT_EQ(fault("ax + 1 > 3"), "'+' is no number at character 4");
  EXPECT_EQ(fault("ax > 1e999"), "'1e999' is no number at character 6");
  EXPECT_EQ(fault("ax ; 3"), "';' means nothing at character 4");
  EXPECT_EQ(fault("1 = 1"), "a test of no field at character 1");
  EXPECT_EQ(fault("_ts > 'noon'"), "'_ts' is compared with what is no time at character 7");
  EXPECT_EQ(fault("true = _ts"), "'_ts' is compared with what is no time at character 1");
  EXPECT_EQ(fault("_ts starts 'a'"), "'_ts' is no text at character 12");
  EXPECT_THAT(fault("x = 1 or _seq > 3"), HasSubstr("not '_seq', at character 10"));
  EXPECT_THAT(fault("name contains 3"), HasSubstr("is expected, not '3', at character 15"));
}

TEST(ExpressionTest, BoundsWhatItTakes) {
  const std::string open(Expression::kDepthMax, '(');
  const std::string close(Expression::kDepthMax, ')');
  EXPECT_TRUE(matches(open + "x = 1" + close, {{"x", 1}}));
  EXPECT_THAT(fault("(" + open + "x = 1" + close + ")"), HasSubstr("inside each other"));
  EXPECT_THAT(fault(std::string(60'000, '(')), HasSubstr("inside each other"));
  EXPECT_THAT(fault(std::string(Expression::kBytesMax + 1, ' ')), HasSubstr("65537"));
  std::string chain = "x = 0";
  for (int n = 1; n < 5'000; ++n) chain += " or x = " + std::to_string(n);
  EXPECT_TRUE(matches(chain, {{"x", 4'999}}));
}

TEST(TrackExpressionTest, SaysTheTrackBeforeTheFirstColon) {
  const TrackExpression one = TrackExpression::parse("robot/imu: ax > 3").value();
  EXPECT_EQ(one.track.str(), "robot/imu");
  EXPECT_THAT(one.expression.fields(), ElementsAre("ax"));
  EXPECT_EQ(TrackExpression::parse("\"a:b\":x = ':'")->track.str(), "a:b");
}

TEST(TrackExpressionTest, CountsCharactersInTheWholeText) {
  const auto fault_of = [](const char* text) {
    return TrackExpression::parse(text).error().message;
  };
  EXPECT_EQ(fault_of("imu: ax >"), "a field or a value is expected, not the end, at character 10");
  EXPECT_EQ(fault_of("ax > 3"), "it names no track: give 'TRACK: EXPRESSION'");
  EXPECT_EQ(fault_of("\"imu\" ax > 3"), "it names no track: give 'TRACK: EXPRESSION'");
  EXPECT_THAT(fault_of("\"imu: ax > 3"), HasSubstr("never closed"));
  EXPECT_THAT(fault_of(": ax > 3"), HasSubstr("is empty"));
}

TEST(PointConditionTest, IsOfOneTrackWhereAColonOutsideOfQuotesSaysSo) {
  const std::string fields = encoded({{"ax", 4}, {"a:b", 4}});
  const MapBytes map = open_map(as_bytes(fields)).value();
  const auto is_true_of = [&](const char* text, const char* track) {
    return PointCondition::parse(text)->matches(track, map, Timestamp::from_ns(5));
  };
  EXPECT_TRUE(is_true_of("robot/imu: ax > 3", "robot/imu"));
  EXPECT_FALSE(is_true_of("robot/imu: ax > 3", "robot/arm"));
  EXPECT_FALSE(is_true_of("robot/imu: ax > 5", "robot/imu"));
  EXPECT_EQ(PointCondition::parse("mode = 'a:b' or \"a:b\" > 3")->track, std::nullopt);
  EXPECT_TRUE(is_true_of("\"a:b\" > 3", "any"));
  EXPECT_TRUE(is_true_of("\"a:b\": ax > 3", "a:b"));
  EXPECT_EQ(PointCondition::parse("imu: ax > 3")->text, "imu: ax > 3");
}

TEST(PointConditionTest, WhatIsNeitherIsAnError) {
  for (const char* text :
       {"", "ax >", "imu:", ": ax > 3", "imu: ax >", "\"imu: ax > 3", "a//b: x = 1"})
    EXPECT_FALSE(PointCondition::parse(text)) << text;
}

}  // namespace
}  // namespace zbag
