// What the kernel's cache holds of a file when the keeper has let go of a part: asked of the
// kernel.
#include "recorder/bag/pages/cache_keeper.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {
namespace {

constexpr std::size_t kMiB = 1u << 20;
constexpr std::size_t kPage = 4096;
constexpr std::size_t kFileBytes = 16 * kMiB;

class CacheKeeperTest : public testing::Test {
 protected:
  void SetUp() override {
    fd_ = ::open(dir_.path("file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(fd_, 0);
    struct statfs disk {};
    ASSERT_EQ(::fstatfs(fd_, &disk), 0);
    if (disk.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has nowhere to let pages go to";
    const std::string bytes(kMiB, 'b');
    for (std::size_t at = 0; at < kFileBytes; at += kMiB)
      ASSERT_EQ(::write(fd_, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    ASSERT_EQ(::fsync(fd_), 0);  // only clean pages can go
    // Never touched: pages that are mapped stay.
    map_ = ::mmap(nullptr, kFileBytes, PROT_READ, MAP_SHARED, fd_, 0);
    ASSERT_NE(map_, MAP_FAILED);
  }
  void TearDown() override {
    if (map_ != nullptr) ::munmap(map_, kFileBytes);
    ::close(fd_);
  }

  // How much of [from, to) is in the cache, 0 to 1.
  double cached(std::size_t from, std::size_t to) const {
    std::vector<unsigned char> pages((to - from) / kPage);
    EXPECT_EQ(::mincore(static_cast<char*>(map_) + from, to - from, pages.data()), 0);
    const auto count = std::count_if(pages.begin(), pages.end(), [](auto p) { return p & 1; });
    return static_cast<double>(count) / static_cast<double>(pages.size());
  }

  TempDir dir_;
  int fd_ = -1;
  void* map_ = nullptr;
};

TEST_F(CacheKeeperTest, LetsGoOfWhatLiesBetweenItsBeginAndWhereItIsTold) {
  CacheKeeper keeper(fd_, 2 * kMiB);
  keeper.let_go(8 * kMiB);
  EXPECT_TRUE(wait_for([&] { return cached(2 * kMiB, 8 * kMiB) == 0.0; }));
  EXPECT_EQ(cached(0, 2 * kMiB), 1.0);
  EXPECT_EQ(cached(8 * kMiB, kFileBytes), 1.0);
  keeper.let_go(4 * kMiB);  // behind it already
  keeper.let_go(12 * kMiB);
  EXPECT_TRUE(wait_for([&] { return cached(8 * kMiB, 12 * kMiB) == 0.0; }));
  EXPECT_EQ(cached(12 * kMiB, kFileBytes), 1.0);
}

TEST_F(CacheKeeperTest, LetsGoAfterACommitOfWhatItWasToldMeanwhile) {
  CacheKeeper keeper(fd_, 0);
  keeper.begin();
  keeper.let_go(8 * kMiB);
  keeper.end();
  EXPECT_TRUE(wait_for([&] { return cached(0, 8 * kMiB) == 0.0; }));
}

TEST_F(CacheKeeperTest, LetsGoOfWhatItWasToldBeforeItEnds) {
  std::optional<CacheKeeper> keeper;
  keeper.emplace(fd_, 0);
  keeper->let_go(kFileBytes);
  keeper.reset();
  EXPECT_EQ(cached(0, kFileBytes), 0.0);
}

// Hangs, and ctest ends it, if the destructor waits for a commit that never ends.
TEST_F(CacheKeeperTest, EndsInTheMiddleOfACommit) {
  std::optional<CacheKeeper> keeper;
  keeper.emplace(fd_, 0);
  keeper->begin();
  keeper.reset();
  EXPECT_EQ(cached(0, kFileBytes), 1.0);
}

}  // namespace
}  // namespace zbag
