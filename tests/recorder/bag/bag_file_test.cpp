#include "recorder/bag/bag_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "recorder/bag/pages/file_descriptor.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;

// How often this process has the file open.
int count_open(const std::string& path) {
  const std::filesystem::path real = std::filesystem::canonical(path);
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == real) ++count;
  }
  return count;
}

class BagFileTest : public testing::Test {
 protected:
  void make_bag(int points) {
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    for (int i = 0; i < points; ++i)
      ASSERT_TRUE(writer.write(small_batch(store_, "t", i)).has_value());
    ASSERT_TRUE(writer.close().has_value());
  }
  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  RowStore store_;
};

TEST_F(BagFileTest, IsNotFoundWhereThereIsNone) {
  EXPECT_EQ(BagReader::open(path_).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(check_bag(path_).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(BagFileTest, CannotBeMadeInAFolderThatIsNotThere) {
  const Result<BagWriter> writer = BagWriter::open(dir_.path("none/a.zbag"), small_blocks());
  ASSERT_FALSE(writer.has_value());
  EXPECT_EQ(writer.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(writer.error().message, HasSubstr("none/a.zbag"));
}

TEST_F(BagFileTest, IsDamagedWhenTheFileIsEmpty) {
  write_file(path_, "");
  const Result<BagReader> reader = BagReader::open(path_);
  EXPECT_EQ(reader.error().code, ErrorCode::kDamaged);
  EXPECT_THAT(reader.error().message, HasSubstr("empty"));
  EXPECT_EQ(check_bag(path_).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kDamaged);
}

TEST_F(BagFileTest, IsDamagedWhenTheFileIsSomethingElse) {
  write_file(path_, std::string(50'000, '#'));
  EXPECT_EQ(BagReader::open(path_).error().code, ErrorCode::kDamaged);
  EXPECT_THAT(BagReader::open(path_).error().message, HasSubstr("not a bag"));
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(file_bytes(path_), std::string(50'000, '#'));
}

TEST_F(BagFileTest, IsDamagedWhenItIsADirectory) {
  ASSERT_EQ(::mkdir(path_.c_str(), 0700), 0);
  EXPECT_EQ(BagReader::open(path_).error().code, ErrorCode::kDamaged);
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kDamaged);
}

TEST_F(BagFileTest, IsDamagedAtEveryTruncation) {
  make_bag(50);
  const std::string whole = file_bytes(path_);
  const std::string cut = dir_.path("cut.zbag");
  for (std::size_t size = 0; size < whole.size(); size += 1'000) {
    write_file(cut, std::string_view(whole).substr(0, size));
    EXPECT_EQ(BagReader::open(cut).error().code, ErrorCode::kDamaged) << size;
    EXPECT_EQ(check_bag(cut).error().code, ErrorCode::kDamaged) << size;
  }
}

TEST_F(BagFileTest, SaysThatItIsTruncatedAndWhich) {
  make_bag(50);
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 4096);
  const std::string message = BagReader::open(path_).error().message;
  EXPECT_THAT(message, HasSubstr("truncated"));
  EXPECT_THAT(message, HasSubstr(path_));
}

TEST_F(BagFileTest, OfANewerFormatIsRefusedByName) {
  make_bag(1);
  {
    const auto file = BagFile::open_to_write(path_, 0).value();
    const auto txn = file->env().write().value();
    ASSERT_TRUE(
        txn->put(file->tables().meta, kBagKey, BagRecord{kBagFormat + 1, "zbag 99.0", 0.0}.encode())
            .has_value());
    ASSERT_TRUE(txn->commit().has_value());
  }
  const Result<BagReader> reader = BagReader::open(path_);
  ASSERT_FALSE(reader.has_value());
  EXPECT_EQ(reader.error().code, ErrorCode::kNewerFormat);
  EXPECT_THAT(reader.error().message, HasSubstr("zbag 99.0"));
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kNewerFormat);
  EXPECT_EQ(check_bag(path_).error().code, ErrorCode::kNewerFormat);
}

TEST_F(BagFileTest, IsNeverMadeOverSomethingThatIsThere) {
  write_file(path_, "precious");
  EXPECT_EQ(BagFile::create(path_, 1u << 20).error().code, ErrorCode::kExists);
  EXPECT_EQ(file_bytes(path_), "precious");
}

TEST_F(BagFileTest, LeavesNothingElseBehindWhenItIsMade) {
  ASSERT_TRUE(BagFile::create(path_, 1u << 20).has_value());
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(path_).parent_path())) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, testing::ElementsAre("a.zbag"));
}

// Whose maker was killed; the number of a child that has ended is nobody's.
TEST_F(BagFileTest, RemovesWhatKilledMakersHaveLeft) {
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(dead, nullptr, 0), dead);
  const std::string left = path_ + ".making-" + std::to_string(dead);
  const std::string alive = path_ + ".making-" + std::to_string(::getppid());
  const std::string locked = left + ".making-7";
  const std::vector<std::string> others = {alive, path_ + ".making-", path_ + ".making-12x",
                                           dir_.path("b.zbag.making-") + std::to_string(dead)};
  for (const std::string& name : others) write_file(name, "x");
  for (const std::string& name : {left, left + "-lock", left + ".making-5"}) write_file(name, "x");
  write_file(locked, "x");
  const int fd = ::open(locked.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0);
  const std::string folder = left + ".making-9";
  std::filesystem::create_directories(folder + "/in");
  write_file(dir_.path("mine"), "x");
  std::filesystem::create_symlink(dir_.path("mine"), folder + "/in/link");
  std::filesystem::create_symlink(dir_.path("mine"), left + ".making-8");
  make_bag(1);
  EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_TRUE(std::filesystem::is_symlink(left + ".making-8")) << "nobody makes such";
  EXPECT_TRUE(std::filesystem::exists(dir_.path("mine")));
  for (const std::string& name : {left, left + "-lock", left + ".making-5"})
    EXPECT_FALSE(std::filesystem::exists(name)) << name;
  for (const std::string& name : others) EXPECT_TRUE(std::filesystem::exists(name)) << name;
  EXPECT_TRUE(std::filesystem::exists(locked)) << "its maker is alive elsewhere";
  ::close(fd);
  { BagWriter again = BagWriter::open(path_, small_blocks()).value(); }
  EXPECT_FALSE(std::filesystem::exists(locked));
}

TEST_F(BagFileTest, IsOneForAllReadersOfAProcess) {
  make_bag(1);
  const auto first = BagFile::open_to_read(path_).value();
  EXPECT_EQ(BagFile::open_to_read(dir_.path("./a.zbag")).value(), first);
}

// LMDB forbids two environments of one file: who opens while the last owner closes waits for it.
TEST_F(BagFileTest, IsOpenOnceHoweverManyThreadsOpenAndCloseIt) {
  make_bag(3);
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 300; ++round) {
        const Result<BagReader> reader = BagReader::open(path_);
        if (!reader || read_all(*reader, {}).size() != 3) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
}

// Somebody who holds the gate (lock_file.hpp) and does not go on costs those who open that bag.
TEST_F(BagFileTest, OpensWhileThisProcessWaitsToOpenAnother) {
  make_bag(1);
  const std::string other = dir_.path("other.zbag");
  std::filesystem::copy_file(path_, other);
  auto holder = std::make_unique<FileDescriptor>(::open(other.c_str(), O_RDWR | O_CLOEXEC));
  struct flock gate {};
  gate.l_type = F_WRLCK;
  gate.l_start = off_t{1} << 62;
  gate.l_len = 1;
  ASSERT_EQ(::fcntl(holder->get(), F_OFD_SETLK, &gate), 0);
  std::atomic<bool> is_done = false;
  Result<std::shared_ptr<BagFile>> waited_for;
  std::thread waiting([&] {
    waited_for = BagFile::open_to_read(other);
    is_done = true;
  });
  ASSERT_TRUE(wait_for([&] { return count_open(other) == 2; }));
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(BagFile::open_to_read(path_));
  EXPECT_FALSE(is_done);
  holder.reset();
  waiting.join();
  EXPECT_TRUE(waited_for);
}

TEST_F(BagFileTest, IsLentByTheWriterToReaders) {
  BagWriter writer = BagWriter::open(path_, small_blocks()).value();
  EXPECT_EQ(BagFile::open_to_read(path_).value(), writer.file());
}

TEST_F(BagFileTest, IsBusyForASecondWriterOfTheSameProcess) {
  BagWriter::Options options = small_blocks();
  options.node = "record-7";
  BagWriter writer = BagWriter::open(path_, options).value();
  const Result<BagWriter> second = BagWriter::open(path_, small_blocks());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_THAT(second.error().message, HasSubstr("record-7"));
}

TEST_F(BagFileTest, IsBusyForAWriterWhileThisProcessReads) {
  make_bag(1);
  const auto reader = BagFile::open_to_read(path_).value();
  EXPECT_EQ(BagWriter::open(path_, small_blocks()).error().code, ErrorCode::kBusy);
}

// 0: refused by the name of the holder.
int open_while_held(const std::string& path) {
  const Result<BagWriter> writer = BagWriter::open(path, small_blocks());
  if (writer) return 1;
  if (writer.error().code != ErrorCode::kBusy) return 2;
  return writer.error().message.find("holder (pid " + std::to_string(::getppid())) ==
                 std::string::npos
             ? 3
             : 0;
}

TEST_F(BagFileTest, IsRefusedToAWriterOfAnotherProcessWithTheHoldersName) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char go = 0;
    const bool told = ::read(ready[0], &go, 1) == 1;
    ::_exit(told ? open_while_held(path_) : 9);
  }
  BagWriter::Options options = small_blocks();
  options.node = "holder";
  BagWriter writer = BagWriter::open(path_, options).value();
  ASSERT_EQ(::write(ready[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

// Opens when `start` is closed, tells through `result` how that went, and holds on to what it got
// until `end` is closed.
[[noreturn]] void race(const std::string& path, int start, int result, int end) {
  char none = 0;
  static_cast<void>(::read(start, &none, 1) == 0);
  const Result<BagWriter> writer = BagWriter::open(path, small_blocks());
  const char got = writer ? 'w' : writer.error().code == ErrorCode::kBusy ? 'b' : '?';
  if (::write(result, &got, 1) != 1) ::_exit(1);
  static_cast<void>(::read(end, &none, 1) == 0);
  ::_exit(0);
}

TEST_F(BagFileTest, IsGivenToJustOneOfWritersThatMakeItAtOnce) {
  constexpr int kRounds = 25;
  constexpr std::size_t kWriters = 4;
  for (int round = 0; round < kRounds; ++round) {
    const std::string path = dir_.path("race" + std::to_string(round) + ".zbag");
    int start[2];
    int result[2];
    int end[2];
    ASSERT_TRUE(::pipe(start) == 0 && ::pipe(result) == 0 && ::pipe(end) == 0);
    for (std::size_t i = 0; i < kWriters; ++i) {
      if (::fork() != 0) continue;
      ::close(start[1]);
      ::close(end[1]);
      race(path, start[0], result[1], end[0]);
    }
    ::close(start[1]);
    std::string got(kWriters, '-');
    for (char& one : got) ASSERT_EQ(::read(result[0], &one, 1), 1);
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got, "bbbw") << "round " << round;
    ::close(end[1]);
    for (std::size_t i = 0; i < kWriters; ++i) EXPECT_GT(::wait(nullptr), 0);
    for (const int fd : {start[0], result[0], result[1], end[0]}) ::close(fd);
    EXPECT_TRUE(check_bag(path)->problems.empty());
  }
  std::cout << kRounds << " races of " << kWriters << " writers: one winner each\n";
}

TEST_F(BagFileTest, CanBeWrittenAgainOnceTheWriterIsGone) {
  make_bag(1);
  EXPECT_TRUE(BagWriter::open(path_, small_blocks()).has_value());
}

// A medium without room for a lock file: what nobody writes can still be read.
TEST_F(BagFileTest, OpensAClosedBagWhereNoLockFileCanBeMade) {
  make_bag(3);
  std::filesystem::remove(path_ + "-lock");
  ASSERT_EQ(::chmod(dir_.path("").c_str(), 0555), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // The superuser writes anywhere; somebody else must try.
    const bool is_nobody = ::geteuid() != 0 || ::seteuid(65'534) == 0;
    const Result<BagReader> reader = BagReader::open(path_);
    ::_exit(!is_nobody ? 1 : !reader ? 2 : read_all(*reader, {}).size() == 3 ? 0 : 3);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(::chmod(dir_.path("").c_str(), 0755), 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace zbag
