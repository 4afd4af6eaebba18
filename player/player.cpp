#include "player/player.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace zbag {
namespace {

// Waits at most this long before looking at stop() again: a signal handler cannot wake a condition.
constexpr std::chrono::milliseconds kGlance{100};
constexpr std::size_t kStepsMax = 100'000;

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
  const std::optional<TimeRange> extent = playlist.extent();
  player->range_ = player->options_.range;
  if (extent) {
    player->range_.first = std::max(player->range_.first, extent->first);
    player->range_.last = std::min(player->range_.last, extent->last);
  } else {
    player->range_ = TimeRange::none();
  }
  {
    const MutexLock lock(player->mutex_);
    player->clock_.seek(player->range_.first);
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
  if (range_.empty()) return {};
  if (options_.delay.count() > 0) {
    MutexLock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + options_.delay;
    while (!stopping_.load() && std::chrono::steady_clock::now() < until) {
      changed_.wait_for(lock, std::min<std::chrono::duration<double>>(kGlance, options_.delay));
    }
    clock_.seek(range_.first);
  }
  BagReader::Selection selection;
  selection.range = range_;
  selection.filter = options_.filter;
  if (Status status = playlist_.select(selection); !status) return status;
  while (!stopping_.load()) {
    const Result<bool> ended = play_lap();
    if (!ended) return tl::unexpected(ended.error());
    if (!options_.loop || stopping_.load()) break;
    shift_ns_ += range_.last - range_.first + median_step(steps_);
    playlist_.seek(range_);
    const MutexLock lock(mutex_);
    ++laps_;
    clock_.seek(range_.first);
  }
  return {};
}

// True when the end of the recording was reached.
Result<bool> Player::play_lap() {
  std::int64_t before = range_.first;
  while (!stopping_.load()) {
    if (Status status = apply_seek(); !status) return tl::unexpected(status.error());
    Result<std::optional<PointView>> point = points_.next();
    if (!point) return tl::unexpected(point.error());
    if (!*point) return true;
    const std::int64_t target = (*point)->key;
    if (laps_.load() == 0 && options_.loop && steps_.size() < kStepsMax && target > before)
      steps_.push_back(target - before);
    before = target;
    if (!wait_for(target, **point)) continue;
    if (Status status = publish(**point); !status) return tl::unexpected(status.error());
  }
  return false;
}

// Waits until the clock shows `target_ns`, or a step is due. A long wait keeps a copy of the point
// and lets go of the bag. False: stopped, or sought elsewhere.
bool Player::wait_for(std::int64_t target_ns, PointView& point) {
  MutexLock lock(mutex_);
  bool is_kept = false;
  while (!stopping_.load() && !seek_to_) {
    const bool is_paused = clock_.is_paused();
    if (is_paused && steps_wanted_ > 0) {
      --steps_wanted_;
      clock_.seek(target_ns);
      return true;
    }
    if (!is_paused && options_.burst) {
      clock_.seek(target_ns);
      return true;
    }
    std::chrono::nanoseconds wait = kGlance;
    if (!is_paused) {
      const std::chrono::nanoseconds left = *clock_.when(target_ns) - options_.now();
      if (left.count() <= 0) return true;
      wait = std::min(wait, left);
    }
    if (wait == kGlance && !std::exchange(is_kept, true)) {
      kept_.assign(point.map.begin(), point.map.end());
      point.map = kept_;
      playlist_.release();
    }
    changed_.wait_for(lock, wait);
  }
  return false;
}

Status Player::publish(const PointView& point) {
  Result<Track*> track = track_for(point.track);
  if (!track) return tl::unexpected(track.error());
  const Timestamp stamp =
      shift_ns_ == 0 ? point.stamp() : Timestamp::from_ns(point.key + shift_ns_);
  while (!stopping_.load()) {
    Status status = (*track)->append_map(point.map, stamp);
    if (status) {
      ++published_;
      if (options_.on_sent) {
        const MutexLock lock(mutex_);
        options_.on_sent(clock_.time_ns() - point.key);
      }
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

Status Player::apply_seek() {
  std::optional<std::int64_t> target;
  {
    const MutexLock lock(mutex_);
    target = std::exchange(seek_to_, std::nullopt);
    if (target) clock_.seek(*target);
  }
  if (target) playlist_.seek({*target, range_.last});
  return {};
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
  changed_.notify_all();
}

bool Player::toggle() {
  const MutexLock lock(mutex_);
  clock_.is_paused() ? clock_.resume() : clock_.pause();
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

Status Player::seek(double seconds) {
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(seconds);
  if (!stamp) return fail(ErrorCode::kInvalid, fmt::format("seek to {}: not a time", seconds));
  const MutexLock lock(mutex_);
  seek_to_ = std::clamp(stamp->ns(), range_.first, range_.last);
  changed_.notify_all();
  return {};
}

void Player::step(std::uint64_t points) {
  const MutexLock lock(mutex_);
  clock_.pause();
  steps_wanted_ += points;
  changed_.notify_all();
}

PlayerStatus Player::status() const {
  const MutexLock lock(mutex_);
  const std::int64_t now =
      std::clamp(clock_.time_ns(), range_.first, std::max(range_.first, range_.last));
  return {seconds_of_key(now), seconds_of_key(range_.first), seconds_of_key(range_.last),
          clock_.rate(),       clock_.is_paused(),           published_.load(),
          laps_.load()};
}

}  // namespace zbag
