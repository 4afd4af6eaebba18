#include "recorder/bag/squeeze.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>
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

  // Of the bag; empty: it has none of that name.
  std::string attribute(const char* name) const {
    std::string value(4'096, '\0');
    const ssize_t size = ::getxattr(path_.c_str(), name, value.data(), value.size());
    value.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return value;
  }
  // As the kernel keeps one: its owner may write, user 4242 has `rights`.
  static std::string access_list_of(std::uint16_t rights) {
    struct Entry {
      std::uint16_t tag;
      std::uint16_t rights;
      std::uint32_t id;
    };
    constexpr std::uint32_t kNobody = UINT32_MAX;
    const Entry entries[] = {{0x01, 6, kNobody},
                             {0x02, rights, 4242},
                             {0x04, 4, kNobody},
                             {0x10, 6, kNobody},
                             {0x20, 0, kNobody}};
    std::string list("\x02\0\0\0", 4);
    return list.append(reinterpret_cast<const char*>(entries), sizeof entries);
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

// Access lists are such attributes; a new file may have one of its own from its directory.
TEST_F(SqueezeTest, KeepsExtendedAttributes) {
  const std::string value = "arm 7";
  const std::string access_list = access_list_of(0x4);
  BagWriter writer = BagWriter::open(path_, {}).value();
  if (::setxattr(path_.c_str(), "user.robot", value.data(), value.size(), 0) != 0)
    GTEST_SKIP() << "no extended attributes here: " << std::strerror(errno);
  const bool has_lists = ::setxattr(path_.c_str(), "system.posix_acl_access", access_list.data(),
                                    access_list.size(), 0) == 0;
  write_many(writer);
  const FileId before = id_of(path_);
  ASSERT_TRUE(writer.close());
  EXPECT_NE(id_of(path_), before);
  EXPECT_EQ(attribute("user.robot"), value);
  if (has_lists) {
    EXPECT_EQ(attribute("system.posix_acl_access"), access_list);
  }
}

TEST_F(SqueezeTest, GivesNoAttributeThatTheBagHadNot) {
  BagWriter writer = BagWriter::open(path_, {}).value();
  const std::string access_list = access_list_of(0x6);
  if (::setxattr(dir_.path("").c_str(), "system.posix_acl_default", access_list.data(),
                 access_list.size(), 0) != 0)
    GTEST_SKIP() << "no access lists here: " << std::strerror(errno);
  write_many(writer);
  const FileId before = id_of(path_);
  ASSERT_TRUE(writer.close());
  EXPECT_NE(id_of(path_), before);
  EXPECT_EQ(attribute("system.posix_acl_access"), "");
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
