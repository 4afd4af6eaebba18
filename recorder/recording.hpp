// One recording into one bag or several: frames in on one thread, merged on a second, stored on a
// third.
//
//   frames -> Intake -> chunk -> queue bounded in bytes -> MergeBuffer -> blocks -> transaction
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
// A bag that somebody removes or replaces while it is recorded is copied from the open file within
// a second, and recording goes on in the copy (storage_series.hpp).
//
// intake(), hand_over(), the requests, flush() and close() are for one thread at a time; the rest
// is thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "recorder/bag_series.hpp"
#include "recorder/intake.hpp"
#include "recorder/merge_buffer.hpp"
#include "recorder/ordered_writer.hpp"
#include "recorder/overflow_queue.hpp"
#include "recorder/storage/storage.hpp"
#include "recorder/storage_series.hpp"
#include "recorder/timings/recording_timers.hpp"
#include "recorder/totals.hpp"
#include "schemas/kinds/track_about.hpp"
#include "schemas/mutex.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

class Recording {
 public:
  static constexpr std::size_t kIdleBytes = 64u << 10;
  // How long who accepts from the bus may keep a chunk that is not full. A session hands over when
  // it ticks.
  static constexpr std::chrono::milliseconds kHandOverEvery{10};

  struct Options {
    Intake::Options intake;
    StorageOptions storage;
    std::optional<std::chrono::milliseconds> sync{100};  // nullopt: off
    // How long less than kIdleBytes may wait instead; nullopt: as long as `sync`.
    std::optional<std::chrono::milliseconds> sync_idle;
    std::size_t buffer_bytes = 100'000'000;
    std::size_t points_max = 1'000;            // of one track, with sync off
    std::chrono::milliseconds age_max{5'000};  // likewise
    std::size_t commit_bytes = 16u << 20;
    Overflow overflow = Overflow::kFlush;
    SplitRules split;
    // Lent, and measures the phases of all threads; read when close() has returned.
    RecordingTimers* timers = nullptr;
    // Called with what has just become durable, on the thread that stored it; must not block.
    std::function<void(const Batch&)> on_stored;
  };

  // Errors as those of `open_storage`, which is asked again for every further one of a split.
  static Result<std::unique_ptr<Recording>> open(const std::string& path, Options options,
                                                 OpenStorage open_storage);
  ~Recording();  // closes, ignoring what close() would report

  Intake& intake() { return *intake_; }
  const Intake& intake() const { return *intake_; }
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
  // Storage::attach() and describe(), behind what was handed over; both wait.
  Status attach(std::string_view name, std::string_view content);
  Status describe(const Fields& more);
  // Stores what somebody says of a track, stamped now. Durable when it returns; it waits.
  Status describe_track(const std::string& track, const TrackAbout& about);
  // What close() makes of the bag; kWhole unless said otherwise. From any thread, before close().
  void end_as(Ending ending) { ending_ = ending; }
  // Writes everything, ends the run. kDiskFull, kIo: some could not be written and is counted as
  // dropped; the run stays open. Idempotent.
  Status close();

  // Why the recording can not go on: the disk is full or failing.
  std::optional<Error> failure() const;
  RecordingTotals totals() const;
  // What was lost or dropped since the last call.
  std::vector<LossNews> take_loss_news() { return totals_.take_news(); }
  std::size_t buffered_bytes() const { return queue_.bytes(); }
  const Options& options() const { return options_; }
  std::string path() const { return series_.path(); }  // of the bag that is written now
  // Of all that are kept, that one last.
  std::vector<std::string> paths() const { return series_.paths(); }

 private:
  Recording(const std::string& path, Options options, std::unique_ptr<Storage> storage,
            OpenStorage open_storage);
  StorageSeries::Options series_options(OpenStorage open_storage);
  void push(Parcel parcel);
  std::uint64_t request(Parcel parcel);
  Status ask(std::function<Status(Storage& storage)> work);
  void run();
  PhaseTimer::Phase merging() const;
  HeldBatch take(const std::string* track = nullptr);
  bool handle(Parcel& parcel);
  Result<FlushResult> serve(const Parcel& request);
  void write_due();
  bool write_all();
  bool split_when_due();
  std::chrono::nanoseconds patience() const;
  void note_stored(HeldBatch held, const WriteReport& report);
  void note_failure(const Error& error);
  void warn(const std::string& text) const;
  void finish();

  const Options options_;
  std::unique_ptr<Intake> intake_;
  OverflowQueue queue_;
  std::uint64_t last_ticket_ = 0;
  bool closed_ = false;
  std::atomic<Ending> ending_ = Ending::kWhole;
  bool is_nearly_full_ = false;  // and that was said

  MergeBuffer buffer_;  // of the merge thread
  Totals totals_;

  // What the merge and store threads tell whoever asks. Totals and series have locks of their own;
  // none of the three is taken while another is held.
  mutable Mutex mutex_;
  Condition progress_;
  FlushResult last_flush_ ZBAG_GUARDED_BY(mutex_);  // of the batch stored last
  std::optional<Error> failure_ ZBAG_GUARDED_BY(mutex_);
  std::uint64_t done_ticket_ ZBAG_GUARDED_BY(mutex_) = 0;
  Result<FlushResult> flush_result_ ZBAG_GUARDED_BY(mutex_) = FlushResult{};
  Status close_status_ ZBAG_GUARDED_BY(mutex_);

  // Their threads, and the merge thread, stop before what they use goes.
  StorageSeries series_;
  OrderedWriter writer_;
  std::thread thread_;
};

// How long after one commit began the next one does, where storing takes `storing`: so early that
// what has waited longest is durable within the interval, but never faster than the disk stores, or
// batches would wait for each other. Between half an interval and a whole one.
std::chrono::nanoseconds commit_after(std::chrono::nanoseconds sync,
                                      std::chrono::nanoseconds storing);

}  // namespace zbag
