#include "recorder/recording.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag_session.hpp"
#include "recorder/storage/lmdb_storage.hpp"
#include "tests/recorder/bag/rows.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait_for.hpp"

namespace zbag {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

OpenStorage small_map() { return lmdb_storage({.map_bytes = 64u << 20}); }

Recording::Options quiet_options() {
  Recording::Options options;
  options.sync = std::chrono::hours(1);  // writes only when told to
  return options;
}

class RecordingTest : public testing::Test {
 protected:
  void accept(Recording& recording, const std::string& track, double stamp, Fields fields = {}) {
    Fields all{{"_ts", stamp}};
    for (auto& field : fields) all.push_back(std::move(field));
    std::string frame;
    encode_fields(all, frame);
    recording.intake().accept(track, bytes_of(frame), ArrivalTime::now());
  }
  std::unique_ptr<Recording> open(Recording::Options options) {
    return Recording::open(path_, std::move(options), small_map()).value();
  }
  std::size_t points_in_bag() { return read_all(BagReader::open(path_).value(), {}).size(); }
  BagSummary summary() { return BagReader::open(path_)->summary().value(); }

  TempDir dir_;
  const std::string path_ = dir_.path("a.zbag");
};

TEST_F(RecordingTest, KeepsItsDefaults) {
  const Recording::Options options;
  EXPECT_EQ(options.sync, std::chrono::milliseconds(100));
  EXPECT_FALSE(options.sync_idle.has_value());
  EXPECT_EQ(options.buffer_bytes, 100'000'000u);
  EXPECT_EQ(options.points_max, 1'000u);
  EXPECT_EQ(options.age_max, std::chrono::seconds(5));
  EXPECT_EQ(options.overflow, Overflow::kFlush);
  EXPECT_EQ(BagOptions().block_pages, 16u);
  EXPECT_EQ(options.storage.late_merge, LateMerge::kMerge);
  EXPECT_EQ(options.storage.merge.of("any"), MergeMode::kJoin);
}

TEST_F(RecordingTest, FlushesEverythingAndTellsHowMuch) {
  auto recording = open(quiet_options());
  for (int i = 0; i < 10; ++i) accept(*recording, "a", i);
  const FlushResult first = recording->flush().value();
  EXPECT_EQ(first.count, 10u);
  EXPECT_EQ(first.first_index, 0u);
  EXPECT_EQ(first.last_index, 9u);
  EXPECT_EQ(recording->flush()->count, 0u);
  EXPECT_FALSE(recording->flush()->first_index.has_value());
  EXPECT_EQ(points_in_bag(), 10u);
}

// What a flush covers is in the file, not in this process: another one sees it.
TEST_F(RecordingTest, ShowsWhatItFlushedToAnotherProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char go = 0;
    const bool told = ::read(ready[0], &go, 1) == 1;
    ::_exit(told ? static_cast<int>(points_in_bag()) : 99);
  }
  auto recording = open(quiet_options());
  for (int i = 0; i < 7; ++i) accept(*recording, "a", i);
  ASSERT_TRUE(recording->flush().has_value());
  ASSERT_EQ(::write(ready[1], "x", 1), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(RecordingTest, CountsTheSameInTheBagAsInItsTotals) {
  Recording::Options options = quiet_options();
  options.intake.filter = TrackFilter::parse({}, {"no"}).value();
  auto recording = open(options);
  std::mt19937_64 random(1);
  for (int i = 0; i < 5'000; ++i) {
    const std::string track = std::vector<std::string>{"a", "b", "no", "//"}[random() % 4];
    std::string frame;
    encode_fields({{"_ts", static_cast<double>(random() % 300)},
                   {"_src", 1},
                   {"_seq", i / 3},
                   {"v", random() % 2}},
                  frame);
    frame.resize(frame.size() - random() % 2);
    recording->intake().accept(track, bytes_of(frame), ArrivalTime::now());
    recording->hand_over(random() % 50 == 0);
  }
  ASSERT_TRUE(recording->close().has_value());
  const RecordingTotals totals = recording->totals();
  recording.reset();
  const BagSummary bag = summary();
  EXPECT_EQ(bag.fate(), totals.fate);
  EXPECT_EQ(totals.fate.received, 5'000u);
  EXPECT_TRUE(totals.fate.balances());
  EXPECT_EQ(bag.points(), totals.fate.points);
  EXPECT_EQ(bag.lost(), totals.lost());
  for (const TrackRecord& track : bag.tracks)
    EXPECT_EQ(track.fate, totals.tracks.at(track.name).fate) << track.name;
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
}

// D1: whether frames met in the buffer or in the bag, each is held against the one before.
TEST_F(RecordingTest, CountsOverwrittenValuesTheSameWheneverItFlushes) {
  std::mt19937_64 random(2);
  for (const MergeMode mode : {MergeMode::kShallow, MergeMode::kDeep}) {
    for (const unsigned flush_every : {1u, 3u, 40u}) {
      Recording::Options options = quiet_options();
      options.storage.merge = mode;
      auto recording = open(std::move(options));
      std::map<double, Fields> points;
      std::uint64_t overwritten = 0;
      for (int i = 0; i < 600; ++i) {
        const auto stamp = static_cast<double>(random() % 5);
        const auto value = [&] { return static_cast<int>(random() % 3); };
        Fields fields{{std::string(1, static_cast<char>('a' + random() % 3)), value()},
                      {"map", Fields{{random() % 2 == 0 ? "x" : "y", value()}}}};
        overwritten += merge_fields(points[stamp], fields, mode == MergeMode::kDeep);
        accept(*recording, "a", stamp, fields);
        recording->hand_over(true);
        const bool is_flushed = random() % flush_every != 0 || recording->flush().has_value();
        ASSERT_TRUE(is_flushed);
      }
      ASSERT_TRUE(recording->close().has_value());
      EXPECT_EQ(recording->totals().fate.overwritten, overwritten) << flush_every;
      recording.reset();
      std::filesystem::remove(path_);
    }
  }
}

// wire.md, Merge: the points of a stamp hang on the order of their frames alone, not on what was
// stored when one of them came.
TEST_F(RecordingTest, JoinsToTheSamePointsWheneverItFlushes) {
  std::mt19937_64 random(3);
  for (const unsigned flush_every : {1u, 3u, 40u}) {
    auto recording = open(quiet_options());
    std::map<std::int64_t, std::vector<Fields>> expected;
    std::uint64_t merged = 0;
    std::uint64_t kept_apart = 0;
    for (int i = 0; i < 600; ++i) {
      const auto stamp = static_cast<std::int64_t>(random() % 5);
      Fields fields{
          {std::string(1, static_cast<char>('a' + random() % 3)), static_cast<int>(random() % 2)}};
      std::vector<Fields>& points = expected[stamp];
      if (!points.empty() && join_fields(points.back(), fields)) {
        ++merged;
      } else {
        kept_apart += points.empty() ? 0 : 1;
        points.push_back(fields);
      }
      accept(*recording, "a", static_cast<double>(stamp), fields);
      recording->hand_over(true);
      const bool is_flushed = random() % flush_every != 0 || recording->flush().has_value();
      ASSERT_TRUE(is_flushed);
    }
    ASSERT_TRUE(recording->close().has_value());
    const Fate fate = recording->totals().fate;
    EXPECT_EQ(fate.merged, merged) << flush_every;
    EXPECT_EQ(fate.kept_apart, kept_apart) << flush_every;
    EXPECT_TRUE(fate.balances());
    recording.reset();
    std::map<std::int64_t, std::vector<Fields>> stored;
    for (const Seen& point : read_all(BagReader::open(path_).value(), {}))
      stored[point.key / 1'000'000'000].push_back(point.fields);
    EXPECT_TRUE(stored == expected) << flush_every;
    EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
    std::filesystem::remove(path_);
  }
}

TEST_F(RecordingTest, DrainsWhenItCloses) {
  auto recording = open(quiet_options());
  for (int i = 0; i < 10'000; ++i) {
    accept(*recording, "a", i);
    recording->hand_over(false);
  }
  ASSERT_TRUE(recording->close().has_value());
  EXPECT_TRUE(recording->close().has_value());
  EXPECT_EQ(recording->flush().error().code, ErrorCode::kClosed);
  EXPECT_EQ(recording->buffered_bytes(), 0u);
  recording.reset();
  EXPECT_EQ(points_in_bag(), 10'000u);
  EXPECT_FALSE(check_bag(path_)->unclosed);
}

// A sync interval is the most a bag is behind: waiting for it is waiting for the event itself.
TEST_F(RecordingTest, WritesBySyncWithoutBeingAsked) {
  Recording::Options options = quiet_options();
  options.sync = std::chrono::milliseconds(5);
  auto recording = open(options);
  accept(*recording, "a", 1.0);
  recording->hand_over(true);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (recording->totals().fate.points == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_EQ(points_in_bag(), 1u);
}

// Counts sync intervals by what happens in each: a recording that writes one small frame in every
// one, as `sync_idle` is unset. So no time that has passed on a clock stands for them.
class SyncIntervals {
 public:
  static constexpr std::chrono::milliseconds kSync{5};

  explicit SyncIntervals(const std::string& path) {
    Recording::Options options = quiet_options();
    options.sync = kSync;
    recording_ = Recording::open(path, std::move(options), small_map()).value();
  }
  // At least one has passed since the last call when it returns true.
  bool pass() {
    std::string frame;
    encode_fields({{"_ts", static_cast<double>(++passed_)}}, frame);
    recording_->intake().accept("tick", bytes_of(frame), ArrivalTime::now());
    recording_->hand_over(true);
    return wait_for([this] { return recording_->totals().commits >= passed_; });
  }
  RecordingTotals totals() const { return recording_->totals(); }

 private:
  std::unique_ptr<Recording> recording_;
  std::uint64_t passed_ = 0;
};

class SyncIdleTest : public RecordingTest {
 protected:
  static constexpr std::uint64_t kIntervals = 20;

  // Hands over a small frame in each of many sync intervals, each of which the merge thread looks
  // at: it would write them, were they due.
  void hand_over_little(Recording& recording) {
    SyncIntervals intervals(dir_.path("beside.zbag"));
    for (std::uint64_t i = 0; i < kIntervals; ++i) {
      accept(recording, "a", static_cast<double>(i));
      recording.hand_over(true);
      ASSERT_TRUE(intervals.pass());
    }
  }
};

TEST_F(SyncIdleTest, WritesLittleInEverySyncWhereItIsUnset) {
  SyncIntervals intervals(path_);
  for (std::uint64_t i = 0; i < kIntervals; ++i) ASSERT_TRUE(intervals.pass());
  EXPECT_EQ(intervals.totals().commits, kIntervals);
  EXPECT_EQ(intervals.totals().fate.points, kIntervals);
}

// Chunks are looked at in the order they are handed over. So the first commit tells of those before
// it: had any been written by `sync`, it would hold those alone.
TEST_F(SyncIdleTest, LetsLittleWaitWhileSyncsPassUntilItIsMuch) {
  Recording::Options options = quiet_options();
  options.sync = SyncIntervals::kSync;
  options.sync_idle = std::chrono::hours(1);
  auto recording = open(options);
  hand_over_little(*recording);
  EXPECT_EQ(recording->totals().commits, 0u);
  const Binary much{std::string(Recording::kIdleBytes, 'm')};
  accept(*recording, "a", kIntervals, {{"blob", much}});
  recording->hand_over(true);
  ASSERT_TRUE(wait_for([&] { return recording->totals().commits > 0; }));
  const RecordingTotals totals = recording->totals();
  EXPECT_EQ(totals.commits, 1u);
  EXPECT_EQ(totals.fate.points, kIntervals + 1);
  EXPECT_EQ(points_in_bag(), kIntervals + 1);
}

TEST_F(SyncIdleTest, WritesWhatWaitsWhenAskedTo) {
  Recording::Options options = quiet_options();
  options.sync = SyncIntervals::kSync;
  options.sync_idle = std::chrono::hours(1);
  auto recording = open(options);
  hand_over_little(*recording);
  EXPECT_EQ(recording->flush()->count, kIntervals);
  EXPECT_EQ(recording->totals().commits, 1u);
  EXPECT_EQ(points_in_bag(), kIntervals);
}

TEST_F(SyncIdleTest, NeverMakesLittleDueBeforeSync) {
  Recording::Options options = quiet_options();
  options.sync_idle = SyncIntervals::kSync;
  auto recording = open(options);
  hand_over_little(*recording);
  EXPECT_EQ(recording->flush()->count, kIntervals);
  EXPECT_EQ(recording->totals().commits, 1u);
}

TEST_F(RecordingTest, WritesByBytesLongBeforeTheSync) {
  Recording::Options options = quiet_options();
  options.commit_bytes = 1u << 20;
  auto recording = open(options);
  for (int i = 0; i < 5; ++i) {
    accept(*recording, "a", i, {{"image", Binary{std::string(1u << 19, 'i')}}});
    recording->hand_over(true);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (recording->totals().fate.points < 3 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_GE(recording->totals().fate.points, 3u);
}

// S2.18: records of 1 MiB. Only above 80 % of the buffer is anything written.
TEST_F(RecordingTest, WritesWhenItsMemoryIsNearlyFull) {
  Recording::Options options = quiet_options();
  options.commit_bytes = 1u << 30;
  ASSERT_EQ(options.buffer_bytes, 100'000'000u);
  auto recording = open(options);
  std::uint64_t frames = 0;
  while (recording->buffered_bytes() <= options.buffer_bytes / 5 * 4) {
    accept(*recording, "a", static_cast<double>(frames++),
           {{"blob", Binary{std::string(1u << 20, 'b')}}});
    recording->hand_over(true);
    ASSERT_LT(frames, 100u);
  }
  EXPECT_GT(frames, 75u);
  ASSERT_TRUE(wait_for([&] { return recording->totals().commits > 0; }));
  EXPECT_EQ(recording->totals().fate.points, frames);
  EXPECT_EQ(points_in_bag(), frames);
}

class OverflowTest : public RecordingTest {
 protected:
  static constexpr std::uint64_t kFrames = 4'000;
  static constexpr std::size_t kFrameBytes = 1'000;
  static constexpr std::size_t kBufferBytes = 300'000;
  // More do not fit, and a chunk is nearly all the buffer: one is being stored, one waits for that
  // and one to be handed over, one is queued, one on top of it, one is being filled.
  static constexpr std::uint64_t kFramesHeldMax = 6 * (kChunkBytes / kFrameBytes + 1);
  static_assert(kFramesHeldMax < kFrames / 2);

  // Of a small buffer, before a disk that stands still until the promise is kept.
  Recording::Options options_with(Overflow overflow) {
    Recording::Options options = quiet_options();
    options.buffer_bytes = kBufferBytes;
    options.overflow = overflow;
    options.on_stored = [goes_on = disk_.get_future().share()](const Batch&) { goes_on.wait(); };
    return options;
  }
  void accept_one(Recording& recording, std::uint64_t n) {
    accept(recording, "a", static_cast<double>(n),
           {{"blob", Binary{std::string(kFrameBytes, 'b')}}});
    recording.hand_over(false);
  }
  // Every frame is in the bag or counted as dropped, and the bag says the same.
  Fate close(std::unique_ptr<Recording> recording) {
    EXPECT_TRUE(recording->close().has_value());
    const Fate fate = recording->totals().fate;
    recording.reset();
    EXPECT_EQ(fate.received, kFrames);
    EXPECT_TRUE(fate.balances());
    EXPECT_EQ(fate.points + fate.dropped, kFrames);
    EXPECT_EQ(points_in_bag(), fate.points);
    EXPECT_EQ(summary().fate(), fate);
    return fate;
  }

  std::promise<void> disk_;
};

class DropTest : public OverflowTest, public testing::WithParamInterface<Overflow> {};

// No silent loss: what finds no room is counted, and the rest is there.
TEST_P(DropTest, CountsWhatItDropsAndBalances) {
  auto recording = open(options_with(GetParam()));
  for (std::uint64_t n = 0; n < kFrames; ++n) accept_one(*recording, n);
  disk_.set_value();
  const Fate fate = close(std::move(recording));
  EXPECT_GE(fate.dropped, kFrames - kFramesHeldMax);
  const std::vector<Seen> points = read_all(BagReader::open(path_).value(), {});
  ASSERT_FALSE(points.empty());
  const bool keeps_newest = GetParam() == Overflow::kDropOldest;
  const Seen& kept = keeps_newest ? points.back() : points.front();
  EXPECT_EQ(kept.seconds, keeps_newest ? static_cast<double>(kFrames - 1) : 0.0);
}

INSTANTIATE_TEST_SUITE_P(Flush, DropTest, testing::Values(Overflow::kFlush));
INSTANTIATE_TEST_SUITE_P(Oldest, DropTest, testing::Values(Overflow::kDropOldest));
INSTANTIATE_TEST_SUITE_P(Newest, DropTest, testing::Values(Overflow::kDropNewest));

// S2.36. What comes slowly is handed over every few milliseconds: 40 s of it fit a small buffer.
TEST_F(OverflowTest, HasRoomForManySmallChunks) {
  Recording::Options options = options_with(Overflow::kFlush);
  options.buffer_bytes = 16'000'000;
  auto recording = open(options);
  for (std::uint64_t n = 0; n < kFrames; ++n) {
    accept(*recording, "a", static_cast<double>(n), {{"x", 1.5}});
    recording->hand_over(true);
  }
  disk_.set_value();
  EXPECT_EQ(close(std::move(recording)).dropped, 0u);
}

// Whoever accepts waits while the disk stands still, and everything is there.
// S2.36: once a crossing, before anything is dropped.
TEST_F(OverflowTest, WarnsOnceWhenMemoryIsNearlyFull) {
  std::mutex mutex;
  std::vector<std::string> warned;
  Recording::Options options = options_with(Overflow::kDropNewest);
  options.intake.warn = [&](const std::string& text) {
    const std::lock_guard lock(mutex);
    if (text.find("80 %") != std::string::npos) warned.push_back(text);
  };
  auto recording = open(options);
  std::uint64_t accepted = 0;
  while (warned.empty() && accepted < kFrames) accept_one(*recording, accepted++);
  EXPECT_EQ(recording->totals().fate.dropped, 0u);
  EXPECT_GT(recording->buffered_bytes(), kBufferBytes / 5 * 4);
  while (accepted < kFrames) accept_one(*recording, accepted++);
  disk_.set_value();
  close(std::move(recording));
  EXPECT_THAT(warned, testing::ElementsAre(HasSubstr("drop")));
}

TEST_F(OverflowTest, DropsNothingWhenItMayBlock) {
  auto recording = open(options_with(Overflow::kBlock));
  std::atomic<std::uint64_t> accepted{0};
  std::thread accepting([&] {
    for (std::uint64_t n = 0; n < kFrames; ++n, ++accepted) accept_one(*recording, n);
  });
  EXPECT_TRUE(wait_for([&] { return recording->buffered_bytes() >= kBufferBytes; }));
  EXPECT_LE(accepted, kFramesHeldMax);
  disk_.set_value();
  accepting.join();
  EXPECT_EQ(close(std::move(recording)).points, kFrames);
}

TEST_F(RecordingTest, CannotOpenABagThatIsBeingWritten) {
  auto recording = open(quiet_options());
  EXPECT_EQ(Recording::open(path_, quiet_options(), small_map()).error().code, ErrorCode::kBusy);
}

TEST_F(RecordingTest, StopsWhenTheDiskIsNearlyFull) {
  Recording::Options options = quiet_options();
  options.storage.min_free_bytes = 1ull << 60;
  const auto recording = Recording::open(path_, options, small_map());
  ASSERT_FALSE(recording.has_value());
  EXPECT_EQ(recording.error().code, ErrorCode::kDiskFull);
}

// Requirements 1.3 (a): appending while another thread flushes must lose nothing. Upstream lost a
// tenth.
TEST_F(RecordingTest, LosesNothingWhenOneThreadFlushesWhileOthersAppend) {
  constexpr int kThreads = 8;
  constexpr int kAppends = 1'500;
  auto session = open_bag_session(path_, {}).value();
  std::atomic<int> running{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Track track = session->track("track/" + std::to_string(t % 3)).value();
      for (int i = 0; i < kAppends; ++i) {
        EXPECT_TRUE(track.append({{"thread", t}, {"i", i}}, t * 10'000.0 + i).has_value());
      }
      --running;
    });
  }
  while (running > 0) EXPECT_TRUE(session->flush().has_value());
  for (std::thread& thread : threads) thread.join();
  std::uint64_t points = 0;
  const std::vector<TrackStats> tracks = session->list().value();
  for (const TrackStats& stats : tracks) points += stats.points;
  EXPECT_EQ(points, static_cast<std::uint64_t>(kThreads * kAppends));
  ASSERT_TRUE(session->close().has_value());
  session.reset();
  EXPECT_EQ(points_in_bag(), static_cast<std::size_t>(kThreads * kAppends));
  EXPECT_EQ(summary().lost(), 0u);
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
}

TEST(CommitAfter, LeavesTimeToStoreButNeverRunsAheadOfTheDisk) {
  using std::chrono::milliseconds;
  const milliseconds sync(100);
  EXPECT_EQ(commit_after(sync, milliseconds(0)), milliseconds(90));
  EXPECT_EQ(commit_after(sync, milliseconds(20)), milliseconds(70));
  EXPECT_EQ(commit_after(sync, milliseconds(45)), milliseconds(50));
  EXPECT_EQ(commit_after(sync, milliseconds(55)), milliseconds(55));
  EXPECT_EQ(commit_after(sync, milliseconds(80)), milliseconds(80));
  EXPECT_EQ(commit_after(sync, milliseconds(3'600'000)), sync);
  EXPECT_EQ(commit_after(milliseconds(4), milliseconds(1)), milliseconds(2));
}

// The value of an attachment, without its checksum.
std::string attachment(const std::string& path, const std::string& name) {
  const BagReader reader = BagReader::open(path).value();
  const auto txn = reader.file()->read().value();
  const auto value = txn->get(reader.file()->tables().attachments, name).value();
  return value ? std::string(open_record(kAttachmentsTable, name, *value).value()) : "none";
}

TEST_F(RecordingTest, KeepsFilesBesideItsPoints) {
  auto recording = open(quiet_options());
  accept(*recording, "a", 1.0);
  ASSERT_TRUE(recording->attach("calib.yaml", "old"));
  ASSERT_TRUE(recording->attach("calib.yaml", "k: 1"));
  EXPECT_EQ(attachment(path_, "calib.yaml"), "k: 1");  // durable at once
  EXPECT_EQ(recording->attach("", "x").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(recording->attach(std::string(256, 'n'), "x").error().code, ErrorCode::kInvalid);
  EXPECT_EQ(recording->attach("large", std::string((64u << 20) + 1, 'x')).error().code,
            ErrorCode::kInvalid);
  ASSERT_TRUE(recording->close());
  EXPECT_EQ(attachment(path_, "calib.yaml"), "k: 1");
  EXPECT_EQ(recording->attach("late", "x").error().code, ErrorCode::kClosed);
  EXPECT_THAT(check_bag(path_)->problems, IsEmpty());
}

TEST_F(RecordingTest, KeepsWhatIsSaidOfItsRun) {
  Recording::Options options = quiet_options();
  options.storage.metadata = {{"robot", "r1"}, {"site", "lab"}};
  auto recording = open(options);
  accept(*recording, "a", 1.0);
  ASSERT_TRUE(recording->describe({{"site", "field"}, {"driver", "me"}}));
  ASSERT_TRUE(recording->close());
  EXPECT_EQ(summary().runs.at(0).metadata,
            (Fields{{"robot", "r1"}, {"site", "field"}, {"driver", "me"}}));
}

}  // namespace
}  // namespace zbag
