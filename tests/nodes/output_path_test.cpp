#include "nodes/output_path.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr std::time_t kNow = 1'795'168'805;  // 2026-11-20T10:00:05Z

TEST(OutputPathTest, PutsTheTimeIn) {
  EXPECT_EQ(expand_output("a/{time}.zbag", kNow).value(), "a/20261120_100005.zbag");
  EXPECT_EQ(expand_output("plain.zbag", kNow).value(), "plain.zbag");
  EXPECT_EQ(expand_output("half{open", kNow).value(), "half{open");
}

TEST(OutputPathTest, TakesTheFirstNumberThatIsFree) {
  const TempDir dir;
  const std::string text = dir.path("r{n}.zbag");
  EXPECT_EQ(expand_output(text, kNow).value(), dir.path("r1.zbag"));
  for (const char* name : {"r1.zbag", "r2.zbag", "r4.zbag"}) std::ofstream(dir.path(name)) << "x";
  EXPECT_EQ(expand_output(text, kNow).value(), dir.path("r3.zbag"));
}

TEST(OutputPathTest, RefusesOtherWords) {
  const Result<std::string> path = expand_output("{host}.zbag", kNow);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::kInvalid);
  EXPECT_NE(path.error().message.find("{host}"), std::string::npos);
}

TEST(OutputPathTest, GoesOnWhereNothingCanBeLookedAt) {
  const std::string base(300, 'x');
  EXPECT_EQ(default_output(base, kNow), base + "/run_20261120_100005/run.zbag");
}

TEST(OutputPathTest, GivesEveryRunAFolderOfItsOwn) {
  const TempDir dir;
  const std::string first = default_output(dir.path("runs"), kNow);
  EXPECT_EQ(first, dir.path("runs/run_20261120_100005/run.zbag"));
  std::filesystem::create_directories(std::filesystem::path(first).parent_path());
  EXPECT_EQ(default_output(dir.path("runs"), kNow),
            dir.path("runs/run_20261120_100005_2/run.zbag"));
}

}  // namespace
}  // namespace zbag
