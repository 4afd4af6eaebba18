#include "recorder/bag/squeeze.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <random>

#include "recorder/bag/pages/file_descriptor.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

class SqueezeTest : public testing::Test {
 protected:
  // Many tracks of which little comes in each commit: their points lie in the journal until the
  // end.
  void write_many(BagWriter& writer) {
    for (int n = 0; n < 60; ++n) {
      RowStore store;
      Batch batch;
      for (int t = 0; t < 60; ++t) {
        std::string text(200, '\0');
        for (char& c : text) c = static_cast<char>(random_());
        batch.tracks.push_back(
            batch_of("t" + std::to_string(t), {store.make(n, {{"bytes", Binary{text}}})}));
      }
      ASSERT_TRUE(writer.write(batch).has_value());
    }
  }
  FileId id_of(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return {status.st_dev, status.st_ino};
  }
  static std::uint64_t free_bytes(const std::string& path) {
    return BagFile::open_to_read(path).value()->env().free_bytes().value();
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  std::mt19937_64 random_{13};
};

TEST_F(SqueezeTest, LeavesAClosedBagWithoutFreePages) {
  BagWriter writer = BagWriter::open(path_, {}).value();
  ASSERT_EQ(::chmod(path_.c_str(), 0640), 0);
  write_many(writer);
  const FileId before = id_of(path_);
  ASSERT_EQ(writer.file_id(), before);
  ASSERT_TRUE(writer.close());
  EXPECT_NE(writer.file_id(), before);
  EXPECT_EQ(writer.file_id(), id_of(path_));
  const std::uint64_t size = std::filesystem::file_size(path_);
  EXPECT_LE(free_bytes(path_), std::max(kFreeBytesMin, size / 100 * kFreeSharePercent));
  EXPECT_EQ(std::filesystem::status(path_).permissions(), std::filesystem::perms(0640));
  const CheckReport report = check_bag(path_).value();
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.points, 3'600u);
  // Nothing is left beside it.
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path("")))
    EXPECT_TRUE(entry.path() == path_ || entry.path() == lock_file_of(path_)) << entry.path();
}

TEST_F(SqueezeTest, LeavesABagAloneThatOthersHaveOpen) {
  BagWriter writer = BagWriter::open(path_, {}).value();
  write_many(writer);
  const FileDescriptor other(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(mark_opening(other.get()));
  mark_open(other.get());
  const FileId before = id_of(path_);
  ASSERT_TRUE(writer.close());
  EXPECT_EQ(id_of(path_), before);
  EXPECT_TRUE(check_bag(path_)->problems.empty());
}

TEST_F(SqueezeTest, LeavesABagAloneThatThisProcessReads) {
  BagWriter writer = BagWriter::open(path_, {}).value();
  write_many(writer);
  const BagReader reader(writer.file());
  const FileId before = id_of(path_);
  ASSERT_TRUE(writer.close());
  EXPECT_EQ(id_of(path_), before);
}

TEST_F(SqueezeTest, DoesNotTouchWhatHasTheNameByNow) {
  BagWriter writer = BagWriter::open(path_, {}).value();
  write_many(writer);
  std::filesystem::rename(path_, dir_.path("moved.zbag"));
  write_file(path_, "of another");
  ASSERT_TRUE(writer.close());
  EXPECT_EQ(file_bytes(path_), "of another");
  EXPECT_EQ(check_bag(dir_.path("moved.zbag"))->points, 3'600u);
}

// Of a copy that breaks off, the points that are there have their names.
TEST_F(SqueezeTest, WritesTheNamesOfTracksFirst) {
  BagWriter writer = BagWriter::open(path_, {}).value();
  write_many(writer);
  ASSERT_TRUE(writer.close());
  const std::string bytes = file_bytes(path_);
  EXPECT_LT(bytes.rfind("missed_before"), bytes.find("ZBK1"));
}

TEST_F(SqueezeTest, RefusesANameThatIsTaken) {
  { ASSERT_TRUE(BagWriter::open(path_, small_blocks())->close()); }
  const auto file = BagFile::open_to_read(path_).value();
  EXPECT_EQ(write_anew(*file, path_).error().code, ErrorCode::kExists);
  ASSERT_TRUE(write_anew(*file, dir_.path("b.zbag")));
  EXPECT_TRUE(check_bag(dir_.path("b.zbag"))->problems.empty());
  EXPECT_FALSE(std::filesystem::exists(lock_file_of(dir_.path("b.zbag"))));
}

}  // namespace
}  // namespace zbag
