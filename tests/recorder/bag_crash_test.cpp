// A recorder killed at any moment leaves a whole bag: everything a flush covered, and of the rest a
// prefix of what was appended, over all tracks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <random>

#include "recorder/bag/bag_check.hpp"
#include "recorder/bag/bag_reader.hpp"
#include "recorder/bag_session.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr int kTracks = 5;

// Appends number after number, from `first` on, over all tracks; says which are durable.
[[noreturn]] void append_until_killed(const std::string& path, std::uint64_t first, int pipe) {
  BagSessionOptions options;
  options.recording.sync = std::chrono::milliseconds(20);
  options.recording.bag.map_bytes = 16u << 20;
  options.recording.bag.block_pages = 2;
  const auto session = open_bag_session(path, options);
  if (!session) ::_exit(1);
  std::vector<Track> tracks;
  for (int i = 0; i < kTracks; ++i)
    tracks.push_back((*session)->track("track/" + std::to_string(i)).value());
  for (std::uint64_t n = first;; ++n) {
    const std::string blob(n % 50 == 0 ? 5'000 : n % 40, 'b');
    const auto size = static_cast<std::size_t>(kTracks);
    if (!tracks[n % size].append({{"n", n}, {"blob", blob}}, static_cast<double>(n))) ::_exit(2);
    if (n % 97 != 96) continue;
    if (!(*session)->flush()) ::_exit(3);
    if (::write(pipe, &n, sizeof n) != static_cast<ssize_t>(sizeof n)) ::_exit(4);
  }
}

struct Killed {
  std::uint64_t durable = 0;  // numbers below it
  int status = 0;
};

// Lets a child append for `us` microseconds after its first durable flush.
Killed kill_while_appending(const std::string& path, std::uint64_t first, long us) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    append_until_killed(path, first, ends[1]);
  }
  ::close(ends[1]);
  Killed killed{first, 0};
  std::uint64_t n = 0;
  if (::read(ends[0], &n, sizeof n) == static_cast<ssize_t>(sizeof n)) killed.durable = n + 1;
  const timespec moment{0, us * 1'000};
  ::nanosleep(&moment, nullptr);  // the moment of the kill, not a wait for anything
  ::kill(child, SIGKILL);
  EXPECT_EQ(::waitpid(child, &killed.status, 0), child);
  while (::read(ends[0], &n, sizeof n) == static_cast<ssize_t>(sizeof n)) killed.durable = n + 1;
  ::close(ends[0]);
  return killed;
}

// The numbers in the bag, in time order: they must be 0, 1, 2...
std::vector<std::uint64_t> numbers_in(const std::string& path) {
  std::vector<std::uint64_t> numbers;
  for (const Seen& point : read_all(BagReader::open(path).value(), {}))
    numbers.push_back(uint_field(point.fields, "n"));
  return numbers;
}

std::size_t length_of_prefix(const std::vector<std::uint64_t>& numbers) {
  std::size_t length = 0;
  while (length < numbers.size() && numbers[length] == length) ++length;
  return length;
}

TEST(BagCrashTest, LeavesAWholeBagWhereverTheKillFalls) {
  TempDir dir;
  const std::string path = dir.path("crash.zbag");
  std::mt19937_64 random(std::random_device{}());
  std::uint64_t appended = 0;
  for (int round = 0; round < 20; ++round) {
    const Killed killed =
        kill_while_appending(path, appended, static_cast<long>(random() % 60'000));
    ASSERT_TRUE(WIFSIGNALED(killed.status)) << "exit " << WEXITSTATUS(killed.status);

    const Result<CheckReport> report = check_bag(path);
    ASSERT_TRUE(report.has_value()) << report.error().message;
    EXPECT_THAT(report->problems, testing::IsEmpty());
    EXPECT_TRUE(report->unclosed);
    const std::vector<std::uint64_t> numbers = numbers_in(path);
    EXPECT_EQ(length_of_prefix(numbers), numbers.size());
    EXPECT_GE(numbers.size(), killed.durable);
    appended = numbers.size();
  }
  // Once a writer has closed it, the counts are held against the blocks, too.
  ASSERT_TRUE(open_bag_session(path, {}).value()->close().has_value());
  const CheckReport report = check_bag(path).value();
  EXPECT_THAT(report.problems, testing::IsEmpty());
  EXPECT_EQ(report.points, appended);
  EXPECT_EQ(BagReader::open(path)->summary()->runs.size(), 21u);
}

}  // namespace
}  // namespace zbag
