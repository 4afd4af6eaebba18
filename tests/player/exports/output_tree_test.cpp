#include "player/exports/output_tree.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "recorder/bag/bag_file.hpp"
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

// Whose maker was killed; the number of a child that has ended is nobody's.
TEST(OutputTreeTest, RemovesWhatKilledMakersHaveLeft) {
  const TempDir dir;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const std::string left = dir.path("set.making-") + std::to_string(dead);
  const std::string other = dir.path("other.making-") + std::to_string(dead);
  const std::string alive = dir.path("set.making-") + std::to_string(::getppid());
  for (const std::string& name : {left, other, alive}) fs::create_directories(name + "/in");
  const OutputTree tree = OutputTree::create(dir.path("set")).value();
  EXPECT_FALSE(fs::exists(left));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(fs::exists(alive));
}

// In another container its number may be nobody's.
TEST(OutputTreeTest, IsLockedWhileItIsMade) {
  const TempDir dir;
  OutputTree tree = OutputTree::create(dir.path("set")).value();
  EXPECT_TRUE(is_being_written(tree.making()));
  ASSERT_TRUE(tree.publish());
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

TEST(OutputTreeTest, MovesIntoAFolderAndReplacesItsOwnNamesAlone) {
  const TempDir dir;
  fs::create_directories(dir.path("set/deep/x.making-1"));
  std::ofstream(dir.path("set/deep/x.making-1/y")) << "left";
  OutputTree first = OutputTree::create(dir.path("set")).value();
  ASSERT_TRUE(first.write("a", "1"));
  ASSERT_TRUE(first.publish());
  EXPECT_EQ(OutputTree::create(dir.path("set")).error().code, ErrorCode::kExists);
  fs::create_directories(dir.path("set/in"));
  std::ofstream(dir.path("set/in/mine")) << "mine";
  OutputTree second = OutputTree::create(dir.path("set"), Existing::kIsReplaced).value();
  ASSERT_TRUE(second.write("a", "22"));
  fs::create_directories(second.making() + "/in/new");
  std::ofstream(second.making() + "/in/new/b") << "3";
  ASSERT_TRUE(second.publish());
  EXPECT_EQ(fs::file_size(dir.path("set/a")), 2u);
  EXPECT_EQ(fs::file_size(dir.path("set/in/mine")), 4u);
  EXPECT_EQ(fs::file_size(dir.path("set/in/new/b")), 1u);
  EXPECT_FALSE(fs::exists(second.making()));
}

TEST(OutputTreeTest, WhatIsNoFileIsNotReplacedAndNoLinkFollowed) {
  const TempDir dir;
  fs::create_directories(dir.path("set/b"));
  fs::create_directories(dir.path("else"));
  fs::create_symlink(dir.path("else"), dir.path("set/in"));
  {
    OutputTree tree = OutputTree::create(dir.path("set"), Existing::kIsReplaced).value();
    fs::create_directories(tree.making() + "/in");
    std::ofstream(tree.making() + "/in/a") << "1";
    EXPECT_EQ(tree.publish().error().code, ErrorCode::kExists);
  }
  {
    OutputTree tree = OutputTree::create(dir.path("set"), Existing::kIsReplaced).value();
    ASSERT_TRUE(tree.write("a", "1"));
    ASSERT_TRUE(tree.write("b", "1"));
    EXPECT_EQ(tree.publish().error().code, ErrorCode::kExists);
  }
  EXPECT_TRUE(fs::is_empty(dir.path("else")));
  EXPECT_FALSE(fs::exists(dir.path("set/a")));
}

TEST(OutputTreeTest, TakenBackIsWhatItHasMovedAlone) {
  const TempDir dir;
  fs::create_directories(dir.path("set"));
  std::ofstream(dir.path("set/mine")) << "mine";
  {
    OutputTree tree = OutputTree::create(dir.path("set"), Existing::kIsReplaced).value();
    fs::create_directories(tree.making() + "/in");
    std::ofstream(tree.making() + "/in/a") << "1";
    ASSERT_TRUE(tree.publish());
    tree.take_back();
  }
  EXPECT_TRUE(fs::exists(dir.path("set/mine")));
  EXPECT_FALSE(fs::exists(dir.path("set/in")));
}

TEST(OutputTreeTest, WhatComesIntoTheFolderMeanwhileIsNotReplaced) {
  const TempDir dir;
  OutputTree tree = OutputTree::create(dir.path("set")).value();
  ASSERT_TRUE(tree.write("a", "1"));
  fs::create_directories(dir.path("set"));
  std::ofstream(dir.path("set/a")) << "mine";
  EXPECT_EQ(tree.publish().error().code, ErrorCode::kExists);
  EXPECT_EQ(fs::file_size(dir.path("set/a")), 4u);
}

}  // namespace
}  // namespace zbag
