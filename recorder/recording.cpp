#include "recorder/recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "recorder/storage/timed_storage.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kIdleWait{50};
constexpr std::chrono::milliseconds kEmptyWait{200};  // where nothing waits to be written
constexpr std::chrono::milliseconds kRetryWait{500};

}  // namespace

std::chrono::nanoseconds commit_after(std::chrono::nanoseconds sync,
                                      std::chrono::nanoseconds storing) {
  const std::chrono::nanoseconds early = sync - Recording::kHandOverEvery - storing;
  return std::max({sync / 2, early, std::min(storing, sync)});
}

Recording::Recording(const std::string& path, Options options, std::unique_ptr<Storage> storage,
                     OpenStorage open_storage)
    : options_(std::move(options)),
      intake_(std::make_unique<Intake>(options_.intake)),
      queue_(
          options_.buffer_bytes, options_.overflow,
          [this](Chunk chunk) { intake_->drop(std::move(chunk)); },
          [this] { return failure().has_value(); }),
      buffer_(options_.storage.merge),
      series_(path, std::move(storage), series_options(std::move(open_storage))),
      writer_(
          series_,
          [this](HeldBatch held, const WriteReport& report) {
            note_stored(std::move(held), report);
          },
          [this](const Error& error) { note_failure(error); }) {
  thread_ = std::thread([this] { run(); });
}

StorageSeries::Options Recording::series_options(OpenStorage open_storage) {
  return {.open = std::move(open_storage),
          .storage = options_.storage,
          .rules = options_.split,
          .warn = [this](const std::string& text) { warn(text); },
          .losses = [this] { return totals_.losses(); }};
}

Result<std::unique_ptr<Recording>> Recording::open(const std::string& path, Options options,
                                                   OpenStorage open_storage) {
  if (options.timers != nullptr)
    open_storage =
        timed_storage(std::move(open_storage), options.timers->merging, options.timers->storing);
  Result<std::unique_ptr<Storage>> storage = open_storage(path, options.storage);
  if (!storage) return tl::unexpected(storage.error());
  return std::unique_ptr<Recording>(
      new Recording(path, std::move(options), std::move(*storage), std::move(open_storage)));
}

Recording::~Recording() { static_cast<void>(close()); }

void Recording::hand_over(bool always) {
  if (intake_->is_empty() || (!always && !intake_->is_full())) return;
  Parcel parcel;
  parcel.chunk = intake_->take();
  push(std::move(parcel));
}

// Says once when memory gets nearly full, and again only when half of it has been free between.
void Recording::push(Parcel parcel) {
  queue_.push(std::move(parcel));
  const std::size_t bytes = queue_.bytes();
  const std::size_t limit = options_.buffer_bytes;
  if (bytes < limit / 2) is_nearly_full_ = false;
  if (bytes <= limit / 5 * 4 || std::exchange(is_nearly_full_, true)) return;
  warn(fmt::format(
      "the buffer is over 80 % full ({} of {} MB wait): the disk is slower than what "
      "comes; when it is full, {}",
      bytes / 1'000'000, limit / 1'000'000,
      options_.overflow == Overflow::kBlock ? "publishers wait" : "frames are dropped"));
}

Result<FlushResult> Recording::flush(const TrackName* track) {
  if (closed_) return fail(ErrorCode::kClosed, path() + " is closed");
  return wait_for(request_flush(track));
}

std::uint64_t Recording::request_flush(const TrackName* track) {
  Parcel parcel;
  if (track != nullptr) parcel.track = track->str();
  return request(std::move(parcel));
}

std::uint64_t Recording::request_split() {
  Parcel parcel;
  parcel.splits = true;
  return request(std::move(parcel));
}

std::uint64_t Recording::request(Parcel parcel) {
  parcel.chunk = intake_->take();
  parcel.ticket = ++last_ticket_;
  const std::uint64_t ticket = parcel.ticket;
  push(std::move(parcel));
  return ticket;
}

Status Recording::ask(std::function<Status(Storage& storage)> work) {
  if (closed_) return fail(ErrorCode::kClosed, path() + " is closed");
  Parcel parcel;
  parcel.work = std::move(work);
  const Result<FlushResult> answer = wait_for(request(std::move(parcel)));
  return answer ? Status() : tl::unexpected(answer.error());
}

Status Recording::attach(std::string_view name, std::string_view content) {
  return ask([=](Storage& storage) { return storage.attach(name, content); });
}

Status Recording::describe(const Fields& more) {
  return ask([&](Storage& storage) -> Status {
    storage.describe(more);
    return {};
  });
}

Status Recording::describe_track(const std::string& track, const TrackAbout& about) {
  const std::optional<Timestamp> now = Timestamp::from_seconds(wall_seconds());
  return ask([&](Storage& storage) -> Status {
    const Result<WriteReport> written =
        write_one_point(about_track(track), written_about(about), now.value_or(Timestamp()),
                        [&](const Batch& batch) { return storage.write(batch); });
    return written ? Status() : tl::unexpected(written.error());
  });
}

Result<FlushResult> Recording::wait_for(std::uint64_t ticket) {
  MutexLock lock(mutex_);
  progress_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return done_ticket_ >= ticket; });
  return flush_result_;
}

Status Recording::close() {
  if (!closed_) {
    closed_ = true;
    Parcel parcel;
    parcel.chunk = intake_->take();
    parcel.is_last = true;
    queue_.push(std::move(parcel));
    queue_.close();
    thread_.join();
  }
  const MutexLock lock(mutex_);
  return close_status_;
}

void Recording::run() {
  while (true) {
    const auto until_sync =
        options_.sync ? writer_.last_try() + patience() - Clock::now() : Clock::duration(kIdleWait);
    const auto wait =
        std::clamp<std::chrono::nanoseconds>(until_sync, std::chrono::milliseconds(1), kIdleWait);
    std::optional<Parcel> parcel = queue_.pop(buffer_.empty() ? kEmptyWait : wait);
    if (parcel && !handle(*parcel)) break;
    if (series_.is_lost() && writer_.settle()) static_cast<void>(series_.rescue());
    write_due();
  }
  finish();
}

PhaseTimer::Phase Recording::merging() const {
  return phase_of(options_.timers == nullptr ? nullptr : &options_.timers->merging, "merge");
}

HeldBatch Recording::take(const std::string* track) {
  const auto merge = merging();
  return buffer_.take(track);
}

// False after the last parcel.
bool Recording::handle(Parcel& parcel) {
  {
    const auto merge = merging();
    buffer_.add(std::move(parcel.chunk), Clock::now());
  }
  if (parcel.ticket > 0) {
    Result<FlushResult> result = serve(parcel);
    {
      const MutexLock lock(mutex_);
      done_ticket_ = parcel.ticket;
      flush_result_ = std::move(result);
    }
    progress_.notify_all();
  }
  return !parcel.is_last;
}

// What somebody waits for: a flush, a split.
Result<FlushResult> Recording::serve(const Parcel& request) {
  static_cast<void>(writer_.settle());  // so that what is stored next is this flush's
  if (request.work) {
    const Status done = request.work(series_.current());
    return done ? Result<FlushResult>(FlushResult{}) : tl::unexpected(done.error());
  }
  {
    const MutexLock lock(mutex_);
    last_flush_ = {};
  }
  // With sync on a bag holds a prefix of what arrived: one track is never written alone.
  const bool whole = !request.track || options_.sync.has_value() || writer_.has_unwritten();
  const bool may_write = request.splits || split_when_due();
  const bool written =
      may_write && (whole ? write_all() : writer_.write(take(&*request.track))) && writer_.settle();
  if (written && request.splits) {
    if (Status status = series_.split(); !status) return tl::unexpected(status.error());
  }
  const MutexLock lock(mutex_);
  if (!written) return tl::unexpected(*failure_);
  return last_flush_;
}

// A new bag begins when what waits would make this one too large or old. False when what was under
// way could not be stored.
bool Recording::split_when_due() {
  if (!buffer_.holds_points() || writer_.has_unwritten()) return true;
  if (!series_.is_due(2 * options_.commit_bytes + buffer_.bytes())) return true;
  if (!writer_.settle()) return false;
  series_.split_when_due(buffer_.bytes());
  return true;
}

void Recording::write_due() {
  if (writer_.has_failed()) static_cast<void>(writer_.settle());
  if (writer_.has_unwritten()) {
    if (Clock::now() - writer_.last_try() >= kRetryWait) static_cast<void>(write_all());
    return;
  }
  if (buffer_.empty()) return;
  // With memory nearly full nothing waits for the interval; while more is queued the transaction
  // still grows to its usual size, since many small ones would be slower.
  if (queue_.is_crowded() || buffer_.weight() >= options_.commit_bytes) {
    static_cast<void>(split_when_due() && write_all());
    return;
  }
  const auto now = Clock::now();
  if (options_.sync) {
    if (now - writer_.last_try() >= patience()) static_cast<void>(split_when_due() && write_all());
    return;
  }
  if (!split_when_due()) return;
  for (const std::string& track : buffer_.due(options_.points_max, options_.age_max, now)) {
    if (!writer_.write(take(&track))) return;
  }
}

// How long after a write the next one begins.
std::chrono::nanoseconds Recording::patience() const {
  const std::chrono::nanoseconds sync = *options_.sync;
  if (buffer_.bytes() < kIdleBytes)
    return std::max(sync, std::chrono::nanoseconds(options_.sync_idle.value_or(*options_.sync)));
  return commit_after(sync, writer_.storing_time());
}

bool Recording::write_all() {
  if (!writer_.write_unwritten()) return false;
  return buffer_.empty() || writer_.write(take());
}

// On the thread that stored it.
void Recording::note_stored(HeldBatch held, const WriteReport& report) {
  const Totals::Added added = totals_.add(held.batch, report);
  for (const TrackReport& track : report.tracks) series_.note_points(track.new_points);
  // While old bags go, the disk has more left than it says.
  if (report.disk_low && !failure() && !series_.hurry_removal()) {
    note_failure({ErrorCode::kDiskFull,
                  path() + ": the disk is nearly full (--min-free); recording stops, what was "
                           "accepted is written"});
  }
  {
    const MutexLock lock(mutex_);
    last_flush_ = added.flush;
  }
  progress_.notify_all();
  for (const std::string& track : added.overwritten)
    warn("track " + track +
         ": frames of equal _ts replace each other's values; --merge join keeps them all");
  if (options_.on_stored) options_.on_stored(held.batch);
  std::size_t weight = 0;
  if (held.owns_chunks) {
    for (const auto& chunk : held.chunks) weight += chunk->weight();
  }
  held = {};
  if (weight > 0) queue_.done(weight);
}

void Recording::note_failure(const Error& error) {
  const MutexLock lock(mutex_);
  failure_ = error;
}

void Recording::warn(const std::string& text) const {
  if (options_.intake.warn) options_.intake.warn(text);
}

void Recording::finish() {
  Ending ending = ending_;
  Status status;
  if (ending == Ending::kNothing) {
    static_cast<void>(writer_.settle());
  } else if (!write_all() || !writer_.settle()) {
    ending = Ending::kInterrupted;
    // The last try failed: what is left is lost, and said so.
    for (const HeldBatch& held : writer_.take_unwritten()) totals_.add_dropped(held.batch);
    if (!buffer_.empty()) totals_.add_dropped(buffer_.take().batch);
    status = tl::unexpected(*failure());
  }
  Status closed = series_.close(ending);
  const MutexLock lock(mutex_);
  close_status_ = status ? closed : status;
}

std::optional<Error> Recording::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

RecordingTotals Recording::totals() const {
  RecordingTotals totals = totals_.get();
  series_.add_to(totals);
  return totals;
}

}  // namespace zbag
