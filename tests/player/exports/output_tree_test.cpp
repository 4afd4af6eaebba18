#include "player/exports/output_tree.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

TEST(OutputTreeTest, HasItsNameWhenItIsWhole) {
  const TempDir dir;
  OutputTree tree = OutputTree::create(dir.path("a/set/")).value();
  std::ofstream(tree.making() + "/x") << "1";
  EXPECT_FALSE(fs::exists(dir.path("a/set")));
  ASSERT_TRUE(tree.publish());
  EXPECT_EQ(fs::file_size(dir.path("a/set/x")), 1u);
}

TEST(OutputTreeTest, LeavesNothingWhenItIsNotPublished) {
  const TempDir dir;
  {
    OutputTree tree = OutputTree::create(dir.path("a/b/set")).value();
    std::ofstream(tree.making() + "/x") << "1";
  }
  EXPECT_FALSE(fs::exists(dir.path("a")));
}

TEST(OutputTreeTest, TakesThePlaceOfAnEmptyFolderAlone) {
  const TempDir dir;
  fs::create_directories(dir.path("empty"));
  fs::create_directories(dir.path("full/in"));
  std::ofstream(dir.path("file")) << "mine";
  fs::create_symlink("nowhere", dir.path("link"));
  ASSERT_TRUE(OutputTree::create(dir.path("empty"))->publish());
  for (const char* taken : {"full", "file", "link", "file/below"})
    EXPECT_EQ(OutputTree::create(dir.path(taken)).error().code, ErrorCode::kExists) << taken;
  EXPECT_EQ(OutputTree::create("-").error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace zbag
