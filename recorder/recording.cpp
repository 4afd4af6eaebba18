#include "recorder/recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "schemas/check.hpp"

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kIdleWait{50};
constexpr std::chrono::milliseconds kRetryWait{500};
constexpr std::chrono::minutes kSplitRetryWait{1};

}  // namespace

std::chrono::nanoseconds commit_after(std::chrono::nanoseconds sync,
                                      std::chrono::nanoseconds storing) {
  const std::chrono::nanoseconds early = sync - Recording::kHandOverEvery - storing;
  return std::max({sync / 2, early, std::min(storing, sync)});
}

std::optional<std::uint64_t> RecordingTotals::lost() const {
  std::optional<std::uint64_t> sum;
  for (const auto& [name, track] : tracks) {
    if (track.lost) sum = sum.value_or(0) + *track.lost;
  }
  return sum;
}

Recording::Recording(const std::string& path, Options options, BagWriter writer)
    : options_(std::move(options)),
      intake_(std::make_unique<Intake>(options_.intake)),
      queue_(options_.buffer_bytes),
      writer_(std::make_unique<BagWriter>(std::move(writer))),
      buffer_(options_.bag.merge),
      last_write_(Clock::now()),
      series_(path, options_.split),
      file_(writer_->file()),
      remover_([this](const BagSeries::Part& part) { note_removed(part); },
               [this](const std::string& text) { warn(text); }),
      store_(
          [this](HeldBatch held, const WriteReport& report) { stored(std::move(held), report); }) {
  thread_ = std::thread([this] { run(); });
}

Result<std::unique_ptr<Recording>> Recording::open(const std::string& path, Options options) {
  Result<BagWriter> writer = BagWriter::open(path, options.bag);
  if (!writer) return tl::unexpected(writer.error());
  return std::unique_ptr<Recording>(new Recording(path, std::move(options), std::move(*writer)));
}

Recording::~Recording() { static_cast<void>(close()); }

void Recording::hand_over(bool always) {
  if (intake_->is_empty() || (!always && !intake_->is_full())) return;
  Parcel parcel;
  parcel.chunk = intake_->take();
  push(std::move(parcel));
}

void Recording::push(Parcel parcel) {
  take_pending_tracks(parcel.chunk);
  const std::size_t weight = parcel.chunk.weight();
  const bool must_arrive = parcel.ticket > 0 || parcel.is_last;
  if (must_arrive) {
    queue_.force_push(parcel, weight);
    return;
  }
  const auto patience =
      options_.overflow == Overflow::kBlock ? kIdleWait : std::chrono::milliseconds(0);
  while (!queue_.push_for(parcel, weight, patience)) {
    if (options_.overflow == Overflow::kBlock && !failure()) continue;
    // News alone can wait for the next chunk: no points may go for them.
    const bool is_news = parcel.chunk.arrivals.empty();
    const bool drops_oldest = options_.overflow == Overflow::kDropOldest && !is_news;
    if (drops_oldest && queue_.is_empty()) {
      // All the memory is in the writer's hands. The newest chunk waits on top of it: the next one
      // finds it as the oldest.
      queue_.force_push(parcel, weight);
      return;
    }
    if (!drops_oldest || !drop_oldest()) {
      intake_->drop(std::move(parcel.chunk));
      return;
    }
    take_pending_tracks(parcel.chunk);
  }
}

// Names of tracks whose first chunk was let go while nothing else was queued.
void Recording::take_pending_tracks(Chunk& chunk) {
  chunk.new_tracks.insert(chunk.new_tracks.begin(), pending_tracks_.begin(), pending_tracks_.end());
  pending_tracks_.clear();
}

// Lets go of the oldest chunk in the queue, but not of a flush. Tracks that are new in it must
// still reach the writer before their points, so they pass to the chunk that is the oldest then, or
// wait for the next one when there is none.
bool Recording::drop_oldest() {
  std::optional<Parcel> oldest = queue_.drop_oldest(
      [](const Parcel& held) { return held.ticket == 0; },
      [](Parcel& gone, Parcel& heir) {
        auto& tracks = heir.chunk.new_tracks;
        tracks.insert(tracks.begin(), gone.chunk.new_tracks.begin(), gone.chunk.new_tracks.end());
        gone.chunk.new_tracks.clear();
      });
  if (!oldest) return false;
  pending_tracks_.insert(pending_tracks_.end(), oldest->chunk.new_tracks.begin(),
                         oldest->chunk.new_tracks.end());
  oldest->chunk.new_tracks.clear();
  intake_->drop(std::move(oldest->chunk));
  return true;
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

Result<FlushResult> Recording::wait_for(std::uint64_t ticket) {
  std::unique_lock lock(mutex_);
  progress_.wait(lock, [&] { return done_ticket_ >= ticket; });
  return flush_result_;
}

Status Recording::close() {
  if (!closed_) {
    closed_ = true;
    Parcel parcel;
    parcel.chunk = intake_->take();
    parcel.is_last = true;
    push(std::move(parcel));
    queue_.close();
    thread_.join();
  }
  const std::lock_guard lock(mutex_);
  return close_status_;
}

void Recording::run() {
  while (true) {
    const auto until_sync =
        options_.sync ? last_write_ + patience() - Clock::now() : Clock::duration(kIdleWait);
    const auto wait =
        std::clamp<std::chrono::nanoseconds>(until_sync, std::chrono::milliseconds(1), kIdleWait);
    std::optional<Parcel> parcel = queue_.pop(buffer_.empty() ? kIdleWait : wait);
    if (parcel && !handle(*parcel)) break;
    write_due();
  }
  finish();
}

// False after the last parcel.
bool Recording::handle(Parcel& parcel) {
  buffer_.add(std::move(parcel.chunk), Clock::now());
  if (parcel.ticket > 0) {
    Result<FlushResult> result = serve(parcel);
    {
      const std::lock_guard lock(mutex_);
      done_ticket_ = parcel.ticket;
      flush_result_ = std::move(result);
    }
    progress_.notify_all();
  }
  return !parcel.is_last;
}

// What somebody waits for: a flush, a split.
Result<FlushResult> Recording::serve(const Parcel& request) {
  static_cast<void>(settle());  // so that what is stored next is this flush's
  {
    const std::lock_guard lock(mutex_);
    last_flush_ = {};
  }
  // With sync on a bag holds a prefix of what arrived: one track is never written alone.
  const bool whole = !request.track || options_.sync.has_value() || !unwritten_.empty();
  const bool may_write = request.splits || split_when_due();
  const bool written =
      may_write && (whole ? write_all() : write(buffer_.take(&*request.track))) && settle();
  if (written && request.splits) {
    if (Status status = split(); !status) return tl::unexpected(status.error());
  }
  const std::lock_guard lock(mutex_);
  if (!written) return tl::unexpected(*failure_);
  return last_flush_;
}

bool Recording::is_split_due(std::uint64_t under_way) const {
  const std::uint64_t bytes = writer_->file()->size_bytes() + under_way + buffer_.bytes();
  const std::lock_guard lock(mutex_);
  return series_.is_due(bytes, Clock::now());
}

// A new bag begins when what waits would make this one too large or old. False when what was under
// way could not be stored.
bool Recording::split_when_due() {
  if (!buffer_.holds_points() || !unwritten_.empty()) return true;
  if (!is_split_due(2 * options_.commit_bytes)) return true;
  if (!settle()) return false;
  if (!is_split_due(0)) return true;
  const Status status = split();
  if (status) return true;
  {
    const std::lock_guard lock(mutex_);
    series_.put_off(Clock::now() + kSplitRetryWait);
  }
  warn(fmt::format("no new bag: {}; {} is written on", status.error().message, path()));
  return true;
}

// Goes on in a new bag. REQUIRES: nothing is under way or unwritten.
Status Recording::split() {
  BagWriter::Options options = options_.bag;
  std::string path;
  std::vector<BagSeries::Part> oldest;
  {
    const std::lock_guard lock(mutex_);
    if (!series_.holds_points())
      return fail(ErrorCode::kNotFound, series_.path() + " holds no points yet");
    options.config.emplace_back("continues",
                                std::filesystem::path(series_.path()).filename().string());
    for (const auto& [name, track] : totals_.tracks)
      options.losses_before.tracks[name] = {track.lost.value_or(0), track.missed_before};
    options.losses_before.publishers = publishers_;
    path = series_.next_path();
    oldest = series_.take_oldest(1);
  }
  // Both help the new bag find what it asks of the disk.
  remover_.remove(std::move(oldest));
  writer_->give_back_reserve();
  Result<BagWriter> next = open_next(path, options);
  if (!next) return tl::unexpected(next.error());
  // What it holds is durable, closed or not.
  if (Status closed = writer_->close(); !closed) warn(closed.error().message);
  writer_->release_whole_cache();  // the next bag's pages come out of it
  std::shared_ptr<BagFile> file = next->file();
  {
    const std::lock_guard lock(mutex_);
    file_.swap(file);
    series_.begin(std::move(path));
    ++totals_.bags;
    oldest = series_.take_oldest(0);
  }
  writer_ = std::make_unique<BagWriter>(std::move(*next));
  file.reset();
  remover_.remove(std::move(oldest));
  return {};
}

Result<BagWriter> Recording::open_next(const std::string& path, const BagWriter::Options& options) {
  Result<BagWriter> next = BagWriter::open(path, options);
  if (next || next.error().code != ErrorCode::kDiskFull) return next;
  // There may be room when the bags that leave the ring are gone.
  remover_.wait();
  return BagWriter::open(path, options);
}

// On the remover's thread.
void Recording::note_removed(const BagSeries::Part& part) {
  const std::lock_guard lock(mutex_);
  ++totals_.removed_bags;
  totals_.removed_points += part.points;
}

void Recording::warn(const std::string& text) const {
  if (options_.intake.warn) options_.intake.warn(text);
}

void Recording::write_due() {
  if (store_.has_failed()) static_cast<void>(settle());
  if (!unwritten_.empty()) {
    if (Clock::now() - last_write_ >= kRetryWait) static_cast<void>(write_all());
    return;
  }
  if (buffer_.empty()) return;
  // With memory nearly full nothing waits for the interval; while more is queued the transaction
  // still grows to its usual size, since many small ones would be slower.
  const bool is_crowded = queue_.bytes() > options_.buffer_bytes / 5 * 4 && queue_.is_empty();
  if (is_crowded || buffer_.weight() >= options_.commit_bytes) {
    static_cast<void>(split_when_due() && write_all());
    return;
  }
  const auto now = Clock::now();
  if (options_.sync) {
    if (now - last_write_ >= patience()) static_cast<void>(split_when_due() && write_all());
    return;
  }
  if (!split_when_due()) return;
  for (const std::string& track : buffer_.due(options_.points_max, options_.age_max, now)) {
    if (!write(buffer_.take(&track))) return;
  }
}

// How long after a write the next one begins.
std::chrono::nanoseconds Recording::patience() const {
  const std::chrono::nanoseconds sync = *options_.sync;
  if (buffer_.bytes() < kIdleBytes)
    return std::max(sync, std::chrono::nanoseconds(options_.sync_idle.value_or(*options_.sync)));
  return commit_after(sync, std::chrono::nanoseconds(storing_ns_));
}

bool Recording::write_all() {
  if (!write_unwritten()) return false;
  return buffer_.empty() || write(buffer_.take());
}

// Hands the batch to the store thread; false when it, or one before it, is known not to be stored.
bool Recording::write(HeldBatch held) {
  last_write_ = Clock::now();
  Result<std::optional<PreparedBatch>> prepared = writer_->prepare(held.batch);
  if (prepared && *prepared) {
    store_.submit(*writer_, std::move(held), std::move(**prepared));
    return true;
  }
  // Late points are stored when everything before them is.
  static_cast<void>(settle());
  unwritten_.push_back(std::move(held));
  return write_unwritten();
}

// Waits for the store thread; false when something could not be stored and is unwritten now.
bool Recording::settle() {
  std::optional<StoreThread::Failed> failed = store_.drain();
  if (!failed) return true;
  for (HeldBatch& held : failed->batches) unwritten_.push_back(std::move(held));
  writer_->forget_prepared();
  fail_with(failed->error);
  return false;
}

// What the disk refused once is written on this thread, one batch after the other.
bool Recording::write_unwritten() {
  while (!unwritten_.empty()) {
    unwritten_.front().began = Clock::now();
    const Result<WriteReport> report = writer_->write(unwritten_.front().batch);
    if (!report) {
      fail_with(report.error());
      return false;
    }
    stored(std::move(unwritten_.front()), *report);
    unwritten_.pop_front();
  }
  return true;
}

void Recording::fail_with(const Error& error) {
  last_write_ = Clock::now();
  const std::lock_guard lock(mutex_);
  failure_ = error;
}

void Recording::stored(HeldBatch held, const WriteReport& report) {
  note(held.batch, report);
  // The longest of late, fading.
  const std::int64_t took = std::chrono::nanoseconds(Clock::now() - held.began).count();
  const std::int64_t before = storing_ns_;
  storing_ns_ = std::max(took, before - before / 8);
  if (options_.on_stored) options_.on_stored(held.batch);
  std::size_t weight = 0;
  if (held.owns_chunks) {
    for (const auto& chunk : held.chunks) weight += chunk->weight();
  }
  held = {};
  if (weight > 0) queue_.done(weight);
}

void Recording::note(const Batch& batch, const WriteReport& report) {
  std::vector<std::string> overwritten;  // tracks where that is new
  add_up(batch, report, overwritten);
  progress_.notify_all();
  for (const std::string& track : overwritten)
    warn("track " + track +
         ": frames of equal _ts replace each other's values; --merge append keeps every frame");
}

void Recording::add_up(const Batch& batch, const WriteReport& report,
                       std::vector<std::string>& overwritten) {
  const std::lock_guard lock(mutex_);
  last_flush_ = {};
  for (std::size_t i = 0; i < batch.tracks.size(); ++i) {
    const TrackBatch& track = batch.tracks[i];
    const TrackReport& made = report.tracks[i];
    totals_.fate += made.fate;
    RecordingTotals::TrackTotals& sums = totals_.tracks[track.name];
    if (made.fate.overwritten > 0 && sums.fate.overwritten == 0) overwritten.push_back(track.name);
    sums.fate += made.fate;
    sums.lost = track.lost;
    sums.missed_before = track.missed_before;
    for (const RowPoint& point : track.points) sums.bytes += point.pairs_bytes;
    last_flush_.count += made.new_points;
    series_.note_points(made.new_points, Clock::now());
    if (made.new_points > 0 && batch.tracks.size() == 1) {
      last_flush_.first_index = made.first_index;
      last_flush_.last_index = made.first_index + made.new_points - 1;
    }
  }
  totals_.fate += batch.unnamed;
  totals_.block_bytes += report.block_bytes;
  ++totals_.commits;
  for (const LossRecord& record : batch.losses) publishers_[{record.src, record.track}] = record;
  // While old bags go, the disk has more left than it says.
  if (report.disk_low && !failure_ && !remover_.hurry()) {
    failure_ = Error{ErrorCode::kDiskFull,
                     series_.path() +
                         ": the disk is nearly full (--min-free); recording stops, what was "
                         "accepted is written"};
  }
}

void Recording::count_as_dropped(const HeldBatch& held) {
  const std::lock_guard lock(mutex_);
  for (const TrackBatch& track : held.batch.tracks) {
    Fate fate = track.fate;
    fate.dropped += track.points.size();
    totals_.fate += fate;
    totals_.tracks[track.name].fate += fate;
  }
  totals_.fate += held.batch.unnamed;
}

void Recording::finish() {
  Status status;
  if (!write_all() || !settle()) {
    // The last try failed: what is left is lost, and said so.
    for (const HeldBatch& held : unwritten_) count_as_dropped(held);
    unwritten_.clear();
    if (!buffer_.empty()) count_as_dropped(buffer_.take());
    const std::lock_guard lock(mutex_);
    status = tl::unexpected(*failure_);
  }
  Status closed = writer_->close();
  remover_.wait();
  {
    const std::lock_guard lock(mutex_);
    close_status_ = status ? closed : status;
  }
}

std::string Recording::path() const {
  const std::lock_guard lock(mutex_);
  return series_.path();
}

std::shared_ptr<BagFile> Recording::file() const {
  const std::lock_guard lock(mutex_);
  return file_;
}

std::vector<std::string> Recording::paths() const {
  const std::lock_guard lock(mutex_);
  return series_.paths();
}

std::optional<Error> Recording::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

RecordingTotals Recording::totals() const {
  const std::lock_guard lock(mutex_);
  RecordingTotals totals = totals_;
  for (const auto& [key, record] : publishers_) totals.publishers.push_back(record);
  return totals;
}

}  // namespace zbag
