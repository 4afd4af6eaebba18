// A bag whose power fails at any instant opens with no repair and lacks nothing a flush covered.
//
// Every call that makes the bag is logged; the disk is then rebuilt as each of many losses of power
// may have left it (tests/support/power_loss.hpp), and each such bag is opened, checked and read.
#include "tests/support/power_loss.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <thread>

#include "tests/recorder/bag/rows.hpp"
#include "tests/recorder/numbered_frames.hpp"
#include "tests/support/disk_calls.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/stall_meter.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr std::uint64_t kSeed = 20261121;
constexpr std::uint64_t kFrames = 4'000;
constexpr std::chrono::milliseconds kSync{100};
// The work of a commit; a sanitizer makes more of it. The disk takes no time here.
constexpr std::chrono::milliseconds kWork{kSanitized ? 1'000 : 10};

// How many losses of power to try.
std::size_t case_count() { return cases_of("ZBAG_POWER_CASES", 1'000); }
constexpr std::size_t kLyingCases = 200;

BagSessionOptions small_bag(std::chrono::milliseconds sync) {
  BagSessionOptions options;
  options.recording.sync = sync;
  options.bag.map_bytes = 1u << 20;  // so that it must grow
  options.bag.block_pages = 2;
  return options;
}

// Writes frames in one run, with flushes here and there; marks what each has covered. No sync but
// these, so that a seed makes the same calls but for the times of arrival stored in blocks.
void append_with_flushes(const std::string& path, std::uint64_t first, std::uint64_t end,
                         std::mt19937_64& random, DiskLog& log) {
  const auto session = open_bag_session(path, small_bag(std::chrono::hours(1))).value();
  NumberedFrames frames(*session);
  for (std::uint64_t i = first; i < end;) {
    for (std::uint64_t left = 1 + random() % 120; left > 0 && i < end; --left, ++i)
      ASSERT_TRUE(frames.append(i).has_value());
    ASSERT_TRUE(session->flush().has_value());
    log.mark(i);
  }
  ASSERT_TRUE(session->close().has_value());
  log.mark(end);
}

// Records for a second as sensors do, nobody flushing. Marks when each frame was accepted.
void record_live(const std::string& path, DiskLog& log) {
  const auto session = open_bag_session(path, small_bag(kSync)).value();
  NumberedFrames frames(*session);
  auto due = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    std::this_thread::sleep_until(due += std::chrono::microseconds(500));
    ASSERT_TRUE(frames.append(i).has_value());
    log.mark(i);
  }
}

// The instants of so many losses, ascending: from call `begin` on, half of them next to a sync,
// where one transaction ends and the next begins.
std::vector<std::size_t> cuts_near_syncs(const std::vector<DiskCall>& calls, std::size_t begin,
                                         std::size_t count, std::mt19937_64& random) {
  std::vector<std::size_t> near_syncs;
  for (std::size_t i = begin; i < calls.size(); ++i) {
    if (calls[i].kind != DiskCall::Kind::kSync && !calls[i].syncs_itself) continue;
    for (std::size_t at = i; at < std::min(i + 3, calls.size()); ++at) near_syncs.push_back(at);
  }
  std::vector<std::size_t> cuts;
  for (std::size_t i = 0; i < count; ++i)
    cuts.push_back(i % 2 == 0 ? begin + random() % (calls.size() - begin)
                              : near_syncs[random() % near_syncs.size()]);
  std::sort(cuts.begin(), cuts.end());
  return cuts;
}

// The same, from the call on that gives the bag its name.
std::vector<std::size_t> cuts_of(const std::vector<DiskCall>& calls, DiskFile bag,
                                 std::size_t count, std::mt19937_64& random) {
  std::size_t begin = 0;
  while (calls[begin].kind != DiskCall::Kind::kName || calls[begin].file != bag) ++begin;
  return cuts_near_syncs(calls, begin, count, random);
}

struct Losses {
  std::size_t cases = 0;
  std::size_t broken = 0;           // bags that did not open, check, or hold a prefix
  std::uint64_t lost = 0;           // frames missing that a flush had covered
  std::uint64_t most_unsynced = 0;  // frames there beyond what was covered: the model is no coward
  std::string first;                // what was wrong with the first bad bag
};

std::ostream& operator<<(std::ostream& out, const Losses& losses) {
  return out << losses.cases << " losses of power: " << losses.broken << " bags broken, "
             << losses.lost << " points lost beyond the bound, seed " << kSeed
             << (losses.first.empty() ? "" : "; first: ") << losses.first;
}

class PowerLossTest : public testing::Test {
 protected:
  void SetUp() override {
    {
      DiskLog log;
      std::mt19937_64 random(kSeed);
      append_with_flushes(path_, 0, kFrames / 2, random, log);
      append_with_flushes(path_, kFrames / 2, kFrames, random, log);
      calls_ = log.calls();
    }
    ASSERT_EQ(NumberedFrames::count_of_whole(path_).value(), kFrames);
  }

  // A lock file may be gone, as it was, or hold anything: it is never synced.
  void leave_lock(std::mt19937_64& random) {
    const std::string lock = crashed_ + "-lock";
    const std::uint64_t kind = random() % 3;
    if (kind == 0) std::remove(lock.c_str());
    if (kind != 1) return;
    std::string bytes(8'192, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    write_file(lock, bytes);
  }

  Losses lose_power(std::size_t count, DiskLies lies) {
    Losses losses;
    std::mt19937_64 random(kSeed);
    const DiskFile bag = disk_file(path_);
    PowerLoss disk(calls_, bag, lies);
    lose_power_of(disk, calls_, cuts_of(calls_, bag, count, random), 0, random, losses);
    return losses;
  }

  // `covered`: how many frames were durable before the first call.
  void lose_power_of(PowerLoss& disk, const std::vector<DiskCall>& calls,
                     const std::vector<std::size_t>& cuts, std::uint64_t covered,
                     std::mt19937_64& random, Losses& losses) {
    std::size_t marked = 0;
    for (const std::size_t cut : cuts) {
      for (; marked < cut; ++marked) {
        if (calls[marked].kind == DiskCall::Kind::kMark) covered = calls[marked].mark;
      }
      disk.advance(cut);
      std::remove(crashed_.c_str());
      Result<std::uint64_t> found = 0;
      if (disk.is_named(random)) {
        write_file(crashed_, disk.image(random));
        leave_lock(random);
        found = NumberedFrames::count_of_whole(crashed_);
      }
      note(losses, cut, covered, found);
    }
  }

  static void note(Losses& losses, std::size_t cut, std::uint64_t covered,
                   const Result<std::uint64_t>& found) {
    ++losses.cases;
    std::string wrong;
    if (!found) {
      ++losses.broken;
      wrong = found.error().message;
    } else if (*found < covered) {
      losses.lost += covered - *found;
      wrong = std::to_string(*found) + " frames of " + std::to_string(covered);
    } else {
      losses.most_unsynced = std::max(losses.most_unsynced, *found - covered);
    }
    if (losses.first.empty() && !wrong.empty())
      losses.first = "call " + std::to_string(cut) + ": " + wrong;
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  const std::string crashed_ = dir_.path("crashed.zbag");
  std::vector<DiskCall> calls_;
};

TEST_F(PowerLossTest, CostsNothingThatAFlushHasCovered) {
  const Losses losses = lose_power(case_count(), DiskLies::kNone);
  std::cout << losses << '\n';
  EXPECT_EQ(losses.broken, 0u);
  EXPECT_EQ(losses.lost, 0u);
  // A transaction whose last write reached the disk just before the end counts, too.
  EXPECT_GT(losses.most_unsynced, 0u);
}

// A recording that nobody flushes: what is missing arrived within the last sync interval.
TEST_F(PowerLossTest, CostsARecordingAtMostItsLastInterval) {
  const std::string path = dir_.path("live.zbag");
  std::vector<DiskCall> calls;
  const StallMeter meter;
  {
    DiskLog log;
    record_live(path, log);
    calls = log.calls();
  }
  std::map<std::uint64_t, std::int64_t> arrived_ns;
  for (const DiskCall& call : calls) {
    if (call.kind == DiskCall::Kind::kMark) arrived_ns[call.mark] = call.at_ns;
  }
  std::mt19937_64 random(kSeed);
  PowerLoss disk(calls, disk_file(path));
  std::vector<double> ages_ms;
  for (const std::size_t cut : cuts_of(calls, disk_file(path), case_count() / 5, random)) {
    disk.advance(cut);
    if (!disk.is_named(random)) continue;
    write_file(crashed_, disk.image(random));
    leave_lock(random);
    const Result<std::uint64_t> found = NumberedFrames::count_of_whole(crashed_);
    ASSERT_TRUE(found.has_value()) << "call " << cut << ": " << found.error().message;
    const auto missing = arrived_ns.find(*found);
    if (missing == arrived_ns.end()) continue;
    const std::int64_t now = calls[cut].at_ns;
    const auto allowed = kSync + Recording::kHandOverEvery + kWork +
                         std::chrono::nanoseconds(meter.lost_ns(missing->second, now));
    EXPECT_LE(std::chrono::nanoseconds(now - missing->second), allowed) << "call " << cut;
    ages_ms.push_back(static_cast<double>(now - missing->second) / 1e6);
  }
  std::sort(ages_ms.begin(), ages_ms.end());
  ASSERT_FALSE(ages_ms.empty());
  std::cout << "oldest missing point: median " << ages_ms[ages_ms.size() / 2] << " ms, worst "
            << ages_ms.back() << " ms of " << kSync.count() << " ms, " << ages_ms.size()
            << " losses of power\n";
}

// A bag that was recorded on after a loss of power is as safe in the next one: what the first left
// behind it, in unused pages and in the older meta page, does no harm.
TEST_F(PowerLossTest, CostsNothingMoreTheSecondTime) {
  std::mt19937_64 random(kSeed);
  const DiskFile bag = disk_file(path_);
  PowerLoss first(calls_, bag);
  Losses losses;
  for (const std::size_t cut : cuts_of(calls_, bag, case_count() / 20, random)) {
    first.advance(cut);
    const std::string left = first.image(random);
    write_file(crashed_, left);
    leave_lock(random);
    const Result<std::uint64_t> found = NumberedFrames::count_of_whole(crashed_);
    ASSERT_TRUE(found.has_value()) << found.error().message;
    std::vector<DiskCall> calls;
    DiskFile again;
    {
      DiskLog log;
      append_with_flushes(crashed_, *found, *found + 400, random, log);
      calls = log.calls();
      again = disk_file(crashed_);
    }
    PowerLoss second(calls, again, left);
    lose_power_of(second, calls, cuts_near_syncs(calls, 0, 10, random), *found, random, losses);
  }
  std::cout << "the second time: " << losses << '\n';
  EXPECT_EQ(losses.broken, 0u);
  EXPECT_EQ(losses.lost, 0u);
}

// The proof that the test above can fail: a disk that lies breaks bags, and it is seen.
TEST_F(PowerLossTest, IsFoundOutWhenTheDiskHasNotDoneItsLastSync) {
  const Losses losses = lose_power(kLyingCases, DiskLies::kAboutTheLastSync);
  std::cout << "a disk that skips its last sync: " << losses << '\n';
  EXPECT_GT(losses.broken, 0u);
}

TEST_F(PowerLossTest, IsFoundOutWhenTheDiskDoesNotHeedSynchronousWrites) {
  const Losses losses = lose_power(kLyingCases, DiskLies::kAboutOwnSyncs);
  std::cout << "a disk that holds O_DSYNC back: " << losses << '\n';
  EXPECT_GT(losses.lost, 0u);
}

}  // namespace
}  // namespace zbag
