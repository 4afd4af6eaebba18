// Replays bags on the bus, paced by a playback clock.
//
// Several bags play as one, by `_ts`. Replayed frames keep `_ts`; `_src` and `_seq` are the
// player's. A subscriber that is slow makes the player wait rather than lose frames.
//
// run() plays on the calling thread; everything else may be called from other threads meanwhile,
// stop() also from a signal handler.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/session/session.hpp"
#include "player/playback_clock.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/read/playlist.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

struct PlayerStatus {
  double time = 0.0;   // seconds since the epoch: the playback clock
  double start = 0.0;  // of the range
  double end = 0.0;
  double rate = 1.0;
  bool paused = false;
  std::uint64_t published = 0;
  std::uint64_t laps = 0;
};

class Player {
 public:
  struct Options {
    double rate = 1.0;
    bool burst = false;  // as fast as taken
    bool loop = false;   // each lap adds the recording's length and one median step to `_ts`
    bool start_paused = false;
    TimeRange range = TimeRange::all();
    TrackFilter filter;
    std::vector<std::pair<std::string, std::string>> remap;  // track name to track name
    std::string prefix;                                      // put before every name
    std::chrono::duration<double> delay{0};                  // before the first frame
    PlaybackClock::Now now = [] { return std::chrono::steady_clock::now(); };
    std::function<void(const std::string&)> warn;  // damage passed over, frames that cannot be sent
    // Called for every frame with how late it left, in nanoseconds; for benchmarks.
    std::function<void(std::int64_t)> on_sent;
  };

  // kInvalid: a remapped or prefixed name is no track name. REQUIRES: session and playlist outlive
  // this.
  static Result<std::unique_ptr<Player>> open(Playlist& playlist, Session& session,
                                              Options options);

  // Plays to the end, or until stop(). Errors: the bus's or the bag's.
  Status run();

  void stop();
  void pause();
  void resume();
  bool toggle();                    // true: paused now
  Status set_rate(double rate);     // kInvalid: not above 0
  Status seek(double seconds);      // since the epoch; clamped to the range
  void step(std::uint64_t points);  // while paused: publishes that many
  PlayerStatus status() const;
  // That could not be played: lost to damage in the bag. After run().
  std::uint64_t skipped_points() const { return points_.points_left_out(); }

 private:
  Player(Playlist& playlist, Session& session, Options options);
  Result<bool> play_lap();
  bool wait_for(std::int64_t target_ns, PointView& point);
  Status publish(const PointView& point);
  Result<Track*> track_for(std::string_view name);
  Status apply_seek();

  Playlist& playlist_;
  IntactPoints<Playlist> points_;  // of the playlist
  Session& session_;
  const Options options_;
  TimeRange range_;
  std::int64_t shift_ns_ = 0;  // added to `_ts` by laps
  std::unordered_map<std::string, Track> tracks_;
  std::vector<std::uint8_t> kept_;   // the fields of the point waited for
  std::vector<std::int64_t> steps_;  // gaps between points, of the first lap

  mutable Mutex mutex_;  // the clock and what other threads ask for
  Condition changed_;
  PlaybackClock clock_ ZBAG_GUARDED_BY(mutex_);
  std::optional<std::int64_t> seek_to_ ZBAG_GUARDED_BY(mutex_);
  std::uint64_t steps_wanted_ ZBAG_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> published_{0};
  std::atomic<std::uint64_t> laps_{0};
};

}  // namespace zbag
