#include "player/exports/output_file.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/disk_calls.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

// An export says that it is complete on disk: the bytes before the name, the name before the word.
TEST(OutputFileTest, IsOnDiskBeforeItHasItsName) {
  using Kind = DiskCall::Kind;
  const TempDir dir;
  std::vector<DiskCall> calls;
  {
    DiskLog log;
    OutputFile file = OutputFile::create(dir.path("a.jsonl")).value();
    ASSERT_TRUE(file.write("{}\n") && file.finish() && file.publish());
    calls = log.calls();
  }
  std::vector<std::pair<Kind, DiskFile>> seen;
  for (const DiskCall& call : calls) {
    if (call.kind != Kind::kWrite) seen.emplace_back(call.kind, call.file);
  }
  const DiskFile file = disk_file(dir.path("a.jsonl"));
  EXPECT_THAT(
      seen, testing::ElementsAre(testing::Pair(Kind::kSync, file), testing::Pair(Kind::kName, file),
                                 testing::Pair(Kind::kSync, disk_file(dir.path(".")))));
}

TEST(OutputFileTest, TakesNoFoldersPlaceAndSaysSo) {
  const TempDir dir;
  std::filesystem::create_directories(dir.path("out"));
  for (const Existing existing : {Existing::kStays, Existing::kIsReplaced}) {
    const Error refused = OutputFile::create(dir.path("out"), existing).error();
    EXPECT_EQ(refused.code, ErrorCode::kExists);
    EXPECT_THAT(refused.message, testing::HasSubstr("out exists and is a folder"));
    EXPECT_THAT(refused.message, testing::Not(testing::HasSubstr("--force")));
  }
}

// Of tracks that are not written this time, too; the number of a child that has ended is nobody's.
TEST(OutputFolderTest, RemovesWhatKilledMakersHaveLeftBelowIt) {
  const TempDir dir;
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const std::string making = ".making-" + std::to_string(dead);
  const std::string alive = ".making-" + std::to_string(::getppid());
  std::filesystem::create_directories(dir.path("out/robot"));
  for (const std::string& name : {"out/robot/leg.csv" + making, "out/arm.csv" + alive})
    std::ofstream(dir.path(name)) << "left";
  const OutputFolder folder = OutputFolder::plan(dir.path("out"), {"arm"}, ".csv").value();
  EXPECT_FALSE(std::filesystem::exists(dir.path("out/robot/leg.csv" + making)));
  EXPECT_TRUE(std::filesystem::exists(dir.path("out/arm.csv" + alive)));
}

// What was published before goes, with the folders that were made for it.
TEST(OutputFolderTest, LeavesNoneWhenOneOfItsNamesIsTakenMeanwhile) {
  const TempDir dir;
  const auto exists = [&](const char* name) { return std::filesystem::exists(dir.path(name)); };
  std::optional<OutputFolder> folder =
      OutputFolder::plan(dir.path("out"), {"a", "arm/left", "b", "c"}, ".jsonl").value();
  for (const char* track : {"a", "arm/left", "b", "c"})
    ASSERT_TRUE(folder->begin(track).value()->write("{}\n"));
  std::ofstream(dir.path("out/b.jsonl")) << "somebody's own";

  const Status published = folder->publish();
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, ErrorCode::kExists);
  folder.reset();
  EXPECT_FALSE(exists("out/a.jsonl"));
  EXPECT_FALSE(exists("out/arm"));
  EXPECT_FALSE(exists("out/c.jsonl"));
  EXPECT_EQ(std::filesystem::file_size(dir.path("out/b.jsonl")), 14u);
}

}  // namespace
}  // namespace zbag
