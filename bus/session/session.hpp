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
// the default options a frame leaves at once; with a buffer, frames of equal stamp merge in it and
// it is sent when a track holds `buffer_points`, when its oldest append is `buffer_age` old, on
// flush() and on close().
//
// Thread-safe: resolving, remembering and sending happen under one lock. A Track is a small handle
// that lives as long as its session. Appending never waits on a live bus; it waits for room in a
// sink that asks for that (pub, play).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bus/context.hpp"
#include "bus/endpoints.hpp"
#include "schemas/frame.hpp"
#include "schemas/points/batch.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

// The stamp argument of an append: nothing (now), seconds, or -1 (inherit).
class Stamp {
 public:
  Stamp() = default;
  Stamp(double seconds)
      : kind_(seconds == -1.0 ? StampKind::kInherit : StampKind::kGiven), seconds_(seconds) {}
  Stamp(int seconds) : Stamp(static_cast<double>(seconds)) {}
  // A resolved stamp as it is, for points at -1 s too, which the sentinel cannot say.
  Stamp(Timestamp stamp) : kind_(StampKind::kGiven), exact_(stamp) {}

  StampKind kind() const { return kind_; }
  double seconds() const { return seconds_; }
  const std::optional<Timestamp>& exact() const { return exact_; }

 private:
  StampKind kind_ = StampKind::kMissing;
  double seconds_ = 0.0;
  std::optional<Timestamp> exact_;
};

enum class InheritScope { kSession, kThread };

// Where a session's frames go. Called under the session's lock, from any thread.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // Takes one encoded frame, copying it. An error means it was not taken.
  virtual Status write(const TrackName& track, std::span<const std::uint8_t> frame) = 0;
  // Returns when what was written (to `track`, or to all) is as safe as this sink makes it.
  virtual Result<FlushResult> flush(const TrackName* track) = 0;
  // Called about every `tick_every`.
  virtual Status tick() = 0;
  // Everything written is safe, nothing is taken any more.
  virtual Status close() = 0;
  // True when the session should announce itself on _sys/session; the sink says when somebody new
  // listens.
  virtual bool announces() const { return false; }
  virtual bool has_new_listener() { return false; }
};

// Reads back what a session wrote, where its sink is a bag. Called without the session's lock,
// after a flush: a session reads its own writes.
class PointSource {
 public:
  virtual ~PointSource() = default;
  virtual Result<std::vector<Point>> read(const TrackName& track, TimeRange range,
                                          std::size_t limit, bool reverse) = 0;
  virtual Result<Page> read_page(const TrackName& track, std::uint64_t start,
                                 std::size_t limit) = 0;
  // The last point at or before `stamp`.
  virtual Result<std::optional<Point>> floor(const TrackName& track, Timestamp stamp) = 0;
  virtual Result<std::vector<TrackStats>> tracks() = 0;
};

class Session;

class Track {
 public:
  const TrackName& name() const;

  // kInvalid: a field name begins with '_' (only `_ts` may, and then holds the stamp), the stamp is
  // no time, or nothing can be inherited; kTimeout, kDiskFull, kClosed: the sink's word.
  Status append(std::initializer_list<FieldView> fields, Stamp stamp = {}) {
    return enabled_ ? append_views({fields.begin(), fields.size()}, stamp) : Status();
  }
  Status append(const Fields& fields, Stamp stamp = {});
  Status log(std::initializer_list<FieldView> fields, Stamp stamp = {}) {
    return append(fields, stamp);
  }
  Status append_at(std::int64_t ns, const Fields& fields) {
    return append(fields, Timestamp::from_ns(ns));
  }

  // Sends fields that are a MessagePack map already, as stored in a bag; reserved names other than
  // _ts, _seq and _src pass unchanged. Never merges in the buffer. kInvalid: the map is malformed.
  Status append_map(std::span<const std::uint8_t> map, Timestamp stamp);

  Result<FlushResult> flush();

  // Reading (a session over a bag; kUnsupported on the bus). Closed range, both ends optional.
  Result<std::vector<Point>> read(std::optional<Timestamp> start = {},
                                  std::optional<Timestamp> end = {});
  // kInvalid: limit is 0 or above kPageMax.
  Result<Page> read_page(std::uint64_t start_index, std::size_t limit = kPageDefault);
  // Half-open [start, end).
  Result<std::vector<Point>> read_by_time(Timestamp start, Timestamp end,
                                          std::size_t limit = kPageDefault, bool reverse = false);
  Result<std::vector<Point>> slice(Timestamp start, Timestamp end) { return read(start, end); }
  // The last point at or before `stamp`; kNotFound before the first.
  Result<Point> find_by_time(Timestamp stamp);
  Result<std::vector<Point>> find_by_time(std::span<const Timestamp> stamps);
  Result<TrackStats> stats();

 private:
  friend class Session;
  friend class Frame;
  struct State;
  Track(Session* session, State* state, bool enabled)
      : session_(session), state_(state), enabled_(enabled) {}
  Status append_views(std::span<const FieldView> fields, Stamp stamp);

  Session* session_;
  State* state_;
  bool enabled_;
};

class Session {
 public:
  struct Options {
    std::string name = "session";                // shown by recorders beside this session's losses
    std::size_t buffer_points = 1;               // of one track; 1 sends every append at once
    std::chrono::milliseconds buffer_age{5000};  // used only when buffer_points > 1
    TimestampMode timestamps = TimestampMode::kAuto;
    InheritScope inherit = InheritScope::kSession;
    NameRule names = NameRule::kWire;
    bool deep_merge = false;      // of frames of equal stamp in the buffer
    std::function<double()> now;  // seconds since the epoch; default: the system clock
    std::function<std::chrono::steady_clock::time_point()> monotonic;  // default: the steady clock
    std::function<void(const std::string&)> warn;  // called at most once a track and reason
    // A thread of the session's own flushes by age and announces; without it the owner calls
    // tick().
    bool background = true;
    std::chrono::milliseconds tick_every{100};  // how often that thread calls tick()
  };
  struct BusOptions {
    bool wait_when_full = false;  // a full queue makes append() wait; never for live sensors
    std::chrono::milliseconds linger{
        200};  // how long close() lets frames leave; -1: until they have
  };

  static Result<std::unique_ptr<Session>> on_bus(Context& context, const BusUrls& urls,
                                                 Options options, BusOptions bus);
  static Result<std::unique_ptr<Session>> into(std::unique_ptr<FrameSink> sink,
                                               std::unique_ptr<PointSource> source,
                                               Options options);
  // Appends cost nothing and go nowhere; everything succeeds.
  static std::unique_ptr<Session> disabled();
  // Closes, ignoring what close() would report.
  ~Session();

  // The same handle for the same name, always.
  Result<Track> track(std::string_view name);
  // Tracks known to the sink, or appended to, that match ("robot/*"; all without a pattern).
  Result<std::vector<TrackStats>> list(std::string_view pattern = "**");

  // All tracks; a failure of one is reported, the others are still flushed.
  Result<FlushResult> flush();
  // Flushes, announces the end and closes the sink. Later appends say kClosed. Idempotent.
  Status close();
  // Flushes by age and announces; what the background thread calls.
  void tick();

  std::uint64_t src() const { return src_; }
  // The stamp an append with -1 would get now.
  std::optional<Timestamp> last_stamp() const;
  // Points waiting in buffers.
  std::size_t buffered() const;
  // Waits until somebody listens on the bus; false after `timeout`. At once true elsewhere.
  bool wait_for_listener(std::chrono::milliseconds timeout);
  // Sends a frame of a system topic as it is given, with _ts alone added.
  Status send_system(const std::string& topic, const Fields& fields);

 private:
  friend class Track;
  friend class Frame;
  struct Entry;

  Session(std::unique_ptr<FrameSink> sink, std::unique_ptr<PointSource> source, Options options);
  Result<Timestamp> resolve(Track::State& track, Stamp stamp);
  Timestamp next_auto();
  void remember(Timestamp stamp);
  Status write_now(Track::State& track, Timestamp stamp, std::span<const FieldView> fields);
  Status write_now(Track::State& track, Timestamp stamp, const Fields& fields);
  Status send_encoded(Track::State& track);
  Status put(Track::State& track, Timestamp stamp, const Fields& fields);
  Status append_map(Track::State& track, std::span<const std::uint8_t> map, Timestamp stamp);
  Status append(Track::State& track, std::span<const FieldView> fields, Stamp stamp);
  Status append(Track::State& track, const Fields& fields, Stamp stamp);
  Status commit(const std::vector<Entry>& entries, Stamp stamp);
  Result<std::size_t> drain(Track::State& track);
  Result<FlushResult> flush_locked(Track::State* track);
  void tick_locked();
  void announce(const char* state);
  void run(const std::stop_token& stop);
  Result<PointSource*> source_after_flush(Track::State* track);
  Track::State& state_of(TrackName name);
  void warn_once(Track::State& track, const std::string& text);

  const Options options_;
  const std::uint64_t src_;
  const bool enabled_;
  mutable std::mutex mutex_;
  std::unique_ptr<FrameSink> sink_;
  std::unique_ptr<PointSource> source_;
  std::map<std::string, std::unique_ptr<Track::State>, std::less<>> tracks_;
  std::optional<Timestamp> last_;
  std::map<std::thread::id, Timestamp> last_of_thread_;
  double last_auto_ = 0.0;
  bool closed_ = false;
  std::string encoded_;
  std::chrono::steady_clock::time_point announced_{};
  std::jthread thread_;  // last: stops before what it uses goes
};

// One append to several tracks with one stamp, resolved at commit(). Not thread-safe itself;
// commits of several threads never mix.
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
