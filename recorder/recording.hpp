// One recording into one bag or several: frames in on one thread, merged on a second, stored on a
// third.
//
//   accept() -> Intake -> chunk -> queue bounded in bytes -> MergeBuffer -> blocks -> transaction
//              caller's thread           |              merge thread         |      store thread
//
// Nobody waits for the disk but the store thread, until memory is full; late points and a new bag
// are written by the merge thread, and a fourth removes what leaves a ring. Everything pending is
// written once per sync interval, so early that it is durable when the interval ends, or when
// `commit_bytes` have gathered; a bag is therefore at most one interval behind. Where the disk
// takes longer than half of it for a commit, or less than kIdleBytes wait, what it takes comes on
// top. With `sync` off, tracks are written when they hold `points_max` points, when they are
// `age_max` old, and on flush().
//
// What a flush() that returned well covers is durable. Frames that find the queue full meet the
// overflow policy and are counted as dropped, never silently lost. When the disk fails, what was
// accepted is kept and written again until close(); failure() says so.
//
// By the rules of a split, or when asked, the recording goes on in a new bag: the present one gets
// all that came before and is closed. A later frame of a point in an earlier bag is a point of the
// new one. Every bag counts what became of the frames that came while it was written; totals() are
// the whole recording's. Where no new bag can be made the present one is written on, with a
// warning, and what is due by the rules is tried again a minute later.
//
// accept(), hand_over(), flush(), close() are for one thread at a time; the rest is thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bus/bounded_queue.hpp"
#include "bus/session.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "recorder/bag_remover.hpp"
#include "recorder/bag_series.hpp"
#include "recorder/intake.hpp"
#include "recorder/merge_buffer.hpp"
#include "recorder/store_thread.hpp"

namespace zbag {

// What happens to a frame when memory is full. `flush`: everything pending is written at once from
// 80 % on; frames that still find no room are dropped. `block`: the caller waits.
enum class Overflow : std::uint8_t { kFlush, kBlock, kDropOldest, kDropNewest };

// What became of everything so far, as far as it is written.
struct RecordingTotals {
  Fate fate;
  struct TrackTotals {
    Fate fate;
    std::uint64_t bytes = 0;            // of fields, as they arrived
    std::optional<std::uint64_t> lost;  // nullopt: unknown
    std::uint64_t missed_before = 0;
  };
  std::map<std::string, TrackTotals> tracks;
  std::vector<LossRecord> publishers;  // by publisher and track
  std::uint64_t block_bytes = 0;
  std::uint64_t commits = 0;
  std::uint64_t bags = 1;
  std::uint64_t removed_bags = 0;    // by SplitRules::files_max
  std::uint64_t removed_points = 0;  // in those; they are in `fate`, too
  std::optional<std::uint64_t> lost() const;
};

class Recording {
 public:
  static constexpr std::size_t kIdleBytes = 64u << 10;
  // How long who accepts from the bus may keep a chunk that is not full. A session hands over when
  // it ticks.
  static constexpr std::chrono::milliseconds kHandOverEvery{10};

  struct Options {
    Intake::Options intake;
    BagWriter::Options bag;
    std::optional<std::chrono::milliseconds> sync{100};  // nullopt: off
    // How long less than kIdleBytes may wait instead; nullopt: as long as `sync`.
    std::optional<std::chrono::milliseconds> sync_idle;
    std::size_t buffer_bytes = 100'000'000;
    std::size_t points_max = 1'000;            // of one track, with sync off
    std::chrono::milliseconds age_max{5'000};  // likewise
    std::size_t commit_bytes = 16u << 20;
    Overflow overflow = Overflow::kFlush;
    SplitRules split;
    // Called with what has just become durable, on the thread that stored it; must not block.
    std::function<void(const Batch&)> on_stored;
  };

  // Opens or creates the bag. Errors as BagWriter::open.
  static Result<std::unique_ptr<Recording>> open(const std::string& path, Options options);
  ~Recording();  // closes, ignoring what close() would report

  Intake& intake() { return *intake_; }
  // Hands the intake's chunk to the writer when it is full, or always. Blocks only under kBlock.
  void hand_over(bool always);

  // Durable when it returns: everything, or one track with sync off.
  Result<FlushResult> flush(const TrackName* track = nullptr);
  // The same in two steps, for a caller that must not wait: the request is made by the thread that
  // accepts, the answer may be awaited by another.
  std::uint64_t request_flush(const TrackName* track = nullptr);
  // A flush after which a new bag begins. The answer is kNotFound when the present one has no
  // points yet.
  std::uint64_t request_split();
  Result<FlushResult> wait_for(std::uint64_t ticket);
  // Writes everything, ends the run. kDiskFull, kIo: some could not be written and is counted as
  // dropped. Idempotent.
  Status close();

  // Why the recording can not go on: the disk is full or failing.
  std::optional<Error> failure() const;
  RecordingTotals totals() const;
  std::size_t buffered_bytes() const { return queue_.bytes(); }
  const Options& options() const { return options_; }
  std::string path() const;                // of the bag that is written now
  std::vector<std::string> paths() const;  // of all that are kept, that one last
  std::shared_ptr<BagFile> file() const;   // of the bag that is written now

 private:
  struct Parcel {
    Chunk chunk;
    std::uint64_t ticket = 0;          // 0: just a chunk
    std::optional<std::string> track;  // of the ticket
    bool splits = false;               // likewise
    bool is_last = false;
  };
  Recording(const std::string& path, Options options, BagWriter writer);
  void push(Parcel parcel);
  std::uint64_t request(Parcel parcel);
  bool drop_oldest();
  void take_pending_tracks(Chunk& chunk);
  void run();
  bool handle(Parcel& parcel);
  Result<FlushResult> serve(const Parcel& request);
  void write_due();
  bool is_split_due(std::uint64_t under_way) const;
  bool split_when_due();
  Status split();
  Result<BagWriter> open_next(const std::string& path, const BagWriter::Options& options);
  void note_removed(const BagSeries::Part& part);
  void warn(const std::string& text) const;
  std::chrono::nanoseconds patience() const;
  bool write_all();
  bool write(HeldBatch held);
  bool settle();
  bool write_unwritten();
  void fail_with(const Error& error);
  void stored(HeldBatch held, const WriteReport& report);
  void note(const Batch& batch, const WriteReport& report);
  void add_up(const Batch& batch, const WriteReport& report, std::vector<std::string>& overwritten);
  void finish();
  void count_as_dropped(const HeldBatch& held);

  const Options options_;
  std::unique_ptr<Intake> intake_;
  BoundedQueue<Parcel> queue_;
  std::vector<std::pair<std::uint32_t, std::string>> pending_tracks_;
  std::uint64_t last_ticket_ = 0;
  bool closed_ = false;

  // Of the merge thread alone.
  std::unique_ptr<BagWriter> writer_;
  MergeBuffer buffer_;
  std::deque<HeldBatch> unwritten_;  // what the disk refused, oldest first
  std::chrono::steady_clock::time_point last_write_;
  std::atomic<std::int64_t> storing_ns_{0};  // how long a batch took lately

  mutable std::mutex mutex_;  // guards what follows: the store thread reports to whoever asks
  std::condition_variable progress_;
  FlushResult last_flush_;  // of the batch stored last
  RecordingTotals totals_;
  BagSeries series_;
  std::shared_ptr<BagFile> file_;
  std::map<std::pair<std::uint64_t, std::string>, LossRecord> publishers_;
  std::optional<Error> failure_;
  std::uint64_t done_ticket_ = 0;
  Result<FlushResult> flush_result_ = FlushResult{};
  Status close_status_;

  BagRemover remover_;
  StoreThread store_;
  std::thread thread_;
};

// How long after one commit began the next one does, where storing takes `storing`: so early that
// what has waited longest is durable within the interval, but never faster than the disk stores, or
// batches would wait for each other. Between half an interval and a whole one.
std::chrono::nanoseconds commit_after(std::chrono::nanoseconds sync,
                                      std::chrono::nanoseconds storing);

}  // namespace zbag
