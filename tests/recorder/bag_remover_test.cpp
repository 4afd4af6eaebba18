#include "recorder/bag_remover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "recorder/bag/read/bag_reader.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BagRemoverTest : public testing::Test {
 protected:
  BagSeries::Part make(const std::string& name, std::uint64_t points) {
    for (const char* suffix : {"", "-lock"}) std::ofstream(dir_.path(name + suffix)) << "x";
    return {dir_.path(name), points};
  }
  // Holds the remover's thread when it tells of a bag that is gone.
  void hold(bool held) {
    {
      const std::lock_guard lock(mutex_);
      is_held_ = held;
    }
    released_.notify_all();
  }

  TempDir dir_;
  std::mutex mutex_;
  std::condition_variable released_;
  bool is_held_ = false;
  std::uint64_t gone_points_ = 0;      // of the remover's thread until wait() has returned
  std::vector<std::string> warnings_;  // likewise
  BagRemover remover_{[this](const BagSeries::Part& part) {
                        std::unique_lock lock(mutex_);
                        released_.wait(lock, [&] { return !is_held_; });
                        gone_points_ += part.points;
                      },
                      [this](const std::string& text) { warnings_.push_back(text); }};
};

TEST_F(BagRemoverTest, RemovesBagsAndTheirLockFiles) {
  remover_.remove({make("a", 3), make("b", 4)});
  remover_.wait();
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path("")));
  EXPECT_EQ(gone_points_, 7u);
  EXPECT_FALSE(remover_.hurry());
  EXPECT_THAT(warnings_, IsEmpty());
}

// The caller goes on meanwhile, but never two sets ahead.
TEST_F(BagRemoverTest, WorksBesideItsCaller) {
  hold(true);
  remover_.remove({make("a", 1)});
  EXPECT_TRUE(remover_.hurry());
  const BagSeries::Part next = make("b", 2);
  std::thread caller([&] { remover_.remove({next}); });
  EXPECT_TRUE(std::filesystem::exists(next.path));
  hold(false);
  caller.join();
  remover_.wait();
  EXPECT_EQ(gone_points_, 3u);
}

TEST_F(BagRemoverTest, DoesNotCountWhatWasNotThere) {
  remover_.remove({{dir_.path("never"), 5}});
  remover_.wait();
  EXPECT_EQ(gone_points_, 0u);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(BagRemoverTest, SaysWhatCanNotBeRemoved) {
  std::filesystem::create_directories(dir_.path("folder/full"));
  remover_.remove({{dir_.path("folder"), 5}});
  remover_.wait();
  EXPECT_EQ(gone_points_, 0u);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("folder can not be removed: ")));
}

// What a reader has open stays whole until it lets go.
TEST_F(BagRemoverTest, TakesNothingFromReaders) {
  const std::string path = dir_.path("read.zbag");
  RowStore rows;
  {
    BagWriter writer = BagWriter::open(path, small_blocks()).value();
    for (int key = 0; key < 100; ++key)
      ASSERT_TRUE(writer.write(small_batch(rows, "a", key)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  const BagReader reader = BagReader::open(path).value();
  remover_.remove({{path, 100}});
  remover_.wait();
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(gone_points_, 100u);
  EXPECT_EQ(read_all(reader, {}).size(), 100u);
}

// A bag somebody has saved from the ring by a second name, or that a symbolic link leads to.
TEST_F(BagRemoverTest, TakesNothingFromOtherNames) {
  const std::string bag = make("bag", 1).path;
  std::filesystem::create_hard_link(bag, dir_.path("saved"));
  std::filesystem::create_symlink(dir_.path("saved"), dir_.path("link"));
  remover_.remove({{bag, 1}, {dir_.path("link"), 1}});
  remover_.wait();
  EXPECT_FALSE(std::filesystem::exists(bag));
  EXPECT_FALSE(std::filesystem::is_symlink(dir_.path("link")));
  EXPECT_EQ(file_bytes(dir_.path("saved")), "x");
}

TEST_F(BagRemoverTest, HasNothingToDoForNoBags) {
  remover_.remove({});
  EXPECT_FALSE(remover_.hurry());
}

}  // namespace
}  // namespace zbag
