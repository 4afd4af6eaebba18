#include "bus/session/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <random>
#include <utility>

#include "bus/session/track_state.hpp"
#include "schemas/check.hpp"
#include "schemas/host_name.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr std::chrono::seconds kAliveInterval{5};
constexpr const char* kSessionTopic = "_sys/session";

std::uint64_t random_id() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Session::Options with_defaults(Session::Options options) {
  if (!options.now) options.now = wall_seconds;
  if (!options.monotonic) options.monotonic = [] { return std::chrono::steady_clock::now(); };
  return options;
}

Status check_field_name(std::string_view name) {
  if (!name.starts_with('_')) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("field '{}' begins with '_', which is reserved for the bus; rename it",
                          printable(name)));
}

// The pairs that are no _seq and _src, made in `pairs`: a frame has each key once.
MapBytes without_numbering(MapBytes map, std::string& pairs) {
  MapBytes rest;
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (pair->name == "_seq" || pair->name == "_src") continue;
    pairs.append(text_of(pair->pair));
    ++rest.count;
  }
  rest.pairs = bytes_of(pairs);
  return rest;
}

}  // namespace

struct Session::Entry {
  TrackState* track;
  Fields fields;
};

Session::Session(std::unique_ptr<FrameSink> sink, std::unique_ptr<PointSource> source,
                 Options options)
    : options_(with_defaults(std::move(options))),
      src_(random_id()),
      enabled_(sink != nullptr),
      source_(std::move(source)),
      sink_(std::move(sink)),
      stamper_({options_.timestamps, options_.inherit, options_.now}) {
  if (enabled_ && options_.background) thread_ = std::jthread([this] { run(); });
}

Result<std::unique_ptr<Session>> Session::on_bus(Context& context, const BusUrls& urls,
                                                 Options options, BusOptions bus) {
  Result<std::unique_ptr<FrameSink>> sink = connect_sink(context, urls.publish_to, std::move(bus));
  if (!sink) return tl::unexpected(sink.error());
  return into(std::move(*sink), nullptr, std::move(options));
}

Result<std::unique_ptr<Session>> Session::into(std::unique_ptr<FrameSink> sink,
                                               std::unique_ptr<PointSource> source,
                                               Options options) {
  if (options.buffer_points == 0) {
    return fail(ErrorCode::kInvalid, "buffer_points must be at least 1");
  }
  return std::unique_ptr<Session>(
      new Session(std::move(sink), std::move(source), std::move(options)));
}

std::unique_ptr<Session> Session::disabled() {
  return std::unique_ptr<Session>(new Session(nullptr, nullptr, {}));
}

Session::~Session() { static_cast<void>(close()); }

void Session::run() {
  MutexLock lock(mutex_);
  const auto is_closing = [&]() ZBAG_REQUIRES(mutex_) { return closing_; };
  while (!wake_.wait_for(lock, options_.tick_every, is_closing)) tick_locked();
}

TrackState& Session::state_of(TrackName name) {
  const auto it = tracks_.find(name.str());
  if (it != tracks_.end()) return *it->second;
  std::string key = name.str();
  return *tracks_.emplace(std::move(key), std::make_unique<TrackState>(std::move(name)))
              .first->second;
}

Result<Track> Session::track(std::string_view name) {
  Result<TrackName> parsed = TrackName::parse(name, options_.names);
  if (!parsed) return tl::unexpected(parsed.error());
  if (!options_.system_tracks && is_system_track(parsed->str())) {
    return fail(ErrorCode::kInvalid,
                fmt::format("track '{}': names below _sys belong to the bus", parsed->str()));
  }
  const MutexLock lock(mutex_);
  return Track(this, &state_of(std::move(*parsed)), enabled_);
}

Result<Timestamp> Session::resolve(TrackState& track, const Stamp& stamp) {
  const bool is_told = stamp.kind() == StampKind::kMissing &&
                       options_.timestamps == TimestampMode::kWarn &&
                       !std::exchange(track.warned, true);
  if (is_told && options_.warn)
    options_.warn(
        fmt::format("track {}: frames without _ts are stamped on sending", track.name.str()));
  return stamper_.resolve(track.name, stamp);
}

Status Session::write_encoded(TrackState& track) {
  Status status = sink_->write(track.name, bytes_of(encoded_));
  if (status) ++track.seq;
  return status;
}

Status Session::write(TrackState& track, Timestamp stamp, std::span<const FieldView> fields) {
  encode_frame({stamp, track.seq, src_}, fields, encoded_);
  return write_encoded(track);
}

Status Session::write(TrackState& track, Timestamp stamp, const Fields& fields) {
  encode_frame({stamp, track.seq, src_}, fields, encoded_);
  return write_encoded(track);
}

Status Session::put(TrackState& track, Timestamp stamp, const Fields& fields) {
  if (options_.buffer_points == 1) return write(track, stamp, fields);
  if (merge(track, stamp, fields)) return {};
  // A buffer that is still full could not be sent before: nothing is taken until it can.
  if (track.buffer.size() >= options_.buffer_points) {
    if (const Result<std::size_t> sent = drain(track); !sent) return tl::unexpected(sent.error());
  }
  if (track.buffer.empty()) track.oldest_append = options_.monotonic();
  track.buffer.emplace(stamp.ns(), TrackState::Pending{stamp, fields});
  // What cannot be sent now is safe in the buffer; the next append says what is wrong.
  if (track.buffer.size() >= options_.buffer_points) static_cast<void>(drain(track));
  return {};
}

// Into the newest point of its stamp that waits in the buffer; false: it is one of its own.
bool Session::merge(TrackState& track, Timestamp stamp, const Fields& fields) {
  const auto behind = track.buffer.upper_bound(stamp.ns());
  const bool meets = options_.merge != MergeMode::kAppend && behind != track.buffer.begin() &&
                     std::prev(behind)->first == stamp.ns();
  if (!meets) return false;
  Fields& waiting = std::prev(behind)->second.fields;
  if (options_.merge == MergeMode::kJoin) return join_fields(waiting, fields);
  overwritten_ += merge_fields(waiting, fields, options_.merge == MergeMode::kDeep);
  return true;
}

Status Session::append(TrackState& track, std::span<const FieldView> fields, Stamp stamp) {
  for (const FieldView& field : fields) {
    if (!field.name.starts_with('_') && options_.buffer_points == 1) continue;
    Fields owned;
    for (const FieldView& view : fields)
      owned.emplace_back(std::string(view.name), view.value.to_value());
    return append(track, owned, stamp);
  }
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  const Result<Timestamp> resolved = resolve(track, stamp);
  if (!resolved) return tl::unexpected(resolved.error());
  if (Status status = write(track, *resolved, fields); !status) return status;
  stamper_.remember(stamp, *resolved);
  return {};
}

Status Session::append(TrackState& track, const Fields& fields, Stamp stamp) {
  const Value* ts = find_field(fields, "_ts");
  if (ts != nullptr) {
    Result<Stamp> given = Stamp::of_value(*ts);
    if (!given) return tl::unexpected(given.error());
    Fields rest;
    for (const auto& field : fields) {
      if (field.first != "_ts") rest.push_back(field);
    }
    return append(track, rest, *given);
  }
  for (const auto& [name, value] : fields) {
    if (Status status = check_field_name(name); !status) return status;
  }
  return commit({Entry{&track, fields}}, stamp);
}

Status Session::append_map(TrackState& track, std::span<const std::uint8_t> map, Timestamp stamp) {
  const MutexLock lock(mutex_);
  const ScanOutcome outcome = track.layout.scan(map);
  const std::optional<MapBytes> fields = open_map(map);
  if (outcome.refusal || !fields || outcome.scan.fields != fields->count) {
    return fail(ErrorCode::kInvalid,
                fmt::format("track {}: not a map of plain fields ({})", track.name.str(),
                            outcome.refusal ? refusal_name(*outcome.refusal) : "reserved fields"));
  }
  std::string rest;
  const MapBytes sent = outcome.scan.has_odd_numbering ? without_numbering(*fields, rest) : *fields;
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  encode_frame({stamp, track.seq, src_}, sent, encoded_);
  if (Status status = write_encoded(track); !status) return status;
  stamper_.remember(stamp, stamp);
  return {};
}

Status Session::commit(const std::vector<Entry>& entries, const Stamp& stamp) {
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  const Result<Timestamp> resolved = resolve(*entries.front().track, stamp);
  if (!resolved) return tl::unexpected(resolved.error());
  for (const Entry& entry : entries) {
    if (Status status = put(*entry.track, *resolved, entry.fields); !status) return status;
  }
  stamper_.remember(stamp, *resolved);
  return {};
}

// Sends what the track's buffer holds, in order of time. What fails stays, with all behind it.
Result<std::size_t> Session::drain(TrackState& track) {
  std::size_t sent = 0;
  while (!track.buffer.empty()) {
    const auto it = track.buffer.begin();
    if (Status status = write(track, it->second.stamp, it->second.fields); !status) {
      return tl::unexpected(status.error());
    }
    track.buffer.erase(it);
    ++sent;
  }
  return sent;
}

Result<FlushResult> Session::flush_locked(const TrackState* only) {
  if (!enabled_) return FlushResult{};
  std::size_t sent = 0;
  std::optional<Error> first_error;
  for (auto& [name, track] : tracks_) {
    if (only != nullptr && track.get() != only) continue;
    const Result<std::size_t> drained = drain(*track);
    if (drained) {
      sent += *drained;
    } else if (!first_error) {
      first_error = drained.error();
    }
  }
  Result<FlushResult> flushed = sink_->flush(only == nullptr ? nullptr : &only->name);
  if (first_error) return tl::unexpected(*first_error);
  if (flushed && flushed->count == 0) flushed->count = sent;
  return flushed;
}

Result<FlushResult> Session::flush() { return flush(nullptr); }

Result<FlushResult> Session::flush(const TrackState* only) {
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  return flush_locked(only);
}

// Frames of one stamp, each whole in itself and small (wire.md, Sessions).
void Session::announce(const char* state) {
  constexpr std::size_t kCountsBytes = kSystemFrameBytesMax - (8u << 10);
  constexpr std::size_t kCountHead = 3 + 9;  // of a name and its number
  const Result<TrackName> topic = TrackName::parse(kSessionTopic);
  ZBAG_CHECK(topic.has_value());
  Fields frame{{"_ts", options_.now()},    {"_src", src_},      {"name", options_.name},
               {"host", host_name()},      {"pid", ::getpid()}, {"state", state},
               {"counts", Value(Fields())}};
  const auto send = [&](Fields counts) ZBAG_REQUIRES(mutex_) {
    frame.back().second = std::move(counts);
    std::string bytes;
    encode_fields(frame, bytes);
    // An announcement that does not get through is repeated in five seconds.
    static_cast<void>(sink_->announce(*topic, bytes_of(bytes)));
  };
  Fields counts;
  std::size_t bytes = 0;
  for (const auto& [name, track] : tracks_) {
    if (track->seq == 0) continue;
    bytes += name.size() + kCountHead;
    if (bytes > kCountsBytes) {
      send(std::exchange(counts, {}));
      bytes = name.size() + kCountHead;
    }
    counts.emplace_back(name, track->seq);
  }
  send(std::move(counts));
  announced_ = options_.monotonic();
}

void Session::tick() {
  const MutexLock lock(mutex_);
  if (!closed_ && enabled_) tick_locked();
}

void Session::tick_locked() {
  const SteadyTime now = options_.monotonic();
  for (auto& [name, track] : tracks_) {
    if (!track->buffer.empty() && now - track->oldest_append >= options_.buffer_age) {
      static_cast<void>(drain(*track));  // what could not be sent stays and is tried again
    }
  }
  if (sink_->announces()) {
    if (sink_->has_new_listener()) {
      announce("open");
    } else if (now - announced_ >= kAliveInterval) {
      announce("alive");
    }
  }
  static_cast<void>(sink_->tick());  // the sink keeps its error and says it on the next write
}

Status Session::describe(const TrackState& track, const TrackAbout& about) {
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  return sink_->describe(track.name, about);
}

Status Session::close() {
  {
    MutexLock lock(mutex_);
    if (!enabled_) closed_ = true;
    if (std::exchange(closing_, true) && !closed_)
      has_closed_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return closed_; });
    if (closed_) return close_status_;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  const MutexLock lock(mutex_);
  const Result<FlushResult> flushed = flush_locked(nullptr);
  if (sink_->announces()) announce("closed");
  if (overwritten_ > 0 && options_.warn) {
    options_.warn(fmt::format(
        "{}: values replaced in the buffer by different ones of equal _ts: {}; merge with "
        "MergeMode::kJoin to keep them all",
        options_.name, overwritten_));
  }
  closed_ = true;
  close_status_ = sink_->close();
  if (!flushed) close_status_ = tl::unexpected(flushed.error());
  has_closed_.notify_all();
  return close_status_;
}

std::optional<Timestamp> Session::last_stamp() const {
  const MutexLock lock(mutex_);
  return stamper_.last();
}

std::uint64_t Session::overwritten() const {
  const MutexLock lock(mutex_);
  return overwritten_;
}

std::size_t Session::buffered() const {
  const MutexLock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [name, track] : tracks_) count += track->buffer.size();
  return count;
}

bool Session::wait_for_listener(std::chrono::milliseconds timeout) {
  const MutexLock lock(mutex_);
  if (!enabled_) return true;
  const bool heard = sink_->wait_for_listener(timeout);
  if (sink_->announces()) announce("open");
  return heard;
}

const TrackName& Track::name() const { return state_->name; }

Status Track::append_views(std::span<const FieldView> fields, Stamp stamp) {
  return session_->append(*state_, fields, stamp);
}

Status Track::append(const Fields& fields, Stamp stamp) {
  return enabled_ ? session_->append(*state_, fields, stamp) : Status();
}

Status Track::append_map(std::span<const std::uint8_t> map, Timestamp stamp) {
  return enabled_ ? session_->append_map(*state_, map, stamp) : Status();
}

Result<std::size_t> Track::append_batch(std::span<const Fields> points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto refuse = [&](const Error& error) {
      return fail(error.code,
                  fmt::format("point {}: {}; none of them is appended", i, error.message));
    };
    for (const auto& [name, value] : points[i]) {
      if (name == "_ts") {
        if (const Result<Stamp> stamp = Stamp::of_value(value); !stamp)
          return refuse(stamp.error());
      } else if (Status status = check_field_name(name); !status) {
        return refuse(status.error());
      }
    }
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (Status status = append(points[i]); !status)
      return fail(status.error(), fmt::format("{} of {} points are appended", i, points.size()));
  }
  return points.size();
}

Status Track::describe(const TrackAbout& about) {
  return enabled_ ? session_->describe(*state_, about) : Status();
}

Result<FlushResult> Track::flush() { return session_->flush(state_); }

Frame::Frame(Session& session, Stamp stamp) : session_(session), stamp_(stamp) {}

Frame::~Frame() = default;

Frame& Frame::add(std::string_view track, Fields fields) {
  const Result<Track> handle = session_.track(track);
  Status status = handle ? Status() : Status(tl::unexpected(handle.error()));
  for (const auto& [name, value] : fields) {
    if (status) status = check_field_name(name);
  }
  if (!status) {
    if (!error_) error_ = status.error();
    return *this;
  }
  entries_.push_back({handle->state_, std::move(fields)});
  return *this;
}

Status Frame::commit() {
  const std::vector<Session::Entry> entries = std::exchange(entries_, {});
  if (const std::optional<Error> error = std::exchange(error_, std::nullopt))
    return tl::unexpected(*error);
  if (entries.empty() || !session_.enabled_) return {};
  return session_.commit(entries, stamp_);
}

}  // namespace zbag
