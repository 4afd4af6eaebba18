#include "player/query/aside_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

using testing::StartsWith;

// Folders below a TMPDIR of its own.
class AsideFolderTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("TMPDIR", around_.path("").c_str(), 1); }
  void TearDown() override { ::unsetenv("TMPDIR"); }

  // As a killed process leaves it.
  fs::path leave(const std::string& name, bool has_lock) {
    const fs::path folder = around_.path(name);
    fs::create_directory(folder);
    ::chmod(folder.c_str(), 0700);
    std::ofstream(folder / "duckdb_temp_storage.tmp") << "some";
    if (has_lock) std::ofstream(folder / "lock") << "";
    return folder;
  }

  TempDir around_;
};

TEST_F(AsideFolderTest, IsThereAsLongAsItIsUsed) {
  fs::path path;
  {
    const AsideFolder aside;
    path = aside.path();
    EXPECT_THAT(path.filename().string(), StartsWith("zbag-sql."));
    EXPECT_TRUE(fs::is_directory(path));
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    EXPECT_GT(aside.bytes_max(), 0u);
    std::ofstream(path / "some") << "some";
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(AsideFolderTest, RemovesWhatAKilledOneHasLeft) {
  const fs::path left = leave("zbag-sql.Abc123", true);
  const AsideFolder aside;
  EXPECT_FALSE(fs::exists(left));
}

TEST_F(AsideFolderTest, LeavesWhatSomebodyUses) {
  const AsideFolder first;
  const AsideFolder second;
  EXPECT_TRUE(fs::exists(first.path()));
  EXPECT_NE(first.path(), second.path());
}

// Its lock may be about to be made.
TEST_F(AsideFolderTest, LeavesOneWithoutALockForAnHour) {
  const fs::path young = leave("zbag-sql.young1", false);
  const fs::path old = leave("zbag-sql.old001", false);
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  const AsideFolder aside;
  EXPECT_TRUE(fs::exists(young));
  EXPECT_FALSE(fs::exists(old));
}

TEST_F(AsideFolderTest, LeavesWhatIsNotOurs) {
  const fs::path other = leave("zbag-other.Abc123", true);
  const fs::path open_to_all = leave("zbag-sql.Open12", true);
  ::chmod(open_to_all.c_str(), 0777);
  const fs::path target = leave("target", true);
  fs::create_directory_symlink(target, around_.path("zbag-sql.Link12"));
  const AsideFolder aside;
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(fs::exists(open_to_all));
  EXPECT_TRUE(fs::exists(target / "lock"));
}

}  // namespace
}  // namespace zbag
