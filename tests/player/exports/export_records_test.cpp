#include "player/exports/export_records.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "schemas/frame.hpp"
#include "tests/support/small_bag.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

TEST(ExportRecordsTest, NamesTheRunOfABagByItsStart) {
  const TempDir dir;
  const std::string path = write_bag(dir.path("a.zbag"), {{"t", 1.0, {{"x", 1}}}});
  Playlist playlist = Playlist::open({path}).value();
  const ExportSource source(playlist, {}, {}, {});
  const ExportRecords records = records_of(source);
  ASSERT_EQ(records.runs.size(), 1u);
  EXPECT_THAT(records.runs[0].id, testing::MatchesRegex("run_[0-9]{8}_[0-9]{6}"));
  EXPECT_EQ(records.runs[0].metadata().back().second, Value("closed"));
  EXPECT_EQ(records.origin.front().first, "creator");
}

// A cut of a bag has its run, too: it counts once.
TEST(ExportRecordsTest, CountsTheRunOfABagThatIsGivenTwiceOnce) {
  const TempDir dir;
  const std::string path = write_bag(dir.path("a.zbag"), {{"t", 1.0, {{"x", 1}}}});
  std::filesystem::copy_file(path, dir.path("b.zbag"));
  Playlist playlist = Playlist::open({path, dir.path("b.zbag")}).value();
  const ExportSource source(playlist, {}, {}, {});
  EXPECT_EQ(records_of(source).runs.size(), 1u);
}

}  // namespace
}  // namespace zbag
