// Replays bags on the bus, paced by a playback clock.
//
// Several bags play as one, by `_ts`. Replayed frames keep `_ts`; `_src` and `_seq` are the
// player's. A subscriber that is slow makes the player wait rather than lose frames.
//
// The clock stands at the first chosen point until run(), which plays on the calling thread;
// everything else may be called from other threads before and meanwhile, stop() also from a signal
// handler. What is asked for before run() holds from its first point on.
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
  double start = 0.0;  // stamp of the first chosen point
  double end = 0.0;    // of the last one
  double rate = 1.0;
  bool waiting = true;  // run() has not begun to send
  bool paused = false;
  bool stopping = false;
  std::uint64_t published = 0;
  std::uint64_t laps = 0;
  std::uint64_t steps_left = 0;  // of step(), not published yet
};

class Player {
 public:
  struct Options {
    double rate = 1.0;
    bool burst = false;  // as fast as taken
    // Starts over one median step behind the last point; each lap adds the length of what is
    // played and that step to `_ts`.
    bool loop = false;
    bool start_paused = false;
    TimeRange range = TimeRange::all();
    TrackFilter filter;
    std::vector<std::pair<std::string, std::string>> remap;  // track name to track name
    std::string prefix;                                      // put before every name
    std::vector<std::string> columns;                        // fields; see is_chosen_field()
    std::uint64_t points_max = 0;                            // to publish; 0: all
    std::chrono::duration<double> delay{0};                  // before the first frame
    // Silence of the recording longer than this is not waited for; nullopt: all of it is.
    std::optional<std::chrono::nanoseconds> max_gap;
    PlaybackClock::Now now = [] { return std::chrono::steady_clock::now(); };
    std::function<void(const std::string&)> warn;  // damage passed over, frames that cannot be sent
    std::function<void(const std::string&)> tell;  // that a long silence begins, or is skipped
    // Called for every frame with how late it left, in nanoseconds; for benchmarks.
    std::function<void(std::int64_t)> on_sent;
  };

  // kInvalid: a remapped or prefixed name is no track name. REQUIRES: session and playlist outlive
  // this.
  static Result<std::unique_ptr<Player>> open(Playlist& playlist, Session& session,
                                              Options options);

  // False: the choice holds no point that can be read, and no damage that hides one.
  bool has_anything() const { return !range_.empty(); }

  // Plays to the end, or until stop(). Errors: the bus's or the bag's; kUnsupported: a further lap
  // would have stamps beyond the end of time.
  Status run();

  void stop();
  bool is_stopping() const { return stopping_.load(); }
  void pause();
  void resume();
  bool toggle();                    // true: paused now
  Status set_rate(double rate);     // kInvalid: not above 0
  void seek(Timestamp time);        // clamped to what is played
  void step(std::uint64_t points);  // pauses, and publishes that many more
  // Waits until they have left; false: not within `timeout`, or the end came first.
  bool await_steps(std::chrono::milliseconds timeout);
  PlayerStatus status() const;
  // That could not be played: lost to damage in the bag. After run().
  std::uint64_t skipped_points() const { return points_.points_left_out(); }

 private:
  Player(Playlist& playlist, Session& session, Options options);
  BagReader::Selection selection() const;
  Status find_ends();
  bool await_delay();
  Status play_laps();
  Result<bool> play_lap();
  Result<bool> turn_lap();
  bool wait_for(std::int64_t target_ns, std::int64_t gap_ns, PointView* point);
  void tell_gap(std::int64_t target_ns, std::int64_t gap_ns);
  bool is_enough() const { return options_.points_max > 0 && published_ >= options_.points_max; }
  std::span<const std::uint8_t> chosen_fields(const PointView& point);
  Status publish(const PointView& point);
  void note_published(const PointView& point);
  Result<Track*> track_for(std::string_view name);
  void apply_seek();

  Playlist& playlist_;
  IntactPoints<Playlist> points_;  // of the playlist
  Session& session_;
  const Options options_;
  TimeRange range_;             // of the playlist; empty: there is nothing to play
  std::int64_t first_ns_ = 0;   // of the chosen points, as far as they can be read
  std::int64_t last_ns_ = 0;    // likewise
  std::int64_t shift_ns_ = 0;   // added to `_ts` by laps
  std::int64_t before_ns_ = 0;  // the point before, or where somebody sought
  std::unordered_map<std::string, Track> tracks_;
  std::vector<std::uint8_t> kept_;   // the fields of the point waited for
  std::string chosen_;               // those of them that are chosen
  std::vector<std::int64_t> steps_;  // gaps between points, of the first lap
  std::optional<PlaybackClock::SteadyTime> told_at_;

  mutable Mutex mutex_;  // the clock and what other threads ask for
  Condition changed_;
  PlaybackClock clock_ ZBAG_GUARDED_BY(mutex_);
  bool is_sending_ ZBAG_GUARDED_BY(mutex_) = false;
  bool has_ended_ ZBAG_GUARDED_BY(mutex_) = false;
  std::optional<std::int64_t> seek_to_ ZBAG_GUARDED_BY(mutex_);
  std::uint64_t steps_left_ ZBAG_GUARDED_BY(mutex_) = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> published_{0};
  std::atomic<std::uint64_t> laps_{0};
};

}  // namespace zbag
