#include "player/exports/exporter.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "player/columns/row_columns.hpp"
#include "player/exports/output_format.hpp"
#include "schemas/json_text.hpp"
#include "tests/support/bytes.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

class ExporterTest : public testing::Test {
 protected:
  ExporterTest()
      : path_(write_bag(dir_.path("in.zbag"),
                        {{"arm", 1.0, {{"q", 0.5}, {"camera", Fields{{"pos", Array{1, 2}}}}}},
                         {"arm", 2.0, {{"q", nullptr}, {"jpeg", Binary{"\xff\xd8"}}}},
                         {"base/odom", 1.5, {{"timestamp", 7}, {"v", std::nan("")}}}})) {}

  Result<ExportReport> export_as(const std::string& format, const std::string& out,
                                 const std::vector<std::string>& tracks = {},
                                 const std::vector<std::string>& columns = {}) {
    return export_choice(
        format, out,
        {.selection = {.filter = TrackFilter::parse(tracks).value()}, .columns = columns});
  }
  Result<ExportReport> export_choice(const std::string& format, const std::string& out,
                                     ExportChoice choice, ExportSource::Progress progress = {},
                                     TakeRemark remark = {}) {
    Playlist playlist = Playlist::open({path_}).value();
    const Result<std::unique_ptr<Exporter>> exporter =
        make_exporter({.format = format, .out = dir_.path(out)});
    if (!exporter) return tl::unexpected(exporter.error());
    ExportSource source(playlist, std::move(choice), std::move(progress), std::move(remark));
    if (Status written = (*exporter)->write(source); !written)
      return tl::unexpected(written.error());
    return source.report();
  }
  std::string text(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(dir_.path(name)).rdbuf();
    return out.str();
  }
  // Of what lies in the folder.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path("."))) {
      if (entry.path().filename() != "run") found.push_back(entry.path().filename());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(dir_.path(name)); }

  TempDir dir_;
  std::string path_;
};

// The leaves as JSON: `a:1 b.c:2 `.
std::string flatten(const Fields& fields, const std::vector<std::string>& columns = {}) {
  const std::string map = encoded(fields);
  RowColumns row("t", {}, columns, {});
  const auto leaves = row.flatten(open_map(as_bytes(map)).value());
  std::string text;
  for (const RowColumns::Leaf& leaf : leaves.value()) {
    text.append(leaf.column).append(":");
    write_json_item(leaf.value, text);
    text += ' ';
  }
  return text;
}

// Requirements 1.5
TEST(FlattenTest, JoinsNestedNamesByDots) {
  EXPECT_EQ(flatten({{"a", 1}, {"camera", Fields{{"pos", Fields{{"x", 2}}}, {"id", 3}}}}),
            "a:1 camera.pos.x:2 camera.id:3 ");
}

TEST(FlattenTest, KeepsListsNilAndEmptyMaps) {
  EXPECT_EQ(flatten({{"l", Array{1, Fields{{"x", 1}}}}, {"n", nullptr}, {"m", Fields{}}}),
            R"(l:[1,{"x":1}] n:null m:{} )");
}

// S0.30
TEST(FlattenTest, KeepsChosenColumns) {
  EXPECT_EQ(flatten({{"a", 1}, {"b", Fields{{"c", 2}, {"d", 3}}}}, {"b.c", "unknown"}), "b.c:2 ");
}

// S0.25
TEST_F(ExporterTest, WritesOneTrackAsJson) {
  EXPECT_EQ(export_as("json", "out.json", {"arm"})->points, 2u);
  EXPECT_EQ(text("out.json"),
            "{\"entries\":[{\"timestamp\":1.0,\"q\":0.5,\"camera.pos\":[1,2]},"
            "{\"timestamp\":2.0,\"q\":null,\"jpeg\":\"/9g=\"}],\"count\":2}\n");
}

TEST_F(ExporterTest, WritesSeveralTracksIntoOneJson) {
  ASSERT_TRUE(export_as("json", "out.json"));
  EXPECT_THAT(text("out.json"), testing::StartsWith("{\"tracks\":{\"arm\":{\"entries\":[{"));
  EXPECT_THAT(text("out.json"),
              HasSubstr("],\"count\":2},\"base/odom\":{\"entries\":"
                        "[{\"timestamp\":1.5,\"timestamp_\":7,\"v\":null}],\"count\":1}}}\n"));
}

TEST_F(ExporterTest, WritesAFileATrackBelowAFolder) {
  ASSERT_TRUE(export_as("json", "out"));
  EXPECT_THAT(text("out/arm.json"), HasSubstr("\"count\":2}\n"));
  EXPECT_THAT(text("out/base/odom.json"), HasSubstr("\"count\":1}\n"));
}

// S0.26: timestamp first, then the flattened fields.
TEST_F(ExporterTest, WritesRowsAsJsonLines) {
  ASSERT_TRUE(export_as("jsonl", "rows"));
  EXPECT_EQ(text("rows/arm.jsonl"),
            "{\"timestamp\":1.0,\"q\":0.5,\"camera.pos\":[1,2]}\n"
            "{\"timestamp\":2.0,\"q\":null,\"jpeg\":\"/9g=\"}\n");
  EXPECT_EQ(text("rows/base/odom.jsonl"), "{\"timestamp\":1.5,\"timestamp_\":7,\"v\":null}\n");
}

// cli.md: OUT ending in .jsonl is one neutral file, in order of time.
TEST_F(ExporterTest, WritesANeutralRecording) {
  ASSERT_TRUE(export_as("jsonl", "out.jsonl"));
  EXPECT_EQ(
      text("out.jsonl"),
      "{\"track\":\"arm\",\"_ts\":1.0,\"fields\":{\"q\":0.5,\"camera\":{\"pos\":[1,2]}}}\n"
      "{\"track\":\"base/odom\",\"_ts\":1.5,\"fields\":{\"timestamp\":7,\"v\":null}}\n"
      "{\"track\":\"arm\",\"_ts\":2.0,\"fields\":{\"q\":{\"$nil\":true},\"jpeg_hex\":\"ffd8\"}}\n");
}

// S0.30
TEST_F(ExporterTest, WritesChosenColumns) {
  ASSERT_TRUE(export_as("json", "out.json", {"arm"}, {"camera.pos", "unknown"}));
  EXPECT_EQ(text("out.json"),
            "{\"entries\":[{\"timestamp\":1.0,\"camera.pos\":[1,2]},{\"timestamp\":2.0}],"
            "\"count\":2}\n");
}

TEST_F(ExporterTest, WritesAnEmptyExport) {
  ASSERT_TRUE(export_as("json", "out.json", {"none"}));
  EXPECT_EQ(text("out.json"), "{\"entries\":[],\"count\":0}\n");
  ASSERT_TRUE(export_as("jsonl", "out.jsonl", {"none"}));
  EXPECT_EQ(text("out.jsonl"), "");
}

// S0.29
TEST_F(ExporterTest, NamesAnUnknownFormat) {
  const Result<ExportReport> report = export_as("xml", "out.xml");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(report.error().message, HasSubstr("'xml'"));
}

TEST_F(ExporterTest, ReplacesWhenItIsTold) {
  std::ofstream(dir_.path("out.json")) << "mine";
  std::filesystem::create_directories(dir_.path("rows"));
  std::ofstream(dir_.path("rows/arm.jsonl")) << "mine";
  std::filesystem::create_directories(dir_.path("folder.json"));
  for (const auto& [format, out] : {std::pair("json", "out.json"), {"jsonl", "rows"}}) {
    Playlist playlist = Playlist::open({path_}).value();
    ExportSource source(playlist, {}, {}, {});
    const ExportOptions options{
        .format = format, .out = dir_.path(out), .existing = Existing::kIsReplaced};
    ASSERT_TRUE(make_exporter(options).value()->write(source));
  }
  EXPECT_THAT(text("out.json"), testing::StartsWith("{\"tracks\""));
  EXPECT_THAT(text("rows/arm.jsonl"), testing::StartsWith("{\"timestamp\""));
  Playlist playlist = Playlist::open({path_}).value();
  ExportSource source(playlist, {}, {}, {});
  const ExportOptions folder{
      .format = "json", .out = dir_.path("folder.json"), .existing = Existing::kIsReplaced};
  EXPECT_EQ(make_exporter(folder).value()->write(source).error().code, ErrorCode::kExists);
}

TEST_F(ExporterTest, NeverOverwrites) {
  std::ofstream(dir_.path("out.json")) << "mine";
  EXPECT_EQ(export_as("json", "out.json").error().code, ErrorCode::kExists);
  EXPECT_EQ(text("out.json"), "mine");
}

// What is there is whole: nothing has its name before.
TEST_F(ExporterTest, RemovesWhatItCouldNotFinish) {
  const auto look_and_stop = [&](std::uint64_t points) {
    EXPECT_FALSE(exists("out.jsonl"));
    return points < 2;
  };
  EXPECT_FALSE(export_choice("jsonl", "out.jsonl", {}, look_and_stop));
  EXPECT_THAT(names(), testing::ElementsAre("in.zbag"));
}

// A file and a folder can not have one name.
TEST_F(ExporterTest, GivesTracksWhoseFilesWouldCollideOtherNames) {
  path_ = write_bag(dir_.path("b.zbag"), {{"a", 1.0, {{"n", 1}}},
                                          {"a.jsonl/b", 1.0, {{"n", 2}}},
                                          {"a_", 1.0, {{"n", 3}}},
                                          {"c.json/d", 1.0, {{"n", 4}}}});
  std::vector<std::string> said;
  ASSERT_TRUE(export_choice("jsonl", "rows", {}, {},
                            [&](const Remark& remark) { said.push_back(remark.which); }));
  EXPECT_THAT(said, testing::ElementsAre("that of track a is a__.jsonl"));
  EXPECT_EQ(text("rows/a__.jsonl"), "{\"timestamp\":1.0,\"n\":1}\n");
  EXPECT_EQ(text("rows/a.jsonl/b.jsonl"), "{\"timestamp\":1.0,\"n\":2}\n");
  EXPECT_EQ(text("rows/a_.jsonl"), "{\"timestamp\":1.0,\"n\":3}\n");
  EXPECT_EQ(text("rows/c.json/d.jsonl"), "{\"timestamp\":1.0,\"n\":4}\n");
}

TEST_F(ExporterTest, WritesNothingWhenOneOfItsFilesIsThereAlready) {
  std::filesystem::create_directories(dir_.path("out/base"));
  std::ofstream(dir_.path("out/base/odom.jsonl")) << "mine";
  EXPECT_EQ(export_as("jsonl", "out").error().code, ErrorCode::kExists);
  EXPECT_FALSE(exists("out/arm.jsonl"));
  EXPECT_EQ(text("out/base/odom.jsonl"), "mine");
}

// No two columns of one name, and the way back from `timestamp_`.
TEST_F(ExporterTest, NamesColumnsThatWouldCollideApart) {
  path_ = write_bag(dir_.path("c.zbag"),
                    {{"t", 1.0, {{"a", Fields{{"b", 2}}}, {"a.b", 1}, {"a.b_", 3}}},
                     {"t", 2.0, {{"timestamp_", 5}, {"a", Fields{{"b", 4}}}}},
                     {"t", 3.0, {{"timestamp", 6}}}});
  std::vector<std::string> said;
  ASSERT_TRUE(export_choice("jsonl", "rows", {}, {},
                            [&](const Remark& remark) { said.push_back(remark.which); }));
  EXPECT_EQ(text("rows/t.jsonl"),
            "{\"timestamp\":1.0,\"a.b__\":2,\"a.b\":1,\"a.b_\":3}\n"
            "{\"timestamp\":2.0,\"timestamp__\":5,\"a.b__\":4}\n"
            "{\"timestamp\":3.0,\"timestamp_\":6}\n");
  EXPECT_THAT(said, testing::UnorderedElementsAre("a.b of track t is a.b__",
                                                  "timestamp_ of track t is timestamp__",
                                                  "timestamp of track t is timestamp_"));
}

TEST_F(ExporterTest, TellsHowFarItIs) {
  std::vector<std::uint64_t> heard;
  ASSERT_TRUE(export_choice("jsonl", "out.jsonl", {}, [&](std::uint64_t points) {
    heard.push_back(points);
    return true;
  }));
  EXPECT_THAT(heard, testing::ElementsAre(1u, 2u, 3u));
}

TEST_F(ExporterTest, StopsWhenAskedToAndLeavesNothingBehind) {
  const auto stop = [](std::uint64_t points) { return points < 2; };
  for (const char* out : {"out.jsonl", "a/b"})
    EXPECT_EQ(export_choice("jsonl", out, {}, stop).error().code, ErrorCode::kClosed);
  EXPECT_THAT(names(), testing::ElementsAre("in.zbag"));
}

TEST(ExportFormatsTest, EachSaysWhatItIsAndWhatItKnows) {
  std::vector<std::string> names;
  for (const FormatHelp& format : export_formats()) {
    EXPECT_FALSE(format.what.empty()) << format.name;
    names.push_back(format.name);
    for (const char* option : {"--binary", "--align", "--compression"}) {
      EXPECT_EQ(
          format.options.find(option) != std::string::npos,
          (", " + formats_with(option) + ",").find(" " + format.name + ",") != std::string::npos)
          << format.name << option;
    }
  }
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(formats_with("--nowhere"), "");
}

TEST(ExportFormatsTest, TheEndOfANameTellsOne) {
  const std::map<std::string, std::string> formats{{"a/x.csv", "csv"},
                                                   {"x.json", "json"},
                                                   {"x.jsonl", "jsonl"},
                                                   {"x.parquet", "parquet"},
                                                   {"x.mcap", "mcap"},
                                                   {"x.h5", "hdf5"},
                                                   {"x.hdf5", "hdf5"},
                                                   {"x.db", "sqlite"},
                                                   {"x.trc", "trc"},
                                                   {"x.sqlite", "sqlite"},
                                                   {"x.bvh", "bvh"},
                                                   {"x.mp4", "mp4"},
                                                   {"-", ""},
                                                   {"csv", ""},
                                                   {"x.csv/", ""},
                                                   {"x.zbag", ""}};
  for (const auto& [name, format] : formats) EXPECT_EQ(format_by_name(name), format) << name;
}

// The limit counts what is written, whatever lies between, in time and not track by track.
TEST_F(ExporterTest, PassesOverPointsThatAreNotWanted) {
  const PointCondition is_late = PointCondition::parse("_ts > 1.0").value();
  EXPECT_EQ(export_choice("json", "out.json", {.where = is_late, .limit = 1})->points, 1u);
  EXPECT_EQ(text("out.json"),
            "{\"tracks\":{\"arm\":{\"entries\":[],\"count\":0},\"base/odom\":{\"entries\":"
            "[{\"timestamp\":1.5,\"timestamp_\":7,\"v\":null}],\"count\":1}}}\n");
}

}  // namespace
}  // namespace zbag
