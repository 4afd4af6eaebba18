// Many processes that open, write, read, compact and close one bag at once, some of which are
// killed: lock_file.hpp promises that all who have it open share one lock file. Who may not write
// it is told that somebody else does only while somebody else really does.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "recorder/bag/pages/lock_file.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/compact.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr int kProcesses = 8;
constexpr int kRounds = 500;  // of each

// By the clock that all processes share.
std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// Of one process, one after another.
struct Spells {
  struct Spell {
    std::int64_t begin;
    std::int64_t end;
    bool meets(const Spell& other) const { return begin <= other.end && other.begin <= end; }
  };
  static constexpr int kMax = 1 << 18;

  std::atomic<int> count;
  std::array<Spell, kMax> list;  // of a map that is zero, and takes no memory where it stays so

  void add(Spell spell) {
    ZBAG_CHECK(count < kMax);
    list[count] = spell;
    ++count;
  }
  Spell take_last() { return list[--count]; }
  // The last one, where nobody has ended it.
  void end() {
    if (count > 0 && list[count - 1].end == INT64_MAX) list[count - 1].end = now_ns();
  }
  bool meet(const Spell& spell) const {
    return std::any_of(list.begin(), list.begin() + count,
                       [&](const Spell& one) { return one.meets(spell); });
  }
};

// What all of them can see.
struct Shared {
  std::array<std::atomic<int>, kProcesses> written;  // points of each, durable
  std::atomic<int> rounds;
  std::atomic<int> failures;
  std::array<Spells, kProcesses> held;     // each had the bag to write
  std::array<Spells, kProcesses> refused;  // each was told that somebody else had it
};

class LockRaceTest : public testing::Test {
 protected:
  void SetUp() override {
    void* const memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared_ = new (memory) Shared;
    BagWriter writer = BagWriter::open(path_, small_blocks()).value();
    ASSERT_TRUE(writer.close().has_value());
  }
  void TearDown() override { ::munmap(shared_, sizeof(Shared)); }

  void failed(const char* what, const Error& error) {
    ++shared_->failures;
    std::fprintf(stderr, "%s: %s\n", what, error.message.c_str());
  }

  static std::string track_of(int process) { return "robot/" + std::to_string(process); }

  // Does what needs the bag alone. False: somebody else has it, which is judged at the end.
  template <class Act>
  bool have(int process, const char* what, Act act) {
    Spells& held = shared_->held[process];
    held.add({now_ns(), INT64_MAX});
    const Status had = act();
    held.end();
    if (had) return true;
    const Spells::Spell spell = held.take_last();
    const bool is_busy = had.error().code == ErrorCode::kBusy;
    if (is_busy) shared_->refused[process].add(spell);
    if (!is_busy) failed(what, had.error());
    return !is_busy;
  }

  // Whoever asks again gets its turn: a commit takes longer than everything else here.
  void write(int process) {
    while (!have(process, "open to write", [&] { return try_write(process); })) ::usleep(200);
  }

  Status try_write(int process) {
    Result<BagWriter> writer = BagWriter::open(path_, small_blocks());
    if (!writer) return tl::unexpected(writer.error());
    RowStore store;
    for (int i = 0; i < 2; ++i) {
      const int n = shared_->written[process];
      const auto stored = writer->write(small_batch(store, track_of(process), n, n));
      if (!stored) failed("write", stored.error());
      if (stored) ++shared_->written[process];
    }
    if (Status closed = writer->close(); !closed) failed("close", closed.error());
    return {};
  }

  // What had been written before is there, in its order.
  void read() {
    std::array<int, kProcesses> before{};
    for (int i = 0; i < kProcesses; ++i) before[i] = shared_->written[i];
    // As `info` and `check` do: who looks is in nobody's way.
    for (int i = 0; i < 20; ++i) is_being_written(path_);
    const Result<BagReader> reader = BagReader::open(path_);
    if (!reader) return failed("open to read", reader.error());
    Result<BagCursor> cursor = reader->cursor({});
    if (!cursor) return failed("cursor", cursor.error());
    std::array<int, kProcesses> seen{};
    while (true) {
      const auto point = cursor->next();
      if (!point) return failed("read", point.error());
      if (!*point) break;
      const int process = (*point)->track.back() - '0';
      if ((*point)->key != seen[process]++) ++shared_->failures;
    }
    for (int i = 0; i < kProcesses; ++i) {
      if (seen[i] < before[i]) ++shared_->failures;
    }
  }

  void compact(int process) {
    have(process, "compact", [&]() -> Status {
      const auto report = compact_bag(path_, {}, {});
      return report ? Status() : tl::unexpected(report.error());
    });
  }

  pid_t start(int process, unsigned life) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    std::mt19937 random(static_cast<unsigned>(process) + 100 * life);
    for (int round = 0; round < kRounds; ++round) {
      const auto what = random() % 100;
      if (what < 8) {
        write(process);
      } else if (what < 98) {
        read();
      } else {
        compact(process);
      }
      ++shared_->rounds;
    }
    ::_exit(0);
  }

  void kill(int process, pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    shared_->held[process].end();
  }

  void expect_refusals_had_a_reason() {
    int refused = 0;
    int groundless = 0;
    for (int process = 0; process < kProcesses; ++process) {
      const Spells& spells = shared_->refused[process];
      refused += spells.count;
      for (int i = 0; i < spells.count; ++i) {
        bool has_reason = false;
        for (int other = 0; other < kProcesses && !has_reason; ++other)
          has_reason = other != process && shared_->held[other].meet(spells.list[i]);
        groundless += has_reason ? 0 : 1;
      }
    }
    EXPECT_GT(refused, 0) << "nobody met anybody";
    EXPECT_EQ(groundless, 0) << "of " << refused;
  }

  void expect_all_is_there() {
    EXPECT_EQ(shared_->failures, 0);
    const CheckReport report = check_bag(path_).value();
    EXPECT_TRUE(report.problems.empty()) << report.problems.front().what;
    const std::vector<Seen> points = read_all(BagReader::open(path_).value(), {});
    for (int i = 0; i < kProcesses; ++i) {
      int found = 0;
      for (const Seen& point : points) found += point.track == track_of(i) ? 1 : 0;
      // Whoever is killed may have written one that it has not counted.
      EXPECT_GE(found, shared_->written[i]);
      EXPECT_LE(found, shared_->written[i] + 1);
    }
    EXPECT_GT(shared_->written[kProcesses - 1], 0);
    expect_refusals_had_a_reason();
  }

  TempDir dir_{quick_disk()};
  const std::string path_ = dir_.path("a.zbag");
  Shared* shared_ = nullptr;
};

TEST_F(LockRaceTest, NothingIsLostAndNoLockFileIsLeft) {
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) children.push_back(start(i, 0));
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_FALSE(std::filesystem::exists(lock_file_of(path_)));
  expect_all_is_there();
}

TEST_F(LockRaceTest, NorWhereSomeAreKilled) {
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) children.push_back(start(i, 0));
  // Each of the first four is killed some times, at a count of rounds, not of time, and goes on.
  for (unsigned life = 1; life <= 10; ++life) {
    const int limit = shared_->rounds + 40;
    while (shared_->rounds < limit) ::usleep(100);
    const int process = static_cast<int>(life % 4);
    kill(process, children[process]);
    children[process] = start(process, life);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  expect_all_is_there();
  EXPECT_FALSE(std::filesystem::exists(lock_file_of(path_)));
}

}  // namespace
}  // namespace zbag
