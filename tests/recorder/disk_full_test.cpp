// A disk that fails at any call: what was flushed stays, an error says so, the bag is whole.
//
// Every write, sync, change of length and new name that a recording makes is the one that fails, in
// turn (tests/support/disk_calls.hpp). Failing for good is a full disk that stays so; failing until
// somebody has made room must lose nothing at all.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <iostream>

#include "tests/recorder/numbered_frames.hpp"
#include "tests/support/disk_calls.hpp"
#include "tests/support/sanitized.hpp"
#include "tests/support/temp_dir.hpp"

namespace zbag {
namespace {

constexpr std::uint64_t kFrames = 960;
constexpr std::uint64_t kFlushEvery = 60;
constexpr std::size_t kStep = kSanitized ? 7 : 1;  // from one failing call to the next

enum class Fault : std::uint8_t { kNone, kRefuses, kCutsShort };

// Lets so many calls pass, then fails each with ENOSPC until it is healed. kCutsShort: the first of
// them, where it is a write, is done by half, as a disk does that fills up in its midst.
class FailingDisk : public DiskWatcher {
 public:
  FailingDisk(std::size_t good_calls, Fault fault) : good_calls_(good_calls), fault_(fault) {}

  int before(DiskCall& call) override {
    if (fault_ == Fault::kNone || calls_++ < good_calls_) return 0;
    ++failed_;
    failed_meta_ = failed_meta_ || call.syncs_itself;
    if (failed_ == 1 && fault_ == Fault::kCutsShort && call.kind == DiskCall::Kind::kWrite) {
      call.data.resize(call.data.size() / 2);
      return 0;
    }
    return ENOSPC;
  }

  void heal() { fault_ = Fault::kNone; }
  std::size_t failed() const { return failed_; }
  bool failed_meta() const { return failed_meta_; }  // LMDB writes those pages through O_DSYNC

 private:
  const std::size_t good_calls_;
  std::atomic<Fault> fault_;  // healed by the test's thread while others write
  std::size_t calls_ = 0;
  std::size_t failed_ = 0;
  bool failed_meta_ = false;
};

struct Outcome {
  std::uint64_t accepted = 0;
  std::uint64_t durable = 0;     // flushed, without an error
  std::optional<Error> error;    // the first one told
  bool flushed_at_last = false;  // with the disk healed: a flush after the error went well
};

// Records until something fails, makes room when it `heals`, and closes.
Outcome record(const std::string& path, FailingDisk& disk, bool heals) {
  Outcome outcome;
  const auto note = [&](const auto& result) {
    if (!result && !outcome.error) outcome.error = result.error();
    return result.has_value();
  };
  BagSessionOptions options;
  options.recording.sync = std::chrono::hours(1);
  options.bag.block_pages = 2;
  options.bag.map_bytes = 1u << 20;
  const auto session = open_bag_session(path, options);
  if (!note(session)) return outcome;
  NumberedFrames frames(**session);
  while (outcome.accepted < kFrames && !outcome.error) {
    if (!note(frames.append(outcome.accepted))) break;
    ++outcome.accepted;
    if (outcome.accepted % kFlushEvery == 0 && note((*session)->flush()))
      outcome.durable = outcome.accepted;
  }
  if (heals) {
    disk.heal();
    outcome.flushed_at_last = (*session)->flush().has_value();
  }
  note((*session)->close());
  return outcome;
}

class DiskFullTest : public testing::Test {
 protected:
  // One recording whose call `good_calls` fails. Gives how many frames the bag has.
  std::uint64_t fail_at(std::size_t good_calls, Fault fault, bool heals) {
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + "-lock");
    FailingDisk disk(good_calls, fault);
    outcome_ = record(path_, disk, heals);
    failed_ = disk.failed() > 0;
    failed_meta_ = disk.failed_meta();
    disk.heal();
    if (!std::filesystem::exists(path_)) {
      EXPECT_EQ(outcome_.accepted, 0u);
      return 0;
    }
    const Result<std::uint64_t> found = NumberedFrames::count_of_whole(path_);
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found.value_or(0);
  }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
  Outcome outcome_;
  bool failed_ = false;
  bool failed_meta_ = false;
};

TEST_F(DiskFullTest, KeepsWhatWasFlushedAndSaysSoWhereverItFills) {
  for (const Fault fault : {Fault::kRefuses, Fault::kCutsShort}) {
    std::size_t calls = 0;
    std::size_t silent = 0;  // calls whose failure costs nothing and need not be told
    std::uint64_t unflushed = 0;
    for (;; calls += kStep) {
      const std::uint64_t found = fail_at(calls, fault, false);
      ASSERT_GE(found, outcome_.durable) << "call " << calls;
      if (!failed_) break;  // it makes no more calls
      unflushed += outcome_.accepted - std::min(found, outcome_.accepted);
      if (!outcome_.error) {
        ASSERT_EQ(found, kFrames) << "call " << calls << " failed and nobody said so";
        ++silent;
        continue;
      }
      const ErrorCode code = outcome_.error->code;
      EXPECT_TRUE(code == ErrorCode::kDiskFull || code == ErrorCode::kIo)
          << "call " << calls << ": " << outcome_.error->message;
    }
    EXPECT_EQ(outcome_.durable, kFrames);
    EXPECT_GT(calls, 50u);
    std::cout << "a disk that " << (fault == Fault::kRefuses ? "fills" : "cuts short and fills")
              << " at each of " << calls << " calls: 0 flushed frames missing, " << unflushed
              << " others and all told, " << silent << " failures that cost nothing\n";
  }
}

// Only two things it cannot outlive: a bag that could not be made or opened, and a failing write of
// LMDB's meta page, after which its environment is of no use. A disk that is merely full never
// fails the latter: that page is there already.
TEST_F(DiskFullTest, LosesNothingWhenRoomIsMadeInTime) {
  std::size_t whole = 0;
  std::size_t unopened = 0;
  std::size_t given_up = 0;
  for (std::size_t i = 0;; i += kStep) {
    const std::uint64_t found = fail_at(i, Fault::kRefuses, true);
    if (!failed_) break;  // the calls of close(), which come after the healing
    ASSERT_GE(found, outcome_.durable) << "call " << i;
    ASSERT_TRUE(outcome_.error.has_value()) << "call " << i;
    if (outcome_.flushed_at_last) {
      ASSERT_EQ(found, outcome_.accepted) << "call " << i;
      ++whole;
    } else if (outcome_.accepted == 0) {
      ++unopened;
    } else {
      ASSERT_TRUE(failed_meta_) << "call " << i << ": " << outcome_.error->message;
      ++given_up;
    }
  }
  std::cout << "a disk that fails once, at each of " << whole + unopened + given_up
            << " calls: " << whole << " recordings lost nothing, " << unopened
            << " could not be opened, " << given_up << " said that they could not go on\n";
  EXPECT_GT(whole, 0u);
}

// Who asks again must not hear that all is well.
TEST(BagWriterCloseTest, SaysAgainWhatItSaid) {
  const TempDir dir;
  BagWriter writer = BagWriter::open(dir.path("a.zbag"), {}).value();
  const FailingDisk disk(0, Fault::kRefuses);
  const Status first = writer.close();
  ASSERT_FALSE(first);
  EXPECT_EQ(writer.close().error().message, first.error().message);
}

}  // namespace
}  // namespace zbag
