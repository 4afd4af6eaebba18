#include "recorder/bag/pages/meta_pages.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/pages/free_pages.hpp"
#include "recorder/bag/pages/page_walk.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/recover.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/byte_io.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// A bag whose last pages are free and were never written: a transaction took and gave back more
// than it needed.
class FreeEndTest : public testing::Test {
 protected:
  static constexpr int kPoints = 50;

  void SetUp() override {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    for (int i = 0; i < kPoints; ++i)
      ASSERT_TRUE(writer.write(small_batch(store_, "t", i)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }

  // `keys` decide how many pages are taken.
  void take_and_give_back(int keys) {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const Table table = file->tables().attachments;
    const auto txn = file->env().write().value();
    const auto key_of = [](int i) { return fmt::format("{:06}", i); };
    for (int i = 0; i < keys; ++i)
      ASSERT_TRUE(txn->put(table, key_of(i), std::string(1'000, 'x')).has_value());
    for (int i = keys; i-- > 0;) ASSERT_TRUE(txn->erase(table, key_of(i)).has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  std::uint64_t pages() const { return std::filesystem::file_size(path_) / 4096; }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  RowStore store_;
};

TEST_F(FreeEndTest, LeavesABagWhole) {
  take_and_give_back(400);
  const Result<MetaPages> meta = read_meta_pages(path_);
  ASSERT_TRUE(meta.has_value()) << meta.error().message;
  ASSERT_GT(meta->last_page, pages() + 50);
  EXPECT_EQ(read_all(BagReader::open(path_).value(), {}).size(), std::size_t{kPoints});
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
  const Result<RecoverReport> report = recover_bag(path_, dir_.path("out.zbag"));
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_TRUE(report->is_whole());
  EXPECT_EQ(report->points, std::uint64_t{kPoints});
}

TEST_F(FreeEndTest, IsWrittenOn) {
  take_and_give_back(400);
  ASSERT_LT(pages(), read_meta_pages(path_)->last_page);
  {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    for (int i = 0; i < kPoints; ++i)
      ASSERT_TRUE(writer.write(small_batch(store_, "t", kPoints + i)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  EXPECT_EQ(read_all(BagReader::open(path_).value(), {}).size(), std::size_t{2 * kPoints});
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
}

// The list of free pages is long enough for pages of its own here, and for branches.
TEST_F(FreeEndTest, IsReadFromALongList) {
  for (int i = 0; i < 300; i += is_long() ? 1 : 10) take_and_give_back(i);
  take_and_give_back(8'000);
  const Result<MetaPages> meta = read_meta_pages(path_);
  ASSERT_TRUE(meta.has_value()) << meta.error().message;
  ASSERT_GT(meta->last_page, pages() + 512);
}

TEST_F(FreeEndTest, IsNoExcuseForATruncation) {
  take_and_give_back(400);
  std::uint64_t refused = 0;
  for (std::uint64_t size = std::filesystem::file_size(path_); size > 4096; size -= 512) {
    std::filesystem::resize_file(path_, size - 512);
    const Result<BagReader> reader = BagReader::open(path_);
    if (reader) {  // cut were free pages alone
      EXPECT_THAT(check_bag(path_)->problems, IsEmpty()) << size;
      continue;
    }
    ++refused;
    EXPECT_EQ(reader.error().code, ErrorCode::kDamaged);
    EXPECT_THAT(reader.error().message, HasSubstr("truncated")) << size;
  }
  EXPECT_GT(refused, 50u);
}

// Whatever the list says, reading it ends and stays in the file.
TEST_F(FreeEndTest, IsBelievedNothing) {
  take_and_give_back(3'000);
  const MetaPages meta = read_meta_pages(path_).value();
  const std::string sound = file_bytes(path_);
  std::mt19937_64 random(20261128);
  int denied = 0;
  const int cases = is_long() ? 20'000 : 1'000;
  for (int i = 0; i < cases; ++i) {
    std::string bytes = sound;
    const std::uint64_t root = random() % 4 == 0 ? random() % (pages() + 2) : meta.free_root;
    for (std::uint64_t flips = random() % 8; flips > 0; --flips) {
      const std::size_t page = random() % 2 == 0 ? meta.free_root : random() % pages();
      const std::size_t within = random() % 2 == 0 ? random() % 64 : random() % 4096;
      bytes[page * 4096 + within] = static_cast<char>(random());
    }
    const PageFile file({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, 4096);
    const std::uint64_t last = random() % 8 == 0 ? random() : meta.last_page + 1;
    if (!are_free(file, root, pages(), last)) ++denied;
  }
  EXPECT_GT(denied, cases / 20);
  EXPECT_LT(denied, cases - cases / 20);
}

}  // namespace
}  // namespace zbag
