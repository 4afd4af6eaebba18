#include "schemas/json_text.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "schemas/track_name.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/random_fields.hpp"

namespace zbag {
namespace {

using std::string_literals::operator""s;

std::string json(const Value& value, JsonDialect dialect = JsonDialect::kPlain) {
  std::string out;
  write_json(value, out, dialect);
  return out;
}

std::string members(const Fields& fields, JsonDialect dialect = JsonDialect::kPlain) {
  std::string out;
  const std::string map = encoded(fields);
  write_json_members(open_map(as_bytes(map)).value(), out, dialect);
  return out;
}

// The rules of `cat` (cli.md, Bags).
TEST(JsonTextTest, WritesNaNAsNullAndInfinitiesAsText) {
  EXPECT_EQ(json(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(json(std::numeric_limits<double>::infinity()), "\"inf\"");
  EXPECT_EQ(json(-std::numeric_limits<double>::infinity()), "\"-inf\"");
  EXPECT_EQ(json(std::numeric_limits<float>::quiet_NaN()), "null");
  EXPECT_EQ(json(-std::numeric_limits<float>::infinity()), "\"-inf\"");
}

TEST(JsonTextTest, WritesFloat32AsItsExactDouble) { EXPECT_EQ(json(0.1f), "0.10000000149011612"); }

TEST(JsonTextTest, ShowsThatAFloatIsOne) {
  EXPECT_EQ(json(2.0), "2.0");
  EXPECT_EQ(json(-0.0), "-0.0");
  EXPECT_EQ(json(3.0f), "3.0");
  EXPECT_EQ(json(1e22), "1e+22");
}

TEST(JsonTextTest, WritesTheShortestTextThatReadsBack) {
  EXPECT_EQ(json(0.1), "0.1");
  EXPECT_EQ(json(1795202544.4515257), "1795202544.4515257");
}

// S0.32: huge ints.
TEST(JsonTextTest, WritesIntegersInFull) {
  EXPECT_EQ(json(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
}

TEST(JsonTextTest, WritesBoolAndNil) {
  EXPECT_EQ(json(true), "true");
  EXPECT_EQ(json(false), "false");
  EXPECT_EQ(json(Value()), "null");
}

// S0.4
TEST(JsonTextTest, WritesBinAsBase64) { EXPECT_EQ(json(Binary{"\xff\xd8\xff"}), "\"/9j/\""); }

TEST(JsonTextTest, WritesExtWithItsType) {
  EXPECT_EQ(json(Extension{-5, "ab"}), R"({"$ext":-5,"$bin":"YWI="})");
}

TEST(JsonTextTest, WritesAStrThatIsNotUtf8AsBin) { EXPECT_EQ(json("a\xff"), R"({"$bin":"Yf8="})"); }

TEST(JsonTextTest, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(json("a\"b\\c\nd\te\x01\x7f"s), R"("a\"b\\c\nd\te\u0001\u007f")");
  EXPECT_EQ(json("a\0b"s), R"("a\u0000b")");
  EXPECT_EQ(json("a\u0080\u009b5m\u00a0"s), "\"a\\u0080\\u009b5m\u00a0\"");
}

TEST(JsonTextTest, KeepsUnicodeAsItIs) { EXPECT_EQ(json("caméra 位置"), "\"caméra 位置\""); }

TEST(JsonTextTest, WritesNestedValues) {
  const Value value(Fields{{"a", Array{1, 2.5, Value()}}, {"b", Fields{}}, {"c", Array{}}});
  EXPECT_EQ(json(value), R"({"a":[1,2.5,null],"b":{},"c":[]})");
}

TEST(JsonTextTest, WritesMembersWithoutBraces) {
  EXPECT_EQ(members({{"a", 1}, {"b", Array{2.0}}}), R"("a":1,"b":[2.0])");
  EXPECT_EQ(members({}), "");
}

TEST(JsonTextTest, WritesANameThatIsNotUtf8Escaped) {
  EXPECT_EQ(members({{"a\xff", 1}}), R"("$hex:61ff":1)");
  EXPECT_EQ(members({{"a\xff", Binary{"b"}}}, JsonDialect::kNeutral), R"("$hex:61ff_hex":"62")");
}

// A bin field X beside a field X_hex, which it would be written as.
TEST(JsonTextTest, WritesNoNameTwiceForAFieldThatIsBytes) {
  const Fields fields{{"a", Binary{"b"}}, {"a_hex", "01"}};
  const char* const written = R"("a":{"$bin":"Yg=="},"a_hex":{"$str":"01"})";
  EXPECT_EQ(members(fields, JsonDialect::kNeutral), written);
  EXPECT_EQ(members({{"m", fields}}, JsonDialect::kNeutral),
            std::string(R"("m":{)") + written + "}");
  EXPECT_EQ(members({{"a", Binary{"b"}}, {"b_hex", 1}}, JsonDialect::kNeutral),
            R"("a_hex":"62","b_hex":1)");
}

TEST(JsonTextTest, MarksAKeyThatWouldMakeAMapAWord) {
  EXPECT_EQ(members({{"m", Fields{{"$bin", "AA=="}}}}), R"("m":{"$$bin":"AA=="})");
}

// Two names that are not one must not become one.
TEST(MemberNameTest, ComesBackInBothDialects) {
  const std::string long_name(90, '\xff');
  for (const std::string& name : {"a"s, ""s, "$"s, "$nil"s, "$$x"s, "$hex:61"s, "$$hex:61"s,
                                  "hex:61"s, "a\xff"s, "\xff"s, "a\0b"s, "$bin"s, "$$bin"s, "$ext"s,
                                  "$binary"s, long_name + "a", long_name + "b", "caf\u00e9"s}) {
    for (const JsonDialect dialect : {JsonDialect::kPlain, JsonDialect::kNeutral}) {
      const std::string member = member_name(name, dialect);
      EXPECT_TRUE(is_utf8(member));
      EXPECT_EQ(name_of_member(member, dialect), name);
    }
  }
}

TEST(MemberNameTest, StaysWhatPeopleReadWhereItCan) {
  EXPECT_EQ(member_name("$ref", JsonDialect::kPlain), "$ref");
  EXPECT_EQ(member_name("$ref", JsonDialect::kNeutral), "$$ref");
}

TEST(MemberNameTest, IsNoneWhereTheHexIsNone) {
  EXPECT_EQ(name_of_member("$hex:6", JsonDialect::kPlain), std::nullopt);
  EXPECT_EQ(name_of_member("$hex:zz", JsonDialect::kNeutral), std::nullopt);
}

TEST(EscapedNameTest, LeavesAWordToTheLineAndComesBack) {
  EXPECT_EQ(escaped_name("track", "track"), "track_");
  EXPECT_EQ(escaped_name("track_", "track"), "track__");
  EXPECT_EQ(escaped_name("track_id", "track"), "track_id");
  EXPECT_EQ(escaped_name("rack", "track"), "rack");
  for (const char* name : {"track", "track_", "track__", "tracks", "", "_", "track_id"})
    EXPECT_EQ(unescaped_name(escaped_name(name, "track"), "track"), name);
}

// Of bytes: no value is built, and what has been written may be taken away meanwhile.
TEST(JsonItemTest, IsWrittenInPieces) {
  std::string bytes;
  encode_value(Value(Array(100'000, Value(1.5))), bytes);
  std::string out;
  std::string all;
  std::size_t largest = 0;
  write_json_item({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, out,
                  JsonDialect::kPlain, [&] {
                    largest = std::max(largest, out.size());
                    all += out;
                    out.clear();
                  });
  all += out;
  EXPECT_EQ(all, json(Value(Array(100'000, Value(1.5)))));
  EXPECT_LT(largest, 70'000u);
}

// The neutral dialect: nil is not NaN, a bin field X is X_hex.
TEST(JsonTextTest, KeepsNilApartFromNaNInTheNeutralDialect) {
  EXPECT_EQ(json(Value(), JsonDialect::kNeutral), R"({"$nil":true})");
  EXPECT_EQ(json(std::numeric_limits<double>::quiet_NaN(), JsonDialect::kNeutral), "null");
}

TEST(JsonTextTest, WritesABinFieldAsHexInTheNeutralDialect) {
  EXPECT_EQ(members({{"jpeg", Binary{"\xff\xd8"}}}, JsonDialect::kNeutral), R"("jpeg_hex":"ffd8")");
}

TEST(JsonTextTest, WritesABinInsideAnArrayAsAnObjectInTheNeutralDialect) {
  EXPECT_EQ(json(Array{Binary{"ab"}}, JsonDialect::kNeutral), R"([{"$bin":"YWI="}])");
}

TEST(Base64Test, PadsAsRfc4648) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Base64Test, ReadsBackWhatItWrote) {
  RandomFields random(11);
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string bytes = random.bytes(size);
    EXPECT_EQ(unbase64(base64(bytes)), bytes);
  }
}

TEST(Base64Test, RefusesWhatIsNone) {
  EXPECT_EQ(unbase64("Zg="), std::nullopt);
  EXPECT_EQ(unbase64("Zg"), std::nullopt);
  EXPECT_EQ(unbase64("Z==="), std::nullopt);
  EXPECT_EQ(unbase64("Zg=a"), std::nullopt);
  EXPECT_EQ(unbase64("Zg==Zg=="), std::nullopt);
  EXPECT_EQ(unbase64("Zm 9"), std::nullopt);
  EXPECT_EQ(unbase64("===="), std::nullopt);
}

TEST(HexTest, ReadsBackWhatItWrote) {
  RandomFields random(12);
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string bytes = random.bytes(size);
    EXPECT_EQ(unhex(hex(bytes)), bytes);
  }
}

TEST(HexTest, TakesBothCases) { EXPECT_EQ(unhex("fFD8"), "\xff\xd8"); }

TEST(HexTest, RefusesWhatIsNone) {
  EXPECT_EQ(unhex("f"), std::nullopt);
  EXPECT_EQ(unhex("0g"), std::nullopt);
  EXPECT_EQ(unhex(" 0"), std::nullopt);
}

}  // namespace
}  // namespace zbag
