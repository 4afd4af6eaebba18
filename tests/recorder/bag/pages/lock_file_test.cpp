#include "recorder/bag/pages/lock_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/pages/file_descriptor.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// A process that has done something, says so, and ends when it may.
class Other {
 public:
  explicit Other(const std::function<void()>& hold) {
    int ready[2];
    int go[2];
    if (::pipe(ready) != 0 || ::pipe(go) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::close(go[1]);
      say_ready = ready[1];
      await = go[0];
      hold();
      ::_exit(0);
    }
    ::close(ready[1]);
    ::close(go[0]);
    go_ = go[1];
    char byte = 0;
    is_ready_ = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
  }
  ~Other() {
    if (child_ > 0) end();
  }
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;

  // In the other process: what is open stays open until the test says so.
  static void wait() {
    char byte = 'x';
    if (::write(say_ready, &byte, 1) != 1) ::_exit(1);
    if (::read(await, &byte, 1) > 0) ::_exit(1);
  }
  bool is_ready() const { return is_ready_; }
  // The exit code.
  int end() {
    ::close(go_);
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  inline static int say_ready = -1;
  inline static int await = -1;
  pid_t child_ = -1;
  int go_ = -1;
  bool is_ready_ = false;
};

class LockFileTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(BagFile::create(path_, 1u << 20).has_value()); }
  bool has_lock_file() const { return fs::exists(lock_file_of(path_)); }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
};

TEST_F(LockFileTest, IsGoneWhenNobodyHasTheBagOpen) {
  {
    const auto file = BagFile::open_to_read(path_).value();
    EXPECT_TRUE(has_lock_file());
  }
  EXPECT_FALSE(has_lock_file());
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    EXPECT_TRUE(has_lock_file());
  }
  EXPECT_FALSE(has_lock_file());
}

TEST_F(LockFileTest, StaysWhileAnotherProcessHasTheBagOpen) {
  Other other([&] {
    const auto file = BagFile::open_to_read(path_).value();
    Other::wait();
  });
  ASSERT_TRUE(other.is_ready());
  { const auto file = BagFile::open_to_write(path_, 0).value(); }
  EXPECT_TRUE(has_lock_file());
  EXPECT_EQ(other.end(), 0);
  EXPECT_FALSE(has_lock_file());
}

// The kernel lets go for who is killed; the next one to close removes.
TEST_F(LockFileTest, IsRemovedByTheNextAfterAKill) {
  Other other([&] {
    const auto file = BagFile::open_to_write(path_, 0).value();
    Other::wait();
    ::_exit(0);  // as a kill does, without closing
  });
  ASSERT_TRUE(other.is_ready());
  EXPECT_EQ(other.end(), 0);
  ASSERT_TRUE(has_lock_file());
  { const auto file = BagFile::open_to_read(path_).value(); }
  EXPECT_FALSE(has_lock_file());
}

// mdb_stat, python-lmdb and the like do not mark a bag as open.
TEST_F(LockFileTest, StaysWhileAStrangerReads) {
  Other stranger([&] {
    const auto env = Env::open(path_, {.read_only = true}).value();
    const auto txn = env->read().value();
    Other::wait();
  });
  ASSERT_TRUE(stranger.is_ready());
  { const auto file = BagFile::open_to_write(path_, 0).value(); }
  EXPECT_TRUE(has_lock_file());
  EXPECT_EQ(stranger.end(), 0);
  { const auto file = BagFile::open_to_read(path_).value(); }
  EXPECT_FALSE(has_lock_file());
}

// The name is another bag's by now, and so is the lock file beside it.
TEST_F(LockFileTest, StaysWhereTheBagWasReplacedWhileItWasOpen) {
  const std::string other = dir_.path("b.zbag");
  ASSERT_TRUE(BagFile::create(other, 1u << 20).has_value());
  {
    const auto file = BagFile::open_to_read(path_).value();
    fs::rename(other, path_);
  }
  EXPECT_TRUE(has_lock_file());
  fs::remove(path_);
  ASSERT_TRUE(BagFile::create(path_, 1u << 20).has_value());
  EXPECT_FALSE(has_lock_file()) << "a new bag begins without another one's";
}

TEST_F(LockFileTest, IsNotRemovedByWhoMayNotWriteTheBag) {
  ASSERT_EQ(::chmod(path_.c_str(), 0444), 0);
  fs::permissions(fs::path(path_).parent_path(), fs::perms::all);
  Other other([&] {
    if (::geteuid() == 0 && ::setuid(65'534) != 0) ::_exit(1);
    { const auto file = BagFile::open_to_read(path_).value(); }
    Other::wait();
  });
  EXPECT_TRUE(other.is_ready());
  EXPECT_EQ(other.end(), 0);
  EXPECT_TRUE(has_lock_file());
}

TEST_F(LockFileTest, IsOneForABagAndLinksToIt) {
  const std::string link = dir_.path("link.zbag");
  fs::create_symlink(path_, link);
  Other other([&] {
    const auto file = BagFile::open_to_read(link).value();
    Other::wait();
  });
  ASSERT_TRUE(other.is_ready());
  EXPECT_TRUE(has_lock_file());
  EXPECT_FALSE(fs::exists(lock_file_of(link)));
  { const auto file = BagFile::open_to_write(path_, 0).value(); }
  EXPECT_TRUE(has_lock_file());
  EXPECT_EQ(other.end(), 0);
  EXPECT_FALSE(has_lock_file());
}

TEST_F(LockFileTest, GoesWithTheBagThatIsRemoved) {
  Other other([&] {
    const auto file = BagFile::open_to_read(path_).value();
    Other::wait();
    if (!file->read()) ::_exit(1);  // who has it open keeps it
  });
  ASSERT_TRUE(other.is_ready());
  EXPECT_FALSE(remove_bag(path_));
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_FALSE(has_lock_file());
  EXPECT_EQ(other.end(), 0);
  EXPECT_EQ(remove_bag(path_), std::errc::no_such_file_or_directory);
}

// Whoever opens while a name changes gets the bag that has it then, and never the lock file of the
// one before.
TEST_F(LockFileTest, NobodyOpensWhileANameChanges) {
  const std::string made = dir_.path("made.zbag");
  ASSERT_TRUE(BagFile::create(made, 1u << 20).has_value());
  const auto is_opening_barred = [](const std::string& path) {
    const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    struct flock lock {};
    lock.l_type = F_RDLCK;
    lock.l_start = off_t{1} << 62;
    lock.l_len = 1;
    return ::fcntl(file.get(), F_OFD_SETLK, &lock) != 0;
  };
  const Status named = name_bag(made, path_, [&]() -> Status {
    EXPECT_TRUE(is_opening_barred(made));
    EXPECT_TRUE(is_opening_barred(path_));
    fs::rename(made, path_);
    return {};
  });
  EXPECT_TRUE(named.has_value());
  EXPECT_FALSE(is_opening_barred(path_));
  { const auto file = BagFile::open_to_write(path_, 0).value(); }
  EXPECT_FALSE(has_lock_file());
}

}  // namespace
}  // namespace zbag
