// The publishing side: a session stamps, numbers and sends the frames of one process.
//
//   auto session = Session::on_bus(context, urls, {}).value();
//   Track arm = session->track("robot/arm").value();
//   arm.append({{"q", q}});             // stamped now
//   arm.append({{"v", v}}, -1);         // the stamp used last, in any track of the session
//   Frame frame(*session);              // several tracks, one stamp
//   frame.add("camera", {{"jpeg", jpeg}});
//   frame.add("pose", {{"p", p}});
//   frame.commit();
//
// A session sends into a FrameSink: the bus, or a bag without any bus (recorder/bag_session.hpp),
// which can also be read back. Stamps follow wire.md, Time: a missing one is wall-clock now, made
// strictly increasing; -1 inherits the last stamp of the session, across tracks and threads.
//
// Guarantees: an append that returns an error has changed nothing, the last stamp included. With
// the default options a frame leaves at once; with a buffer, frames of equal stamp merge in it, by
// the rule of wire.md as a recorder's do, and it is sent when a track holds `buffer_points`, when
// its oldest append is `buffer_age` old, on flush() and on close().
//
// Thread-safe: resolving, remembering and sending happen under one lock. A Track is a small handle
// that lives as long as its session. Appending never waits for room on a live bus, but in a sink
// that asks for that (pub, play). It waits once for a socket: before the first frame of
// kLargeFrameBytes and more of a track, where no frame of its size (in powers of two) has left the
// process yet, until those who listen have been heard there: 50 ms where they are, half a second
// where they have gone. Other appends of the session wait with it: sensors that may not have a
// session of their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bus/endpoints.hpp"
#include "bus/session/bus_sink.hpp"
#include "bus/session/sink.hpp"
#include "bus/session/stamp.hpp"
#include "bus/session/track.hpp"
#include "schemas/mutex.hpp"
#include "schemas/points/merge.hpp"

namespace zbag {

class Session {
 public:
  struct Options {
    std::string name = "session";                // shown by recorders beside this session's losses
    std::size_t buffer_points = 1;               // of one track; 1 sends every append at once
    std::chrono::milliseconds buffer_age{5000};  // used only when buffer_points > 1
    TimestampMode timestamps = TimestampMode::kAuto;
    InheritScope inherit = InheritScope::kSession;
    NameRule names = NameRule::kWire;
    // Whether frames of tracks below _sys are taken, such as a bag holds that has recorded some.
    bool system_tracks = false;
    // Of frames of equal stamp in the buffer. What kShallow and kDeep replace by a different value
    // is counted, and told of by close().
    MergeMode merge = MergeMode::kJoin;
    std::function<double()> now;  // seconds since the epoch; default: the system clock
    std::function<std::chrono::steady_clock::time_point()> monotonic;  // default: the steady clock
    std::function<void(const std::string&)> warn;  // called at most once a track and reason
    // A thread of the session's own flushes by age and announces; without it the owner calls
    // tick().
    bool background = true;
    std::chrono::milliseconds tick_every{100};  // how often that thread calls tick()
  };
  using BusOptions = BusSinkOptions;

  static Result<std::unique_ptr<Session>> on_bus(Context& context, const BusUrls& urls,
                                                 Options options, BusOptions bus);
  static Result<std::unique_ptr<Session>> into(std::unique_ptr<FrameSink> sink,
                                               std::unique_ptr<PointSource> source,
                                               Options options);
  // Appends cost nothing and go nowhere; everything succeeds.
  static std::unique_ptr<Session> disabled();
  // Closes, ignoring what close() would report.
  ~Session();

  static constexpr std::string_view kDefaultTrack = "default";
  // The same handle for the same name, always.
  Result<Track> track(std::string_view name = kDefaultTrack);
  Result<Track> tracks(std::string_view name) { return track(name); }
  // Tracks known to the sink, or appended to, that match ("robot/*"; all without a pattern).
  Result<std::vector<TrackStats>> list(std::string_view pattern = "**");

  // All tracks; a failure of one is reported, the others are still flushed.
  Result<FlushResult> flush();
  // Flushes, announces the end and closes the sink. Later appends say kClosed. Every further
  // call, also beside the first, waits until that is done and says the same.
  Status close();
  // Flushes by age and announces; what the background thread calls.
  void tick();

  std::uint64_t src() const { return src_; }
  // The stamp an append with -1 would get now.
  std::optional<Timestamp> last_stamp() const;
  // Points waiting in buffers.
  std::size_t buffered() const;
  // Values that merging in the buffer has replaced by different ones.
  std::uint64_t overwritten() const;
  // Waits until somebody listens on the bus; false after `timeout`. At once true elsewhere. Appends
  // wait meanwhile.
  bool wait_for_listener(std::chrono::milliseconds timeout);

 private:
  friend class Track;
  friend class Frame;
  struct Entry;

  Session(std::unique_ptr<FrameSink> sink, std::unique_ptr<PointSource> source, Options options);
  TrackState& state_of(TrackName name) ZBAG_REQUIRES(mutex_);
  Result<Timestamp> resolve(TrackState& track, const Stamp& stamp) ZBAG_REQUIRES(mutex_);
  Status write(TrackState& track, Timestamp stamp, std::span<const FieldView> fields)
      ZBAG_REQUIRES(mutex_);
  Status write(TrackState& track, Timestamp stamp, const Fields& fields) ZBAG_REQUIRES(mutex_);
  Status write_encoded(TrackState& track) ZBAG_REQUIRES(mutex_);
  Status put(TrackState& track, Timestamp stamp, const Fields& fields) ZBAG_REQUIRES(mutex_);
  bool merge(TrackState& track, Timestamp stamp, const Fields& fields) ZBAG_REQUIRES(mutex_);
  Result<std::size_t> drain(TrackState& track) ZBAG_REQUIRES(mutex_);
  Result<FlushResult> flush_locked(const TrackState* only) ZBAG_REQUIRES(mutex_);
  void tick_locked() ZBAG_REQUIRES(mutex_);
  void announce(const char* state) ZBAG_REQUIRES(mutex_);

  Status append(TrackState& track, std::span<const FieldView> fields, Stamp stamp);
  Status append(TrackState& track, const Fields& fields, Stamp stamp);
  Status append_map(TrackState& track, std::span<const std::uint8_t> map, Timestamp stamp);
  Status commit(const std::vector<Entry>& entries, const Stamp& stamp);
  Result<FlushResult> flush(const TrackState* only);  // all when null
  Status describe(const TrackState& track, const TrackAbout& about);
  Result<PointSource*> source_after_flush(TrackState* track);
  void run();

  const Options options_;
  const std::uint64_t src_;
  const bool enabled_;
  const std::unique_ptr<PointSource> source_;
  mutable Mutex mutex_;
  const std::unique_ptr<FrameSink> sink_ ZBAG_POINTS_TO_GUARDED_BY(mutex_);
  std::map<std::string, std::unique_ptr<TrackState>, std::less<>> tracks_ ZBAG_GUARDED_BY(mutex_);
  Stamper stamper_ ZBAG_GUARDED_BY(mutex_);
  std::string encoded_ ZBAG_GUARDED_BY(mutex_);
  std::uint64_t overwritten_ ZBAG_GUARDED_BY(mutex_) = 0;
  std::chrono::steady_clock::time_point announced_ ZBAG_GUARDED_BY(mutex_){};
  bool closing_ ZBAG_GUARDED_BY(mutex_) = false;
  bool closed_ ZBAG_GUARDED_BY(mutex_) = false;
  Status close_status_ ZBAG_GUARDED_BY(mutex_);  // what every close() says, once closed
  Condition has_closed_;
  Condition wake_;       // of the thread, when it is closing
  std::jthread thread_;  // close() has joined it
};

// A Frame of several tracks is what one instant looks like to whoever publishes, hence the name
// (requirement S1.22); on the bus it is a frame for each of its tracks, all of one stamp, which is
// resolved at commit(). Not thread-safe itself; commits of several threads never mix.
class Frame {
 public:
  explicit Frame(Session& session, Stamp stamp = {});
  ~Frame();
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  // The same errors as Track::append; a wrong name or field makes commit() fail with it.
  Frame& add(std::string_view track, Fields fields);
  // All of it or nothing is taken, where the sink does not fail half-way. Empties the frame.
  Status commit();

 private:
  Session& session_;
  Stamp stamp_;
  std::vector<Session::Entry> entries_;
  std::optional<Error> error_;
};

}  // namespace zbag
