#include "schemas/frame.hpp"

#include <gmock/gmock.h>

#include <bit>
#include <limits>

#include "schemas/json_text.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/random_fields.hpp"

namespace zbag {
namespace {

using std::string_literals::operator""s;
using testing::HasSubstr;

Fields decoded(std::string_view bytes) { return decode_fields(as_bytes(bytes)).value(); }

Fields round_trip(const Fields& fields) { return decoded(encoded(fields)); }

std::string refusal_of(std::string_view hex_bytes) {
  const std::string bytes = from_hex(hex_bytes);
  const Result<Fields> fields = decode_fields(as_bytes(bytes));
  return fields ? "accepted" : fields.error().message;
}

// S0.3: bit-exact round trip of every type.
TEST(FrameTest, RoundTripsEveryType) {
  const Fields fields{{"nil", nullptr},
                      {"yes", true},
                      {"no", false},
                      {"int", -5},
                      {"uint", 7},
                      {"float32", 0.1f},
                      {"float64", 0.1},
                      {"str", "caméra 位置"},
                      {"empty", ""},
                      {"bin", Binary{std::string(1 << 20, '\xab')}},
                      {"ext", Extension{-7, "\x01\x02\x03"}},
                      {"array", Array{1, "two", 3.0, nullptr, Array{}}},
                      {"map", Fields{{"camera", Fields{{"pos", Array{1.0, 2.0}}}}}}};
  EXPECT_EQ(round_trip(fields), fields);
}

TEST(FrameTest, RoundTripsTheEndsOfTheIntegers) {
  const Fields fields{{"a", std::numeric_limits<std::uint64_t>::max()},
                      {"b", std::numeric_limits<std::int64_t>::min()},
                      {"c", std::numeric_limits<std::int64_t>::max()},
                      {"d", -1},
                      {"e", -32},
                      {"f", -33},
                      {"g", 127},
                      {"h", 128},
                      {"i", 0}};
  EXPECT_EQ(round_trip(fields), fields);
}

TEST(FrameTest, KeepsTheBitsOfNaN) {
  const double quiet = std::bit_cast<double>(0x7ff8dead'beef0001ULL);
  const double negative = std::bit_cast<double>(0xfff8000000000001ULL);
  const float single = std::bit_cast<float>(0x7fc0beefU);
  const Fields fields{{"a", quiet}, {"b", negative}, {"c", single}};
  EXPECT_EQ(round_trip(fields), fields);
}

TEST(FrameTest, KeepsNegativeZero) {
  const Fields fields = round_trip({{"a", -0.0}, {"b", -0.0f}});
  EXPECT_EQ(fields[0].second, Value(-0.0));
  EXPECT_NE(fields[0].second, Value(0.0));
  EXPECT_EQ(fields[1].second, Value(-0.0f));
}

// Some packers make the integer 2 of 2.0.
TEST(FrameTest, KeepsAWholeFloatAFloat) {
  const Fields fields = round_trip({{"a", 2.0}, {"b", 2.0f}});
  EXPECT_STREQ(fields[0].second.type_name(), "float64");
  EXPECT_STREQ(fields[1].second.type_name(), "float32");
}

TEST(FrameTest, KeepsFloat32AndFloat64Apart) {
  EXPECT_EQ(encoded({{"a", 1.0f}}), from_hex("81 a161 ca 3f800000"));
  EXPECT_EQ(encoded({{"a", 1.0}}), from_hex("81 a161 cb 3ff0000000000000"));
}

TEST(FrameTest, RoundTripsExtOfEverySize) {
  Fields fields;
  for (const std::size_t size : {0, 1, 2, 3, 4, 8, 15, 16, 17, 255, 256, 70'000}) {
    fields.emplace_back(std::to_string(size), Extension{42, std::string(size, 'x')});
  }
  EXPECT_EQ(round_trip(fields), fields);
}

TEST(FrameTest, RoundTripsStrAndBinOfEverySize) {
  Fields fields;
  for (const std::size_t size : {0, 31, 32, 255, 256, 65'535, 65'536}) {
    fields.emplace_back("s" + std::to_string(size), std::string(size, 'x'));
    fields.emplace_back("b" + std::to_string(size), Binary{std::string(size, 'x')});
  }
  EXPECT_EQ(round_trip(fields), fields);
}

TEST(FrameTest, RoundTripsMapsAndArraysOfEverySize) {
  Fields fields;
  for (const std::size_t size : {0, 15, 16, 65'535, 65'536}) {
    fields.emplace_back("a" + std::to_string(size), Array(size, Value(1)));
  }
  Fields wide;
  for (int i = 0; i < 70'000; ++i) wide.emplace_back("k" + std::to_string(i), i);
  fields.emplace_back("m", wide);
  EXPECT_EQ(round_trip(fields), fields);
}

TEST(FrameTest, RoundTripsRandomFields) {
  RandomFields random(1);
  for (int i = 0; i < 2'000; ++i) {
    const Fields fields = random.fields(12);
    EXPECT_EQ(round_trip(fields), fields);
  }
}

TEST(FrameTest, ReadsIntegersOfEveryWidthAlike) {
  EXPECT_EQ(decoded(from_hex("81 a161 cf 0000000000000005")), (Fields{{"a", 5}}));
  EXPECT_EQ(decoded(from_hex("81 a161 d3 0000000000000005")), (Fields{{"a", 5}}));
  EXPECT_EQ(decoded(from_hex("81 a161 d1 fffe")), (Fields{{"a", -2}}));
}

TEST(FrameTest, AnAbsentFieldIsNotANilField) {
  const Fields fields = round_trip({{"a", nullptr}});
  EXPECT_NE(find_field(fields, "a"), nullptr);
  EXPECT_EQ(find_field(fields, "b"), nullptr);
}

// wire.md, Message: the names of what breaks a rule.
TEST(FrameTest, RefusesByTheReasonsName) {
  EXPECT_THAT(refusal_of("93 01 02 03"), HasSubstr("not_a_map"));
  EXPECT_THAT(refusal_of("81 a161 01 00"), HasSubstr("trailing_bytes"));
  EXPECT_THAT(refusal_of("82 a161 01 a161 02"), HasSubstr("duplicate_key"));
  EXPECT_THAT(refusal_of("81 a161"), HasSubstr("truncated"));
  EXPECT_THAT(refusal_of(""), HasSubstr("truncated"));
  EXPECT_THAT(refusal_of("81 01 01"), HasSubstr("bad_key"));
  EXPECT_THAT(refusal_of("81 a161 c1"), HasSubstr("bad_type"));
}

TEST(FrameTest, RefusesWhatIsTooDeep) {
  const std::string bytes = from_hex("81 a161") + std::string(100, '\x91') + "\x01";
  EXPECT_THAT(decode_fields(as_bytes(bytes)).error().message, HasSubstr("too_deep"));
}

TEST(FrameTest, RefusesWhatIsTooLarge) {
  const std::string bytes(kFrameBytesMax + 1, '\x80');
  EXPECT_THAT(decode_fields(as_bytes(bytes)).error().message, HasSubstr("too_large"));
}

// A stamp that is no time does not hinder decoding: `_ts` is not looked at here.
TEST(FrameTest, DecodesAFrameWhoseStampIsNoTime) {
  EXPECT_EQ(decoded(from_hex("81 a35f7473 c0")), (Fields{{"_ts", nullptr}}));
}

// A bad stamp may not switch the other checks off: what follows it is a stranger's, too.
TEST(FrameTest, RefusesWhatIsBrokenBehindABadStamp) {
  const std::string stamp = "82 a35f7473 c0 ";
  const std::string deep = from_hex(stamp + "a161") + std::string(100, '\x91') + "\xc0";
  EXPECT_THAT(refusal_of(stamp + "a161 dc ffff 01"), HasSubstr("truncated"));
  EXPECT_THAT(refusal_of(stamp + "a161 01 00"), HasSubstr("trailing_bytes"));
  EXPECT_THAT(refusal_of(stamp + "a35f7473 01"), HasSubstr("duplicate_key"));
  EXPECT_THAT(refusal_of(stamp + "01 01"), HasSubstr("bad_key"));
  EXPECT_THAT(refusal_of(hex(deep)), HasSubstr("too_deep"));
}

TEST(FrameTest, EncodesTheReservedFieldsFirst) {
  std::string out = "what was there";
  const FieldView fields[] = {{"q", 1.5}, {"n", -1}};
  encode_frame({Timestamp::from_seconds(2.0).value(), 7, 9}, fields, out);
  const Fields expected{{"_ts", 2.0}, {"_seq", 7}, {"_src", 9}, {"q", 1.5}, {"n", -1}};
  EXPECT_EQ(decoded(out), expected);
}

TEST(FrameTest, EncodesViewsValuesAndBytesAlike) {
  const std::string name = "jpeg";
  const Binary jpeg{"\xff\xd8"};
  const std::vector<double> q{1.0, -0.0};
  const Value nested(Fields{{"x", 1}});
  const FieldView views[] = {{"nil", nullptr}, {"b", true},   {"d", 2.0},  {"f", 2.0f},
                             {"s", name},      {"c", "text"}, {"j", jpeg}, {"q", q},
                             {"v", nested},    {"i", -3},     {"u", 3u}};
  const Fields fields{{"nil", nullptr}, {"b", true},   {"d", 2.0},  {"f", 2.0f},
                      {"s", name},      {"c", "text"}, {"j", jpeg}, {"q", q},
                      {"v", nested},    {"i", -3},     {"u", 3}};
  const FrameHead head{Timestamp::from_seconds(1.5).value(), 1, 2};
  std::string from_views;
  std::string from_fields;
  std::string from_bytes;
  const std::string map = encoded(fields);
  encode_frame(head, views, from_views);
  encode_frame(head, fields, from_fields);
  encode_frame(head, open_map(as_bytes(map)).value(), from_bytes);
  EXPECT_EQ(from_views, from_fields);
  EXPECT_EQ(from_bytes, from_fields);
}

TEST(FrameTest, CopiesAViewIntoAValueOfTheSameType) {
  EXPECT_EQ(ValueView(2.0).to_value(), Value(2.0));
  EXPECT_EQ(ValueView(2.0f).to_value(), Value(2.0f));
  EXPECT_EQ(ValueView(-2).to_value(), Value(-2));
  EXPECT_EQ(ValueView(2u).to_value(), Value(2));
  EXPECT_EQ(ValueView(nullptr).to_value(), Value());
  EXPECT_EQ(ValueView(false).to_value(), Value(false));
  EXPECT_EQ(ValueView("x").to_value(), Value("x"));
  EXPECT_EQ(ValueView(std::vector<double>{1.0}).to_value(), Value(Array{1.0}));
}

// S0.11, D1: shallow, the later value of a field wins.
TEST(MergeFieldsTest, AddsFieldsInArrivalOrder) {
  Fields fields{{"q", 1}};
  EXPECT_EQ(merge_fields(fields, {{"v", 2}, {"a", 3}}, false), 0u);
  EXPECT_EQ(fields, (Fields{{"q", 1}, {"v", 2}, {"a", 3}}));
}

TEST(MergeFieldsTest, LetsTheLaterValueWinAndCountsIt) {
  Fields fields{{"q", 1}, {"v", 2}};
  EXPECT_EQ(merge_fields(fields, {{"q", 9}, {"v", 2}}, false), 1u);
  EXPECT_EQ(fields, (Fields{{"q", 9}, {"v", 2}}));
}

TEST(MergeFieldsTest, LetsALaterNilWin) {
  Fields fields{{"q", 1}};
  EXPECT_EQ(merge_fields(fields, {{"q", nullptr}}, false), 1u);
  EXPECT_EQ(fields, (Fields{{"q", nullptr}}));
}

// D2: nested={a:{b:1},k:5} then nested={a:{c:2}} gives only nested.a.c.
TEST(MergeFieldsTest, ReplacesAWholeMapWhenShallow) {
  Fields fields{{"nested", Fields{{"a", Fields{{"b", 1}}}, {"k", 5}}}};
  EXPECT_EQ(merge_fields(fields, {{"nested", Fields{{"a", Fields{{"c", 2}}}}}}, false), 1u);
  EXPECT_EQ(fields, (Fields{{"nested", Fields{{"a", Fields{{"c", 2}}}}}}));
}

TEST(MergeFieldsTest, MergesNestedMapsWhenDeep) {
  Fields fields{{"nested", Fields{{"a", Fields{{"b", 1}}}, {"k", 5}}}};
  EXPECT_EQ(merge_fields(fields, {{"nested", Fields{{"a", Fields{{"c", 2}}}}}}, true), 0u);
  EXPECT_EQ(fields, (Fields{{"nested", Fields{{"a", Fields{{"b", 1}, {"c", 2}}}, {"k", 5}}}}));
}

TEST(MergeFieldsTest, ReplacesAMapByAScalarWhenDeep) {
  Fields fields{{"a", Fields{{"b", 1}}}};
  EXPECT_EQ(merge_fields(fields, {{"a", 3}}, true), 1u);
  EXPECT_EQ(fields, (Fields{{"a", 3}}));
}

TEST(ValueTest, ComparesFloatsByTheirBits) {
  EXPECT_EQ(Value(std::numeric_limits<double>::quiet_NaN()),
            Value(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_NE(Value(0.0), Value(-0.0));
  EXPECT_NE(Value(1), Value(1.0));
  EXPECT_NE(Value(1.0f), Value(1.0));
}

TEST(ValueTest, NamesItsType) {
  EXPECT_STREQ(Value().type_name(), "nil");
  EXPECT_STREQ(Value(1).type_name(), "int");
  EXPECT_STREQ(Value(-1).type_name(), "int");
  EXPECT_STREQ(Value(Binary{}).type_name(), "bin");
  EXPECT_STREQ(Value(Extension{}).type_name(), "ext");
  EXPECT_STREQ(Value(Array{}).type_name(), "array");
  EXPECT_STREQ(Value(Fields{}).type_name(), "map");
}

}  // namespace
}  // namespace zbag
