#include "recorder/bag/pages/lmdb.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <iostream>
#include <map>
#include <random>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/pages/each_entry.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

// Whether a reader of process `pid` has a slot in the lock file: 64 bytes each, which begin with
// the number of the transaction it sees and its process (mdb.c of 0.9.24, MDB_reader).
bool has_reader(const std::string& bag, pid_t pid) {
  const std::string lock = file_bytes(bag + "-lock");
  bool found = false;
  for (std::size_t at = 64; at + 64 <= lock.size(); at += 64) {
    pid_t of = 0;
    std::memcpy(&of, lock.data() + at + 8, sizeof of);
    found = found || of == pid;
  }
  return found;
}

class DeadReaderTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(BagFile::create(path_, 1u << 20).has_value()); }

  // A process that was killed in the midst of a read transaction.
  pid_t killed_reader() {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const auto file = BagFile::open_to_read(path_).value();
      const auto txn = file->env().read().value();
      if (::write(ready[1], "x", 1) != 1) ::_exit(1);
      while (true) ::pause();
    }
    char is_ready = 0;
    EXPECT_EQ(::read(ready[0], &is_ready, 1), 1);
    EXPECT_TRUE(has_reader(path_, child));
    ::kill(child, SIGKILL);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
    ::close(ready[0]);
    ::close(ready[1]);
    return child;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
};

TEST_F(DeadReaderTest, IsLookedForEveryTenSeconds) {
  EXPECT_EQ(Env::Options{}.dead_readers_every, std::chrono::seconds(10));
}

TEST_F(DeadReaderTest, IsClearedByAWriterThatHasBeenThereAllTheTime) {
  const auto env = Env::open(path_, {.dead_readers_every = std::chrono::seconds(0)}).value();
  ASSERT_TRUE(env->write().has_value());
  const pid_t dead = killed_reader();
  ASSERT_TRUE(has_reader(path_, dead));
  ASSERT_TRUE(env->write().has_value());
  EXPECT_FALSE(has_reader(path_, dead));
}

TEST_F(DeadReaderTest, IsLeftAloneUntilItIsTime) {
  const auto env = Env::open(path_, {.dead_readers_every = std::chrono::hours(1)}).value();
  ASSERT_TRUE(env->write().has_value());  // looks for some, and finds none
  const pid_t dead = killed_reader();
  ASSERT_TRUE(env->write().has_value());
  EXPECT_TRUE(has_reader(path_, dead));
}

// What a dead reader costs: pages it saw are not used again, so that the file grows with every
// write.
TEST_F(DeadReaderTest, KeepsTheFileFromGrowingNoLongerThanItTakesToClearIt) {
  const auto env =
      Env::open(path_, {.map_bytes = 64u << 20, .dead_readers_every = std::chrono::hours(1)})
          .value();
  const auto rewrite = [&] {
    for (int i = 0; i < 50; ++i) {
      const auto txn = env->write().value();
      const Table table = txn->open_table("rewritten").value();
      EXPECT_TRUE(txn->put(table, "key", std::string(40'000, static_cast<char>('a' + i % 26))));
      EXPECT_TRUE(txn->commit().has_value());
    }
    return env->used_bytes();
  };
  const std::size_t settled = rewrite();
  EXPECT_EQ(rewrite(), settled);
  killed_reader();
  const std::size_t grown = rewrite();
  EXPECT_GT(grown, settled + 1'000'000);
  env->clear_dead_readers();
  EXPECT_EQ(rewrite(), grown);
  std::cout << "a dead reader: the file grew by " << (grown - settled) / 1'000
            << " kB in 50 writes, by 0 kB in 50 more once it was cleared\n";
}

// Small values that came in no order, and large ones, more than one transaction of a copy takes.
std::map<std::string, std::string> mixed_entries() {
  std::map<std::string, std::string> entries;
  for (int i = 0; i < 2'000; ++i)
    entries[fmt::format("{:05}", i * 7'919 % 10'007)].assign(300, 's');
  for (int i = 0; i < 40; ++i) entries[fmt::format("large {:02}", i)].assign(1u << 20, 'l');
  return entries;
}

// Puts the small ones in another order than that of their keys.
void put_all(Env& env, const char* name, const std::map<std::string, std::string>& entries) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : entries) keys.push_back(key);
  std::ranges::shuffle(keys, std::mt19937_64(1));
  const auto txn = env.write().value();
  const Table table = txn->open_table(name).value();
  for (const std::string& key : keys) ASSERT_TRUE(txn->put(table, key, entries.at(key)));
  ASSERT_TRUE(txn->commit().has_value());
}

std::map<std::string, std::string> all_of(Env& env, const char* name) {
  std::map<std::string, std::string> entries;
  const auto txn = env.read().value();
  const Table table = txn->open_table(name).value().value();
  EXPECT_TRUE(each_entry(*txn, table, {}, [&](const TableCursor::Item& item) -> Status {
    entries.emplace(item.key, item.value);
    return {};
  }));
  return entries;
}

TEST(CopyUsedTest, HoldsTheSameInFullPages) {
  const TempDir dir;
  const auto env = Env::open(dir.path("a"), {.map_bytes = 128u << 20}).value();
  const auto entries = mixed_entries();
  put_all(*env, "one", entries);
  put_all(*env, "two", {});
  ASSERT_TRUE(env->copy_used(dir.path("b")).has_value());
  const auto copy = Env::open(dir.path("b"), {.map_bytes = 128u << 20}).value();
  EXPECT_EQ(all_of(*copy, "one"), entries);
  EXPECT_TRUE(all_of(*copy, "two").empty());
  // An entry of 300 bytes takes 314 of the 4080 of a page, a large value a page more than its own.
  constexpr std::size_t kPages = 2'000 / 12 + 40 * 257 + 40;
  EXPECT_LE(copy->used_bytes(), kPages * 4'096);
  EXPECT_GT(env->used_bytes(), kPages * 4'096);
}

TEST(CopyUsedTest, RefusesANameThatIsTaken) {
  const TempDir dir;
  const auto env = Env::open(dir.path("a"), {.map_bytes = 1u << 20}).value();
  put_all(*env, "one", {{"key", "value"}});
  ASSERT_TRUE(env->copy_used(dir.path("b")).has_value());
  EXPECT_EQ(env->copy_used(dir.path("b")).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace zbag
