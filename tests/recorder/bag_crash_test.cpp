// A recorder killed at any moment leaves a whole bag: everything a flush covered, and of the rest a
// prefix of what was appended, over all tracks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <random>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag_session.hpp"
#include "tests/recorder/numbered_frames.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

// What the child is at when it is killed. kGrowing: at its first write, before which the map grows.
enum class Phase : std::size_t { kOpening, kGrowing, kAppending, kClosing };
constexpr std::array<const char*, 4> kPhases = {"opening", "growing", "appending", "closing"};

// What the child tells through its pipe.
struct News {
  std::uint64_t durable = 0;  // frames below it were flushed
  bool in_phase = false;
};

// Records frame after frame into a bag until it is killed.
class Child {
 public:
  Child(std::string path, Phase phase, std::uint64_t first, int pipe)
      : path_(std::move(path)), phase_(phase), next_(first), durable_(first), pipe_(pipe) {}

  [[noreturn]] void run() {
    while (true) {
      tell(Phase::kOpening);
      BagSessionOptions options;
      options.recording.sync = std::chrono::milliseconds(20);
      options.bag.block_pages = 2;
      options.bag.map_bytes = 1u << 20;
      const auto session = open_bag_session(path_, options);
      if (!session) ::_exit(1);
      NumberedFrames frames(**session);
      tell(Phase::kGrowing);
      append(**session, frames);
      tell(Phase::kAppending);
      for (int i = 0; i < 20 || phase_ == Phase::kAppending; ++i) append(**session, frames);
      tell(Phase::kClosing);
      if (!(*session)->close()) ::_exit(2);
    }
  }

 private:
  void tell(Phase phase) const {
    const News news{durable_, phase == phase_};
    if (::write(pipe_, &news, sizeof news) != static_cast<ssize_t>(sizeof news)) ::_exit(3);
  }

  void append(Session& session, NumberedFrames& frames) {
    for (int i = 0; i < 47; ++i) {
      if (!frames.append(next_)) ::_exit(4);
      ++next_;
    }
    if (!session.flush()) ::_exit(5);
    durable_ = next_;
    tell(Phase::kAppending);
  }

  const std::string path_;
  const Phase phase_;
  std::uint64_t next_;
  std::uint64_t durable_;
  const int pipe_;
};

struct Killed {
  std::uint64_t durable = 0;
  int status = 0;
};

// Lets a child record and kills it `us` microseconds after it has come to `phase`.
Killed kill_child(const std::string& path, Phase phase, std::uint64_t first, long us) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    Child(path, phase, first, ends[1]).run();
  }
  ::close(ends[1]);
  Killed killed{first, 0};
  News news;
  const auto hears = [&] {
    const bool heard = ::read(ends[0], &news, sizeof news) == static_cast<ssize_t>(sizeof news);
    if (heard) killed.durable = news.durable;
    return heard;
  };
  while (hears() && !news.in_phase) continue;
  const timespec moment{0, us * 1'000};
  ::nanosleep(&moment, nullptr);  // the moment of the kill, not a wait for anything
  ::kill(child, SIGKILL);
  EXPECT_EQ(::waitpid(child, &killed.status, 0), child);
  while (hears()) continue;
  ::close(ends[0]);
  return killed;
}

TEST(BagCrashTest, LeavesAWholeBagWhereverTheKillFalls) {
  TempDir dir;
  std::mt19937_64 random(std::random_device{}());
  const std::size_t rounds = cases_of("ZBAG_KILLS", 200);
  std::array<std::size_t, kPhases.size()> kills{};
  std::uint64_t frames = 0;
  std::uint64_t unsynced = 0;
  std::string path;
  std::uint64_t found = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    if (round % 10 == 0) {  // a new bag now and then: making one is killed, too
      path = dir.path("crash" + std::to_string(round) + ".zbag");
      found = 0;
    }
    const auto phase = static_cast<Phase>(random() % kPhases.size());
    const Killed killed = kill_child(path, phase, found, static_cast<long>(random() % 5'000));
    ASSERT_TRUE(WIFSIGNALED(killed.status)) << "exit " << WEXITSTATUS(killed.status);
    ++kills[static_cast<std::size_t>(phase)];
    const std::uint64_t before = found;
    if (std::filesystem::exists(path) || killed.durable > 0) {
      const Result<std::uint64_t> whole = NumberedFrames::count_of_whole(path);
      ASSERT_TRUE(whole.has_value()) << whole.error().message;
      found = *whole;
    }
    ASSERT_GE(found, killed.durable) << "killed while " << kPhases[static_cast<std::size_t>(phase)];
    frames += found - before;
    unsynced += found - killed.durable;
  }
  std::cout << rounds << " kills of a session (";
  for (std::size_t i = 0; i < kPhases.size(); ++i)
    std::cout << kills[i] << ' ' << kPhases[i] << ' ';
  std::cout << "): " << frames << " frames recorded, 0 flushed ones missing, " << unsynced
            << " more were there\n";
  EXPECT_GT(frames, 0u);
}

TEST(BagCrashTest, CountsEveryRunOfWritersThatWereKilled) {
  TempDir dir;
  const std::string path = dir.path("crash.zbag");
  std::uint64_t found = 0;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(WIFSIGNALED(kill_child(path, Phase::kAppending, found, 1'000).status));
    EXPECT_TRUE(check_bag(path)->unclosed);
    found = NumberedFrames::count_of_whole(path).value();
  }
  // Once a writer has closed it, the counts are held against the blocks, too.
  ASSERT_TRUE(open_bag_session(path, {}).value()->close().has_value());
  EXPECT_EQ(NumberedFrames::count_of_whole(path).value(), found);
  EXPECT_FALSE(check_bag(path)->unclosed);
  EXPECT_EQ(BagReader::open(path)->summary()->runs.size(), 4u);
}

}  // namespace
}  // namespace zbag
