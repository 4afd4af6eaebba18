// What the quick parser takes is to the bit what the exact one makes of it; the rest it leaves.
#include "player/imports/quick_line.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/recording_path.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr const char* kTrackOfRows = "arm";

struct BothWays {
  std::size_t frames = 0;
  std::size_t taken = 0;  // by the quick parser
};

// Reads the file both ways and compares, line by line.
BothWays read_both_ways(const std::string& path) {
  NeutralReader reader = NeutralReader::open(path, {.track_of_rows = kTrackOfRows}).value();
  std::ifstream lines(path);
  QuickLine quick(std::size_t{1} << 20);
  BothWays both;
  std::string line;
  EncodedFrame frame;
  while (std::getline(lines, line)) {
    const Result<std::optional<NeutralFrame>> wanted = reader.next();
    const bool is_taken = quick.read(line, kTrackOfRows, frame);
    EXPECT_TRUE(wanted || !is_taken) << line;
    if (!wanted) continue;
    ++both.frames;
    if (!is_taken) continue;
    ++both.taken;
    std::string map;
    encode_fields((*wanted)->fields, map);
    EXPECT_EQ(frame.map, map) << line;
    EXPECT_EQ(frame.track, (*wanted)->track) << line;
    EXPECT_EQ(frame.stamp.ns(), (*wanted)->stamp.ns()) << line;
    EXPECT_EQ(frame.stamp.seconds(), (*wanted)->stamp.seconds()) << line;
    EXPECT_TRUE((*wanted)->ignored.empty()) << line;
  }
  return both;
}

class QuickLineTest : public testing::Test {
 protected:
  // Whether it takes the line, behind one that it does; if so, rightly.
  bool takes(const std::string& line) {
    std::ofstream(dir_.path("in.jsonl")) << R"({"track":"a","_ts":1,"fields":{}})" << '\n'
                                         << line << '\n';
    return read_both_ways(dir_.path("in.jsonl")).taken == 2;
  }
  bool takes_members(const std::string& members) {
    return takes(R"({"track":"a","_ts":1.5,"fields":{)" + members + "}}");
  }

  TempDir dir_;
};

TEST_F(QuickLineTest, TakesWhatRecordingsAreFullOf) {
  EXPECT_TRUE(takes_members(R"("a":1,"b":-2,"c":2.5,"d":-0.0,"e":true,"f":"text é \n","g":null)"));
  EXPECT_TRUE(takes_members(R"("l":[1,[2.5,[]],{"m":{"n":1e-300}}],"empty":{})"));
  EXPECT_TRUE(takes_members(R"("a":18446744073709551615,"b":-9223372036854775808,"z":-0)"));
  EXPECT_TRUE(takes(R"( { "fields" : {"a":1} , "_seq":7, "_src":8, "track":"/a", "_ts":3 } )"));
  EXPECT_TRUE(takes(R"({"_ts":1.5,"track":"a/b","x":1,"fields":2,"y":{"fields":3}})"));
  EXPECT_TRUE(takes(R"({"timestamp":1.5,"track":"no word here","x":[null]})"));
  EXPECT_TRUE(takes(R"({"_ts":1.5,"track":"a","fields":{"track":1,"_ts":2}})"));
}

TEST_F(QuickLineTest, DoubtsWhatMayMeanSomethingElse) {
  for (const char* members :
       {R"("a":"inf")", R"("a":["-inf"])", R"("a_hex":"00")", R"("a":{"$bin":"YWI="})",
        R"("$hex:00":1)", R"("$$a":1)", R"("m":{"$nil":true})", R"("data_file":{"x":1})",
        R"("a":NaN)", R"("a":Infinity)"})
    EXPECT_FALSE(takes_members(members)) << members;
  for (const char* line :
       {R"({"_ts":"2026-01-02T03:04:05Z","track":"a","x":1})",
        R"({"_ts":1,"track":"a","track_":1})", R"({"_ts":1,"track":"a","fields_":{"x":1}})",
        R"({"timestamp":1,"timestamp_":1})", R"({"track":"a","_ts":1,"fields":{},"more":1})"})
    EXPECT_FALSE(takes(line)) << line;
}

TEST_F(QuickLineTest, DoubtsWhatIsWrong) {
  for (const char* members :
       {R"("a":1,"b":2,"a":3)", R"("m":{"a":1,"a":1})", R"("a":18446744073709551616)",
        R"("a":1e400)", R"("a":01)", R"("a":1.)", R"("a":"\ud800")", R"("a":"\udc00")",
        "\"a\":\"\xff\"", "\"a\":\"\t\"", R"("a":[1,])"})
    EXPECT_FALSE(takes_members(members)) << members;
  for (const char* line :
       {"{", "[]", "7", R"({"track":"a","_ts":1,"_ts":1,"fields":{}})",
        R"({"track":"a//b","_ts":1,"fields":{}})", R"({"track":"a","_ts":1e300,"fields":{}})",
        R"({"track":"a","_ts":1,"fields":{}} 1)", R"({"track":"a","_ts":1,"fields":[]})"})
    EXPECT_FALSE(takes(line)) << line;
}

TEST_F(QuickLineTest, KeepsToTheLimitsOfAFrame) {
  const auto nested = [](int depth) {
    return "\"a\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(takes_members(nested(31)));
  EXPECT_FALSE(takes_members(nested(32)));
  const std::string line = R"({"track":"a","_ts":1.5,"fields":{"a":[1,2]}})";  // 7 values
  EncodedFrame frame;
  EXPECT_TRUE(QuickLine(7).read(line, "", frame));
  EXPECT_FALSE(QuickLine(6).read(line, "", frame));
}

class QuickRecordingTest : public testing::TestWithParam<const char*> {};

TEST_P(QuickRecordingTest, IsReadAlikeBothWays) {
  const std::filesystem::path path = recording_path(GetParam());
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no recording " << GetParam() << ": " << path;
  NeutralReader exact = NeutralReader::open(path.string()).value();
  NeutralReader quick = NeutralReader::open(path.string()).value();
  EncodedFrame frame;
  std::string map;
  std::size_t frames = 0;
  while (const auto wanted = exact.next().value()) {
    ASSERT_TRUE(quick.next(frame).value());
    map.clear();
    encode_fields(wanted->fields, map);
    ASSERT_TRUE(frame.map == map && frame.track == wanted->track &&
                frame.stamp.seconds() == wanted->stamp.seconds() && frame.ignored.empty())
        << quick.line();
    ++frames;
  }
  EXPECT_FALSE(quick.next(frame).value());
  EXPECT_GT(frames, 1'000u);
}

INSTANTIATE_TEST_SUITE_P(Recordings, QuickRecordingTest,
                         testing::Values("gait_walk", "px4_fmu_v6c", "tilt_laser"),
                         [](const auto& recording) { return std::string(recording.param); });

}  // namespace
}  // namespace zbag
