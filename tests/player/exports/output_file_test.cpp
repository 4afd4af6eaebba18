#include "player/exports/output_file.hpp"

#include <gmock/gmock.h>

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
