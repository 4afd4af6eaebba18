#include "player/player.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "schemas/chosen_fields.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// Waits at most this long before looking at stop() again: a signal handler cannot wake a condition.
constexpr std::chrono::milliseconds kGlance{100};
constexpr std::size_t kStepsMax = 100'000;
// Silence that somebody who watches would wonder at.
constexpr std::int64_t kGapToldNs = 10'000'000'000;
constexpr std::chrono::seconds kToldEvery{1};

}  // namespace

Player::Player(Playlist& playlist, Session& session, Options options)
    : playlist_(playlist),
      points_(playlist, options.warn),
      session_(session),
      options_(std::move(options)),
      clock_(options_.now) {}

Result<std::unique_ptr<Player>> Player::open(Playlist& playlist, Session& session,
                                             Options options) {
  std::unique_ptr<Player> player(new Player(playlist, session, std::move(options)));
  if (Status status = player->find_ends(); !status) return tl::unexpected(status.error());
  {
    const MutexLock lock(player->mutex_);
    player->clock_.set_rate(player->options_.rate);
    if (player->options_.start_paused) player->clock_.pause();
  }
  for (const BagSummary& summary : playlist.summaries()) {
    for (const TrackRecord& track : summary.tracks) {
      if (!player->options_.filter.matches(track.name)) continue;
      if (Result<Track*> mapped = player->track_for(track.name); !mapped)
        return tl::unexpected(mapped.error());
    }
  }
  return player;
}

BagReader::Selection Player::selection() const {
  BagReader::Selection selection;
  selection.range = range_;
  selection.filter = options_.filter;
  return selection;
}

// The stamps of the first and the last chosen point. Damage is only looked at here: run() tells of
// it, also where it hides all that was chosen.
Status Player::find_ends() {
  const std::optional<TimeRange> extent = playlist_.extent();
  range_ = extent ? TimeRange{std::max(options_.range.first, extent->first),
                              std::min(options_.range.last, extent->last)}
                  : TimeRange::none();
  if (range_.empty()) return {};
  first_ns_ = range_.first;
  last_ns_ = range_.last;
  for (const bool is_reverse : {false, true}) {
    BagReader::Selection chosen = selection();
    chosen.reverse = is_reverse;
    if (Status status = playlist_.select(chosen); !status) return status;
    IntactPoints<Playlist> points(playlist_, nullptr);
    const Result<std::optional<PointView>> point = points.next();
    if (!point) return tl::unexpected(point.error());
    if (*point) {
      (is_reverse ? last_ns_ : first_ns_) = (*point)->key;
    } else if (points.left_out() == 0) {
      range_ = TimeRange::none();
      return {};
    }
  }
  playlist_.release();
  return {};
}

Result<Track*> Player::track_for(std::string_view name) {
  std::string key(name);
  const auto known = tracks_.find(key);
  if (known != tracks_.end()) return &known->second;
  std::string mapped = key;
  for (const auto& [from, to] : options_.remap) {
    if (from == key) mapped = to;
  }
  if (!options_.prefix.empty()) mapped = options_.prefix + "/" + mapped;
  Result<Track> track = session_.track(mapped);
  if (!track) return fail(track.error(), fmt::format("track {} plays as {}", key, mapped));
  return &tracks_.emplace(std::move(key), *track).first->second;
}

Status Player::run() {
  Status status;
  if (has_anything() && await_delay()) status = playlist_.select(selection());
  {
    const MutexLock lock(mutex_);
    clock_.seek(seek_to_.value_or(first_ns_));
    is_sending_ = true;
  }
  if (status && has_anything()) status = play_laps();
  {
    const MutexLock lock(mutex_);
    has_ended_ = true;
  }
  changed_.notify_all();
  return status;
}

// False: stopped.
bool Player::await_delay() {
  MutexLock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + options_.delay;
  while (!stopping_.load() && std::chrono::steady_clock::now() < until) {
    changed_.wait_for(lock, std::min<std::chrono::duration<double>>(kGlance, options_.delay));
  }
  return !stopping_.load();
}

Status Player::play_laps() {
  before_ns_ = first_ns_;
  std::uint64_t before = 0;
  while (!stopping_.load()) {
    const Result<bool> ended = play_lap();
    if (!ended) return tl::unexpected(ended.error());
    // A lap in which nothing can be played would be followed by others like it.
    if (!options_.loop || !*ended || published_.load() == before) break;
    const Result<bool> turned = turn_lap();
    if (!turned) return tl::unexpected(turned.error());
    if (*turned) before = published_.load();
  }
  return {};
}

// True when the end of the recording was reached.
Result<bool> Player::play_lap() {
  while (!stopping_.load() && !is_enough()) {
    apply_seek();
    Result<std::optional<PointView>> point = points_.next();
    if (!point) return tl::unexpected(point.error());
    if (!*point) return true;
    const std::int64_t target = (*point)->key;
    const std::int64_t gap = between_stamps(before_ns_, target);
    if (laps_.load() == 0 && options_.loop && steps_.size() < kStepsMax && gap > 0)
      steps_.push_back(gap);
    before_ns_ = target;
    tell_gap(target, gap);
    if (!wait_for(target, gap, &**point)) continue;
    if (Status status = publish(**point); !status) return tl::unexpected(status.error());
  }
  return false;
}

// Waits one median step behind the last point and starts over. False: somebody seeks, so that the
// lap goes on, or stops.
Result<bool> Player::turn_lap() {
  const std::int64_t step = median_step(steps_);
  const std::optional<Lap> lap = lap_of(first_ns_, last_ns_, step, shift_ns_);
  if (!lap) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("--loop ends after {} laps: the stamps of a further one would lie "
                            "beyond the end of time (the year 2262)",
                            laps_.load() + 1));
  }
  if (!wait_for(sum_of_stamps(last_ns_, step), step, nullptr)) return false;
  shift_ns_ = lap->shift_ns;
  before_ns_ = first_ns_;
  playlist_.seek(range_);
  const MutexLock lock(mutex_);
  ++laps_;
  clock_.turn_back(lap->length_ns);
  return true;
}

// Waits until the clock shows `target_ns`, or a step is due. A long wait keeps a copy of the point
// and lets go of the bag. False: stopped, or sought elsewhere.
bool Player::wait_for(std::int64_t target_ns, std::int64_t gap_ns, PointView* point) {
  MutexLock lock(mutex_);
  const bool is_skipped = options_.max_gap && gap_ns > options_.max_gap->count();
  bool is_kept = point == nullptr;
  while (!stopping_.load() && !seek_to_) {
    const bool is_paused = clock_.is_paused();
    if (is_paused ? steps_left_ > 0 : options_.burst) {
      clock_.seek(target_ns);
      return true;
    }
    std::chrono::nanoseconds wait = kGlance;
    if (!is_paused) {
      const std::chrono::nanoseconds left = *clock_.when(target_ns) - options_.now();
      if (left.count() > 0 && is_skipped) clock_.seek(target_ns);
      if (left.count() <= 0 || is_skipped) return true;
      wait = std::min(wait, left);
    }
    if (wait == kGlance && !std::exchange(is_kept, true)) {
      kept_.assign(point->map.begin(), point->map.end());
      point->map = kept_;
      playlist_.release();
    }
    changed_.wait_for(lock, wait);
  }
  return false;
}

// Says why nothing comes for a while, or why it does not; not more often than one can read.
void Player::tell_gap(std::int64_t target_ns, std::int64_t gap_ns) {
  if (!options_.tell || options_.burst || gap_ns <= kGapToldNs) return;
  const bool is_skipped = options_.max_gap && gap_ns > options_.max_gap->count();
  double rate = 1.0;
  {
    const MutexLock lock(mutex_);
    rate = clock_.rate();
  }
  const double seconds = static_cast<double>(gap_ns) / 1e9;
  if (!is_skipped && static_cast<double>(gap_ns) / rate <= static_cast<double>(kGapToldNs)) return;
  if (told_at_ && options_.now() - *told_at_ < kToldEvery) return;
  told_at_ = options_.now();
  const std::string next = seconds_text(seconds_of_key(target_ns));
  options_.tell(is_skipped ? fmt::format("skips {:.1f} s of silence, to {}", seconds, next)
                           : fmt::format("silence of {:.1f} s, until {}; --max-gap S skips such",
                                         seconds, next));
}

// A malformed map is left as it is, to be refused whole.
std::span<const std::uint8_t> Player::chosen_fields(const PointView& point) {
  const std::optional<MapBytes> map = open_map(point.map);
  if (options_.columns.empty() || !map || !check_map(point.map)) return point.map;
  chosen_.clear();
  append_chosen(*map, options_.columns, chosen_);
  return bytes_of(chosen_);
}

Status Player::publish(const PointView& point) {
  const std::span<const std::uint8_t> map = chosen_fields(point);
  Result<Track*> track = track_for(point.track);
  if (!track) return tl::unexpected(track.error());
  const Timestamp stamp =
      shift_ns_ == 0 ? point.stamp() : Timestamp::from_ns(sum_of_stamps(point.key, shift_ns_));
  while (!stopping_.load()) {
    Status status = (*track)->append_map(map, stamp);
    if (status) {
      note_published(point);
      return {};
    }
    if (status.error().code == ErrorCode::kInvalid) {
      points_.leave_out(status.error().message);
      return {};
    }
    if (status.error().code != ErrorCode::kTimeout) return status;
  }
  return {};
}

void Player::note_published(const PointView& point) {
  ++published_;
  const MutexLock lock(mutex_);
  if (steps_left_ > 0 && --steps_left_ == 0) changed_.notify_all();
  if (options_.on_sent) options_.on_sent(clock_.time_ns() - point.key);
}

void Player::apply_seek() {
  {
    const MutexLock lock(mutex_);
    if (!seek_to_) return;
    before_ns_ = *std::exchange(seek_to_, std::nullopt);
    clock_.seek(before_ns_);
  }
  playlist_.seek({before_ns_, range_.last});
}

void Player::stop() { stopping_.store(true); }

void Player::pause() {
  const MutexLock lock(mutex_);
  clock_.pause();
  changed_.notify_all();
}

void Player::resume() {
  const MutexLock lock(mutex_);
  clock_.resume();
  steps_left_ = 0;
  changed_.notify_all();
}

bool Player::toggle() {
  const MutexLock lock(mutex_);
  clock_.is_paused() ? clock_.resume() : clock_.pause();
  steps_left_ = 0;
  changed_.notify_all();
  return clock_.is_paused();
}

Status Player::set_rate(double rate) {
  if (!(rate > 0.0 && rate <= 1e6)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("rate {}: give a number above 0, at most 1000000", rate));
  }
  const MutexLock lock(mutex_);
  clock_.set_rate(rate);
  changed_.notify_all();
  return {};
}

void Player::seek(Timestamp time) {
  const MutexLock lock(mutex_);
  seek_to_ = std::clamp(time.ns(), first_ns_, std::max(first_ns_, last_ns_));
  clock_.seek(*seek_to_);
  changed_.notify_all();
}

void Player::step(std::uint64_t points) {
  const MutexLock lock(mutex_);
  clock_.pause();
  if (__builtin_add_overflow(steps_left_, points, &steps_left_))
    steps_left_ = std::numeric_limits<std::uint64_t>::max();
  changed_.notify_all();
}

bool Player::await_steps(std::chrono::milliseconds timeout) {
  MutexLock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&]() ZBAG_REQUIRES(mutex_) {
    return steps_left_ == 0 || has_ended_ || !is_sending_;
  }) && steps_left_ == 0;
}

PlayerStatus Player::status() const {
  const MutexLock lock(mutex_);
  const std::int64_t shown = is_sending_ ? clock_.time_ns() : seek_to_.value_or(first_ns_);
  const std::int64_t now = std::clamp(shown, first_ns_, std::max(first_ns_, last_ns_));
  return {.time = seconds_of_key(now),
          .start = seconds_of_key(first_ns_),
          .end = seconds_of_key(last_ns_),
          .rate = clock_.rate(),
          .waiting = !is_sending_,
          .paused = clock_.is_paused(),
          .stopping = stopping_.load(),
          .published = published_.load(),
          .laps = laps_.load(),
          .steps_left = steps_left_};
}

}  // namespace zbag
