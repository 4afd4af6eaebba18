#include "player/imports/neutral_file.hpp"

#include <gmock/gmock.h>
#include <lzma.h>
#include <sys/stat.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "tests/support/bytes.hpp"
#include "tests/support/random_fields.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

// One xz stream of `text`.
std::string xz(const std::string& text) {
  std::string out(text.size() + 1'000, '\0');
  std::size_t used = 0;
  const lzma_ret rc = lzma_easy_buffer_encode(
      0, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
      reinterpret_cast<std::uint8_t*>(out.data()), &used, out.size());
  ZBAG_CHECK(rc == LZMA_OK);
  out.resize(used);
  return out;
}

class NeutralFileTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path(name), std::ios::binary) << text;
    return dir_.path(name);
  }
  NeutralReader open(const std::string& text, const std::string& name = "in.jsonl") {
    return NeutralReader::open(write(name, text)).value();
  }
  // The fields of one line with these members in "fields".
  Fields fields(const std::string& members) {
    return open(line(members)).next().value().value().fields;
  }
  std::string error_of(const std::string& text) {
    NeutralReader reader = open(text);
    const auto frame = reader.next();
    EXPECT_FALSE(frame);
    return frame ? "accepted" : frame.error().message;
  }
  static std::string line(const std::string& members, const std::string& ts = "1.5") {
    return R"({"track":"a","_ts":)" + ts + R"(,"fields":{)" + members + "}}\n";
  }

  static std::string line_of(std::string_view track, double seconds, const Fields& fields) {
    const std::string map = encoded(fields);
    std::string text;
    write_neutral_line(track, Timestamp::from_seconds(seconds).value(),
                       open_map(as_bytes(map)).value(), text, {});
    return text;
  }

  TempDir dir_;
};

TEST_F(NeutralFileTest, ReadsTrackStampAndFields) {
  NeutralReader reader =
      open(R"({"track":"imu/0","_ts":1403715273.262142976,"fields":{"a":1,"b":"x"}})");
  const NeutralFrame frame = reader.next().value().value();
  EXPECT_EQ(frame.track, "imu/0");
  EXPECT_EQ(frame.stamp.seconds(), 1403715273.262142976);
  EXPECT_EQ(frame.fields, (Fields{{"a", 1}, {"b", "x"}}));
  EXPECT_EQ(reader.next().value(), std::nullopt);
}

// cli.md, pub: null anywhere is a float64 NaN.
TEST_F(NeutralFileTest, ReadsNullAsNaN) {
  const Value nan(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(fields(R"("a":null,"b":[1.0,null],"c":{"d":null})"),
            (Fields{{"a", nan}, {"b", Array{1.0, nan}}, {"c", Fields{{"d", nan}}}}));
}

TEST_F(NeutralFileTest, ReadsInfinities) {
  EXPECT_EQ(fields(R"("a":"inf","b":["-inf"])"),
            (Fields{{"a", HUGE_VAL}, {"b", Array{-HUGE_VAL}}}));
}

TEST_F(NeutralFileTest, ReadsHexAsBin) {
  EXPECT_EQ(
      fields(R"("can_hex":"00fFd8","n":{"x_hex":""})"),
      (Fields{{"can", Binary{std::string(1, '\0') + "\xff\xd8"}}, {"n", Fields{{"x", Binary{}}}}}));
}

TEST_F(NeutralFileTest, LeavesAnOtherwiseNamedHexAsItIs) {
  EXPECT_EQ(fields(R"("_hex":"ff","hex":"ff","a_hex":7)"),
            (Fields{{"_hex", "ff"}, {"hex", "ff"}, {"a_hex", 7}}));
}

TEST_F(NeutralFileTest, KeepsTypesAndOrder) {
  EXPECT_EQ(fields(R"("z":2.0,"a":2,"m":-2,"t":true,"s":"é")"),
            (Fields{{"z", 2.0}, {"a", 2}, {"m", -2}, {"t", true}, {"s", "é"}}));
}

TEST_F(NeutralFileTest, ReadsHugeIntegersInFull) {
  EXPECT_EQ(fields(R"("a":18446744073709551615,"b":-9223372036854775808)"),
            (Fields{{"a", std::numeric_limits<std::uint64_t>::max()},
                    {"b", std::numeric_limits<std::int64_t>::min()}}));
}

TEST_F(NeutralFileTest, ReadsWhatZbagItselfWrote) {
  EXPECT_EQ(fields(R"("n":{"$nil":true},"b":[{"$bin":"YWI="}],"e":{"$ext":-5,"$bin":"YWI="})"),
            (Fields{{"n", nullptr}, {"b", Array{Binary{"ab"}}}, {"e", Extension{-5, "ab"}}}));
}

TEST_F(NeutralFileTest, ReplacesADataFileByItsBytes) {
  write("blob.bin", "0123456789");
  EXPECT_EQ(fields(R"("w":1,"data_file":"blob.bin","h":2)"),
            (Fields{{"w", 1}, {"data", Binary{"0123456789"}}, {"h", 2}}));
}

TEST_F(NeutralFileTest, TakesAPartOfADataFile) {
  write("blob.bin", "0123456789");
  EXPECT_EQ(fields(R"("data_file":"blob.bin","data_offset":3,"data_len":4)"),
            (Fields{{"data", Binary{"3456"}}}));
  EXPECT_EQ(fields(R"("data_file":"blob.bin","data_offset":7)"), (Fields{{"data", Binary{"789"}}}));
}

// A recording of a stranger may not read files of ours.
TEST_F(NeutralFileTest, RefusesADataFileOutsideItsFolder) {
  write("secret", "x");
  for (const char* name : {"../secret", "a/../../secret", "/etc/passwd", ""}) {
    EXPECT_THAT(error_of(line(R"("data_file":")" + std::string(name) + "\"")),
                HasSubstr("data_file"));
  }
}

TEST_F(NeutralFileTest, RefusesADataFileThatIsShorterThanAsked) {
  write("blob.bin", "0123456789");
  EXPECT_THAT(error_of(line(R"("data_file":"blob.bin","data_offset":8,"data_len":3)")),
              HasSubstr("10 bytes"));
  EXPECT_THAT(error_of(line(R"("data_file":"blob.bin","data_offset":11)")), HasSubstr("10 bytes"));
  EXPECT_THAT(error_of(line(R"("data_file":"none.bin")")), HasSubstr("none.bin"));
}

TEST_F(NeutralFileTest, RefusesAPartOfADataFileThatIsNoWholeNumber) {
  write("blob.bin", "0123456789");
  for (const char* part : {R"("data_offset":3.0)", R"("data_offset":-3)", R"("data_len":"2")",
                           R"("data_len":null)", R"("data_len":-1)"}) {
    EXPECT_THAT(error_of(line(R"("data_file":"blob.bin",)" + std::string(part))),
                HasSubstr("is no whole number of bytes"))
        << part;
  }
}

class BadLineTest : public NeutralFileTest, public testing::WithParamInterface<const char*> {};

TEST_P(BadLineTest, IsAnErrorThatNamesFileAndLine) {
  NeutralReader reader = open(line("") + "\n" + GetParam() + "\n" + line(R"("after":1)"));
  ASSERT_TRUE(reader.next());
  const auto bad = reader.next();
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(bad.error().message, HasSubstr(dir_.path("in.jsonl") + ":3: "));
  EXPECT_EQ(reader.next().value().value().fields, (Fields{{"after", 1}}));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, BadLineTest,
    testing::Values(
        "{", "[]", "7", R"({"_ts":1,"fields":{}})", R"({"track":"a","fields":{}})",
        R"({"track":"a","_ts":1})", R"({"track":7,"_ts":1,"fields":{}})",
        R"({"track":"a","_ts":"1","fields":{}})", R"({"track":"a","_ts":null,"fields":{}})",
        R"({"track":"a","_ts":1e300,"fields":{}})", R"({"track":"a//b","_ts":1,"fields":{}})",
        R"({"track":"../a","_ts":1,"fields":{}})", R"({"track":"a","_ts":1,"fields":[]})",
        R"({"track":"a","_ts":1,"fields":{"x_hex":"0"}})",
        R"({"track":"a","_ts":1,"fields":{"x_hex":"zz"}})",
        R"({"track":"a","_ts":1,"fields":{"x":{"$bin":"*"}}})",
        R"({"track":"a","_ts":1,"fields":{"x":{"$ext":300,"$bin":"YWI="}}})",
        // two fields of one name would be refused as duplicate_key downstream
        R"({"track":"a","_ts":1,"fields":{"x":1,"x_hex":"00"}})",
        R"({"track":"a","_ts":1,"fields":{"data":1,"data_file":"in.jsonl"}})",
        "{\"track\":\"a\",\"_ts\":1,\"fields\":{\"x\":\"\xff\"}}"));

// Whatever the library would make of it in silence.
TEST_F(NeutralFileTest, RefusesByNameWhatJsonCanNotSay) {
  EXPECT_THAT(error_of(line(R"("a":1,"b":2,"a":3)")), HasSubstr("field a is there twice"));
  EXPECT_THAT(error_of(line(R"("m":{"a":1,"a":1})")), HasSubstr("field a is there twice"));
  EXPECT_THAT(error_of(R"({"track":"a","_ts":1,"_ts":2,"fields":{}})"), HasSubstr("there twice"));
  EXPECT_THAT(error_of(line(R"("a":123456789012345678901234567890)")),
              HasSubstr("the integer 123456789012345678901234567890 is beyond 64 bits"));
  EXPECT_THAT(error_of(line(R"("a":18446744073709551616)")), HasSubstr("beyond 64 bits"));
  EXPECT_THAT(error_of(line(R"("a":1e400)")), HasSubstr("1e400 is beyond float64"));
  EXPECT_THAT(error_of(line(R"("a":-1e400)")), HasSubstr("beyond float64"));
}

TEST_F(NeutralFileTest, ReadsWhatPythonWrites) {
  EXPECT_EQ(fields(R"("n":NaN,"i":Infinity,"m":-Infinity,"t":"NaN \"Infinity","l":[NaN, 1.5])"),
            (Fields{{"n", std::nan("")},
                    {"i", HUGE_VAL},
                    {"m", -HUGE_VAL},
                    {"t", "NaN \"Infinity"},
                    {"l", Array{std::nan(""), 1.5}}}));
}

TEST_F(NeutralFileTest, RefusesMoreValuesThanAFrameMayHave) {
  std::string values = "\"a\":[1";
  for (int i = 0; i < (1 << 20); ++i) values += ",1";
  EXPECT_THAT(error_of(line(values + "]")), HasSubstr("more than 1048576 values"));
}

// With every key looked for among those before it this takes minutes.
TEST_F(NeutralFileTest, ReadsManyKeys) {
  std::string members = "\"k\":0";
  for (int i = 0; i < 400'000; ++i) members += ",\"k" + std::to_string(i) + "\":1";
  EXPECT_EQ(fields(members).size(), 400'001u);
}

TEST_F(NeutralFileTest, RefusesALineThatIsTooLongOnce) {
  const std::string text(70u << 20, 'x');
  NeutralReader reader = open(line("\"a\":1") + line("\"a\":\"" + text + "\"") + line("\"a\":3"));
  ASSERT_TRUE(reader.next());
  const auto bad = reader.next();
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(bad.error().message, HasSubstr(":2: a line of more than 64 MiB"));
  EXPECT_EQ(reader.next().value().value().fields, (Fields{{"a", 3}}));
  EXPECT_EQ(reader.line(), 3u);
}

// A few bytes of xz, and hours of nothing.
TEST_F(NeutralFileTest, GivesUpOnALineWithoutEnd) {
  const std::string part = xz(std::string(64u << 20, '{'));
  NeutralReader reader =
      open(xz(line("\"a\":1")) + part + part + part + part + part, "in.jsonl.xz");
  ASSERT_TRUE(reader.next());
  const auto bad = reader.next();
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kDamaged);
  EXPECT_THAT(bad.error().message, HasSubstr("this is no recording"));
}

// What `cat` prints, and rows of `export`.
TEST_F(NeutralFileTest, ReadsPointsAsTheyArePrinted) {
  NeutralReader reader =
      open(R"({"_ts":1.5,"track":"imu/0","_src":"00ff","_seq":7,"a":null,"track_":"x","track__":1,)"
           R"("b":{"$ext":5,"$bin":"YQ=="},"t":{"$bin":"Yf8="},"x_hex":"ff","$hex:ff":2})"
           "\n");
  const NeutralFrame frame = reader.next().value().value();
  EXPECT_EQ(frame.track, "imu/0");
  EXPECT_EQ(frame.stamp.seconds(), 1.5);
  EXPECT_EQ(frame.fields, (Fields{{"a", std::nan("")},
                                  {"track", "x"},
                                  {"track_", 1},
                                  {"b", Extension{5, "a"}},
                                  {"t", "a\xff"},
                                  {"x_hex", "ff"},
                                  {"\xff", 2}}));
}

TEST_F(NeutralFileTest, ReadsRowsOfTheTrackTheFileIsNamedAfter) {
  const std::string row = "{\"timestamp\":2.5,\"timestamp_\":3,\"pose.x\":1.0}\n";
  const NeutralFrame frame = open(row, "odom.jsonl").next().value().value();
  EXPECT_EQ(frame.track, "odom");
  EXPECT_EQ(frame.stamp.seconds(), 2.5);
  EXPECT_EQ(frame.fields, (Fields{{"timestamp", 3}, {"pose.x", 1.0}}));
  NeutralReader told =
      NeutralReader::open(dir_.path("odom.jsonl"), {.track_of_rows = "base/odom"}).value();
  EXPECT_EQ(told.next().value().value().track, "base/odom");
}

TEST_F(NeutralFileTest, KeepsNamesThatAreNotUtf8OrLookLikeWords) {
  const std::string long_name(85, 'n');
  const Fields written{{"\xff\xfe", 1},         {"$nil", 2},
                       {"$hex:00", 3},          {"$x", Binary{"b"}},
                       {"", Binary{"b"}},       {"\xff", Binary{"c"}},
                       {long_name + "\xff", 4}, {long_name + "\xfe", 5},
                       {"a_hex", "ff"},         {"m", Fields{{"\xff", 1}, {"$bin", "YQ=="}}}};
  EXPECT_EQ(open(line_of("t", 1.0, written)).next().value().value().fields, written);
}

TEST_F(NeutralFileTest, RefusesADataFileThatIsALinkOutOfItsFolder) {
  const TempDir elsewhere;
  std::ofstream(elsewhere.path("secret")) << "0123456789";
  std::filesystem::create_symlink(elsewhere.path("secret"), dir_.path("link"));
  std::filesystem::create_symlink(elsewhere.path("."), dir_.path("folder"));
  std::filesystem::create_symlink("blob.bin", dir_.path("inside"));
  write("blob.bin", "0123456789");
  EXPECT_THAT(error_of(line(R"("data_file":"link")")), HasSubstr("a link out of"));
  EXPECT_THAT(error_of(line(R"("data_file":"folder/secret")")), HasSubstr("a link out of"));
  EXPECT_EQ(fields(R"("data_file":"inside")"), (Fields{{"data", Binary{"0123456789"}}}));
}

// It would be waited for.
TEST_F(NeutralFileTest, RefusesADataFileThatIsAPipe) {
  ASSERT_EQ(::mkfifo(dir_.path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of(line(R"("data_file":"pipe")")), HasSubstr("is no file"));
}

TEST_F(NeutralFileTest, RefusesWhatIsNestedTooDeep) {
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  EXPECT_THAT(error_of(line("\"a\":" + deep)), HasSubstr("nested deeper"));
}

TEST_F(NeutralFileTest, SurvivesALineOfBrackets) {
  EXPECT_THAT(error_of(line("\"a\":" + std::string(1'000'000, '['))), HasSubstr(":1:"));
}

TEST_F(NeutralFileTest, TakesALastLineWithoutAnEnd) {
  std::string text = line("\"a\":1") + line("\"a\":2");
  text.pop_back();
  NeutralReader reader = open(text);
  ASSERT_TRUE(reader.next().value());
  EXPECT_EQ(reader.next().value().value().fields, (Fields{{"a", 2}}));
  EXPECT_EQ(reader.line(), 2u);
  EXPECT_EQ(reader.next().value(), std::nullopt);
}

TEST_F(NeutralFileTest, PassesOverEmptyLinesAndCarriageReturns) {
  NeutralReader reader = open("\n\r\n" + line("\"a\":1") + "  \n");
  EXPECT_TRUE(reader.next().value());
  EXPECT_EQ(reader.line(), 3u);
  EXPECT_EQ(reader.next().value(), std::nullopt);
}

TEST_F(NeutralFileTest, ReadsLinesLongerThanItsBuffer) {
  const std::string text(300'000, 'x');
  NeutralReader reader = open(line("\"a\":\"" + text + "\"") + line("\"a\":\"" + text + "\""));
  EXPECT_EQ(reader.next().value().value().fields, (Fields{{"a", text}}));
  EXPECT_EQ(reader.next().value().value().fields, (Fields{{"a", text}}));
}

TEST_F(NeutralFileTest, IsAtItsEndWhenEmpty) { EXPECT_EQ(open("").next().value(), std::nullopt); }

TEST_F(NeutralFileTest, SaysWhenThereIsNoFile) {
  EXPECT_EQ(NeutralReader::open(dir_.path("none.jsonl")).error().code, ErrorCode::kNotFound);
}

TEST_F(NeutralFileTest, ReadsXz) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += line("\"i\":" + std::to_string(i));
  NeutralReader reader = open(xz(text), "in.jsonl.xz");
  int wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    wrong += reader.next().value().value().fields == Fields{{"i", i}} ? 0 : 1;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(reader.next().value(), std::nullopt);
}

TEST_F(NeutralFileTest, ReadsXzStreamsOneAfterAnother) {
  NeutralReader reader = open(xz(line("\"a\":1")) + xz(line("\"a\":2")), "in.jsonl.xz");
  EXPECT_TRUE(reader.next().value());
  EXPECT_EQ(reader.next().value().value().fields, (Fields{{"a", 2}}));
}

TEST_F(NeutralFileTest, SaysThatXzDataIsCutOff) {
  std::string text;
  for (int i = 0; i < 1'000; ++i) text += line("\"i\":" + std::to_string(i));
  const std::string whole = xz(text);
  NeutralReader reader = open(whole.substr(0, whole.size() / 2), "in.jsonl.xz");
  Result<std::optional<NeutralFrame>> frame = reader.next();
  while (frame && *frame) frame = reader.next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::kDamaged);
  EXPECT_THAT(frame.error().message, HasSubstr("cut off"));
}

TEST_F(NeutralFileTest, SaysThatAFileIsNotXz) {
  EXPECT_EQ(NeutralReader::open(write("in.jsonl.xz", "not xz at all, by far")).error().code,
            ErrorCode::kDamaged);
}

TEST_F(NeutralFileTest, ReadsXzWhateverItsName) {
  EXPECT_EQ(open(xz(line("\"a\":1")), "in.txt").next().value().value().fields, (Fields{{"a", 1}}));
}

// Once, and by name: not a warning a line.
TEST_F(NeutralFileTest, SaysWhatAFileOfAnotherKindIs) {
  const std::pair<std::string, const char*> kinds[] = {
      {"#ROSBAG V2.0\n", "a ROS 1 bag"},
      {"\x89MCAP0\r\n", "an MCAP file"},
      {"SQLite format 3" + std::string(1, '\0') + "x", "an SQLite database"},
      {std::string("ULog\x01\x12\x35", 7), "a ULog of PX4"},
      {"\x89HDF\r\n\x1a\n", "an HDF5 file"},
      {"\x1f\x8b\x08", "gzip data"},
      {std::string(16, '\0') + "\xde\xc0\xef\xbe ...", "a bag of zbag"},
      {"[{\"track\":\"a\"}]", "one JSON array"},
      {"time,x,y\n1,2,3\n", "no JSON lines"}};
  for (const auto& [begin, name] : kinds) {
    const Result<NeutralReader> reader = NeutralReader::open(write("in.jsonl", begin));
    ASSERT_FALSE(reader) << name;
    EXPECT_EQ(reader.error().code, ErrorCode::kDamaged);
    EXPECT_THAT(reader.error().message, HasSubstr(name));
  }
}

TEST_F(NeutralFileTest, KeepsABinFieldBesideTheOneItWouldBeWrittenAs) {
  const Fields both{{"a", Binary{"b"}}, {"a_hex", "01"}};
  for (const Fields& written : {both, Fields{{"m", both}},
                                Fields{{"m", Fields{{"$bin", Binary{"b"}}, {"$bin_hex", "01"}}}}})
    EXPECT_EQ(open(line_of("t", 1.0, written)).next().value().value().fields, written);
}

TEST_F(NeutralFileTest, RefusesALineThatGoesOnBehindANulByte) {
  const std::string whole = R"({"track":"a","_ts":1,"fields":{"a":1}})";
  EXPECT_THAT(error_of(whole + std::string(1, '\0') + whole), HasSubstr("39 is a NUL byte"));
}

TEST_F(NeutralFileTest, EndsWhereBlankLinesHaveNoEnd) {
  const std::string blank = std::string((1u << 20) - 1, ' ') + "\n";
  std::string text = line("\"a\":1");
  for (int i = 0; i < 257; ++i) text += blank;
  NeutralReader reader = open(xz(text), "in.jsonl.xz");
  EXPECT_TRUE(reader.next().value());
  EXPECT_THAT(reader.next().error().message, HasSubstr("blank lines"));
}

TEST_F(NeutralFileTest, StopsWhereItReadsWhenItIsNotToGoOn) {
  bool goes_on = true;
  NeutralReader reader =
      NeutralReader::open(write("in.jsonl", line("\"a\":1") + std::string(1u << 20, '\n')),
                          {.goes_on = [&] { return goes_on; }})
          .value();
  EXPECT_TRUE(reader.next().value());
  goes_on = false;
  EXPECT_EQ(reader.next().error().code, ErrorCode::kClosed);
}

TEST_F(NeutralFileTest, ReadsBackWhatItWrote) {
  const Fields written{{"nan", std::nan("")},
                       {"inf", HUGE_VAL},
                       {"nil", nullptr},
                       {"two", 2.0},
                       {"int", -7},
                       {"bin", Binary{std::string("\xff\x00", 2)}},
                       {"ext", Extension{5, ""}},
                       {"list", Array{1, Binary{"x"}, nullptr}},
                       {"map", Fields{{"jpeg", Binary{"y"}}, {"empty", Fields{}}}}};
  const NeutralFrame frame =
      open(line_of("robot/arm", 1795202544.4515257, written)).next().value().value();
  EXPECT_EQ(frame.track, "robot/arm");
  EXPECT_EQ(frame.stamp.seconds(), 1795202544.4515257);
  EXPECT_EQ(frame.fields, written);
}

}  // namespace
}  // namespace zbag
