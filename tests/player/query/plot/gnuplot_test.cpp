#include "player/query/plot/gnuplot.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Chart chart_of(const std::string& name) {
  ChartSeries line{name, ChartSeries::Kind::kLine, {{0, 1}, {1, 2}, ChartPoint::gap(), {5, 3}}};
  return {
      .title = name, .x_label = name, .panels = {{name, name, {line}}}, .x_names = {name, "plain"}};
}

bool has_gnuplot() { return std::system("gnuplot --version >/dev/null 2>&1") == 0; }

TEST(GnuplotTextTest, WhatGnuplotCouldReadAsMoreThanTextIsEscaped) {
  EXPECT_EQ(gnuplot_text("robot 1"), "\"robot \\061\"");
  EXPECT_EQ(gnuplot_text("a/b"), "\"a\\057b\"");
  const std::string quoted = gnuplot_text("`touch x`\";system('y')\n@m\\{}'");
  for (const char letter : std::string("`;'\n@{}()"))
    EXPECT_THAT(quoted, Not(HasSubstr(std::string(1, letter))));
}

TEST(GnuplotScriptTest, NamesStandInItAsEscapedTextAlone) {
  const std::string evil = "`touch pwned`\nsystem(\"touch pwned\")\n! touch pwned\nEND_OF_DATA";
  const std::string script = gnuplot_script(chart_of(evil), PictureFormat::kSvg);
  EXPECT_THAT(script, Not(HasSubstr("`")));
  EXPECT_THAT(script, Not(HasSubstr("system(")));
  EXPECT_THAT(script, Not(HasSubstr("\n!")));
}

TEST(GnuplotScriptTest, AGapBreaksTheLine) {
  const std::string script = gnuplot_script(chart_of("x"), PictureFormat::kPng);
  EXPECT_THAT(script, HasSubstr("0 1\n1 2\n\n5 3\nEND_OF_DATA"));
}

// Few points are marked, many are not.
TEST(GnuplotScriptTest, AStateHoldsUntilTheNext) {
  Chart chart = chart_of("x");
  chart.panels[0].series[0].kind = ChartSeries::Kind::kSteps;
  std::string script = gnuplot_script(chart, PictureFormat::kSvg);
  EXPECT_THAT(script, HasSubstr("with steps"));
  EXPECT_THAT(script, HasSubstr("with points"));
  EXPECT_THAT(script, Not(HasSubstr("with lines")));
  chart.panels[0].series[0].points.assign(1'000, {0.0, 1.0});
  script = gnuplot_script(chart, PictureFormat::kSvg);
  EXPECT_THAT(script, HasSubstr("with steps"));
  EXPECT_THAT(script, Not(HasSubstr("with points")));
}

TEST(PictureFormatTest, TheEndOfTheNameDecides) {
  EXPECT_EQ(picture_format("a.svg"), PictureFormat::kSvg);
  EXPECT_EQ(picture_format("b.c/a.png"), PictureFormat::kPng);
  EXPECT_EQ(picture_format("a.pdf").error().code, ErrorCode::kInvalid);
}

TEST(DrawChartTest, HostileNamesAreDrawnAndNothingElseHappens) {
  if (!has_gnuplot()) GTEST_SKIP() << "gnuplot is not installed";
  TempDir folder;
  const std::string here = std::filesystem::current_path().string();
  std::filesystem::current_path(folder.path(""));
  const std::string evil = "`touch pwned`\"\nsystem('touch pwned')\n<b>&\xff' @x";
  const Result<std::string> svg = draw_chart(chart_of(evil), PictureFormat::kSvg);
  const Result<std::string> png = draw_chart(chart_of(evil), PictureFormat::kPng);
  std::filesystem::current_path(here);
  ASSERT_TRUE(svg) << svg.error().message;
  EXPECT_THAT(*svg, HasSubstr("&lt;b"));
  EXPECT_THAT(*svg, HasSubstr("`touch pwned`"));
  EXPECT_THAT(*svg, Not(HasSubstr("\xff")));
  EXPECT_FALSE(std::filesystem::exists(folder.path("pwned")));
  ASSERT_TRUE(png) << png.error().message;
  EXPECT_THAT(*png, StartsWith("\x89PNG"));
}

TEST(DrawChartTest, PanelsWithoutNumbersAreDrawnEmpty) {
  if (!has_gnuplot()) GTEST_SKIP() << "gnuplot is not installed";
  const Chart chart{.title = "nothing", .panels = {{"a", "b", {{"c", {}, {}}}}, {"d", "e", {}}}};
  EXPECT_TRUE(draw_chart(chart, PictureFormat::kSvg).has_value());
}

TEST(WriteChartTest, AFileIsWholeOrNotThere) {
  TempDir folder;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path("nowhere").c_str(), 1);
  const Status missing = write_chart(chart_of("x"), folder.path("a.svg"));
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr("gnuplot-nox"));
  EXPECT_FALSE(std::filesystem::exists(folder.path("a.svg")));
  std::ofstream(folder.path("b.svg")) << "mine";
  EXPECT_EQ(write_chart(chart_of("x"), folder.path("b.svg")).error().code, ErrorCode::kExists);
}

}  // namespace
}  // namespace zbag
