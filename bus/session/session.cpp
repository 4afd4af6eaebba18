#include "bus/session/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <condition_variable>
#include <random>
#include <unordered_set>

#include "bus/publisher.hpp"
#include "schemas/check.hpp"
#include "schemas/host_name.hpp"

namespace zbag {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
constexpr std::chrono::seconds kAliveInterval{5};
constexpr const char* kSessionTopic = "_sys/session";

double system_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::uint64_t random_id() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

Session::Options with_defaults(Session::Options options) {
  if (!options.now) options.now = system_seconds;
  if (!options.monotonic) options.monotonic = [] { return std::chrono::steady_clock::now(); };
  return options;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Sends to the broker; frames of large tracks through a socket of their own, whose queue is bounded
// by bytes rather than by count.
class BusSink : public FrameSink {
 public:
  BusSink(Context& context, std::string url, Session::BusOptions options, Publisher publisher)
      : context_(context), url_(std::move(url)), options_(options), small_(std::move(publisher)) {}

  static Publisher::Options small_options(const Session::BusOptions& options) {
    return {.wait_when_full = options.wait_when_full, .linger = options.linger};
  }

  Status write(const TrackName& track, std::span<const std::uint8_t> frame) override {
    if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
    const bool is_large = frame.size() >= kLargeFrameBytes || large_tracks_.contains(track.str());
    if (!is_large) return send(small_, track, frame);
    if (Status status = open_large(track, frame.size()); !status) return status;
    return send(*large_, track, frame);
  }
  // A frame that was sent is in ZeroMQ's hands: there is nothing more to wait for.
  Result<FlushResult> flush(const TrackName*) override { return FlushResult{}; }
  Status tick() override { return {}; }
  Status close() override {
    closed_ = true;
    large_.reset();
    return {};
  }
  bool announces() const override { return true; }
  bool has_new_listener() override {
    if (large_) large_->read_subscriptions();
    return small_.read_subscriptions() > 0;
  }
  bool wait_for_listener(std::chrono::milliseconds timeout) {
    return small_.wait_for_subscriber(timeout);
  }

 private:
  // Once large, a track stays on that socket, so that its frames keep their order.
  Status open_large(const TrackName& track, std::size_t frame_bytes) {
    large_tracks_.insert(track.str());
    if (large_) return {};
    Publisher::Options options = small_options(options_);
    options.frames_max = static_cast<int>(std::max<std::size_t>(4, kLargeQueueBytes / frame_bytes));
    Result<Publisher> publisher = Publisher::connect(context_, url_, options);
    if (!publisher) return tl::unexpected(publisher.error());
    large_ = std::move(*publisher);
    // A socket that is not connected yet would drop the first frames; the other one's subscribers
    // are proof that a broker is there.
    if (small_.has_subscribers()) large_->wait_for_subscriber(std::chrono::milliseconds(500));
    return {};
  }
  Status send(Publisher& publisher, const TrackName& track,
              std::span<const std::uint8_t> frame) const {
    return publisher.send(track.str(), frame);
  }

  Context& context_;
  std::string url_;
  Session::BusOptions options_;
  Publisher small_;
  std::optional<Publisher> large_;
  std::unordered_set<std::string> large_tracks_;
  bool closed_ = false;
};

Error no_source() {
  return {ErrorCode::kUnsupported,
          "this session is on the bus and cannot be read; open a bag instead"};
}

Status check_field_name(std::string_view name) {
  if (!name.starts_with('_')) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("field '{}' begins with '_', which is reserved for the bus; rename it",
                          printable(name)));
}

// `_ts` among the fields is the stamp, as in ML-Dash's append(_ts=..., q=...).
Result<Stamp> stamp_of_value(const Value& value) {
  if (const auto* number = value.get_if<double>()) return Stamp(*number);
  if (const auto* number = value.get_if<float>()) return Stamp(static_cast<double>(*number));
  if (const auto* number = value.get_if<std::int64_t>()) return Stamp(static_cast<double>(*number));
  if (const auto* number = value.get_if<std::uint64_t>())
    return Stamp(static_cast<double>(*number));
  return fail(
      ErrorCode::kInvalid,
      fmt::format("_ts must be a number (seconds since the epoch), got {}", value.type_name()));
}

}  // namespace

struct Track::State {
  explicit State(TrackName track_name) : name(std::move(track_name)) {}

  struct Pending {
    Timestamp stamp;
    Fields fields;
  };
  TrackName name;
  std::uint64_t seq = 0;
  std::map<std::int64_t, Pending> buffer;
  SteadyTime oldest_append{};
  bool warned = false;
};

struct Session::Entry {
  Track::State* track;
  Fields fields;
};

Session::Session(std::unique_ptr<FrameSink> sink, std::unique_ptr<PointSource> source,
                 Options options)
    : options_(with_defaults(std::move(options))),
      src_(random_id()),
      enabled_(sink != nullptr),
      sink_(std::move(sink)),
      source_(std::move(source)) {
  if (enabled_ && options_.background) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
}

Result<std::unique_ptr<Session>> Session::on_bus(Context& context, const BusUrls& urls,
                                                 Options options, BusOptions bus) {
  Result<Publisher> publisher =
      Publisher::connect(context, urls.publish_to, BusSink::small_options(bus));
  if (!publisher) return tl::unexpected(publisher.error());
  return into(std::make_unique<BusSink>(context, urls.publish_to, bus, std::move(*publisher)),
              nullptr, std::move(options));
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

Session::~Session() {
  static_cast<void>(close());
  thread_ = {};
}

void Session::run(const std::stop_token& stop) {
  std::mutex idle;
  std::condition_variable_any wake;
  std::unique_lock lock(idle);
  while (!stop.stop_requested()) {
    wake.wait_for(lock, stop, options_.tick_every, [] { return false; });
    tick();
  }
}

Track::State& Session::state_of(TrackName name) {
  const auto it = tracks_.find(name.str());
  if (it != tracks_.end()) return *it->second;
  std::string key = name.str();
  return *tracks_.emplace(std::move(key), std::make_unique<Track::State>(std::move(name)))
              .first->second;
}

Result<Track> Session::track(std::string_view name) {
  Result<TrackName> parsed = TrackName::parse(name, options_.names);
  if (!parsed) return tl::unexpected(parsed.error());
  if (is_system_track(parsed->str())) {
    return fail(ErrorCode::kInvalid,
                fmt::format("track '{}': names below _sys belong to the bus", parsed->str()));
  }
  const std::lock_guard lock(mutex_);
  return Track(this, &state_of(std::move(*parsed)), enabled_);
}

void Session::warn_once(Track::State& track, const std::string& text) {
  if (track.warned) return;
  track.warned = true;
  if (options_.warn) options_.warn(text);
}

Timestamp Session::next_auto() {
  double seconds = options_.now();
  if (seconds <= last_auto_) seconds = last_auto_ + 1e-6;
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(seconds);
  ZBAG_CHECK(stamp.has_value());
  return *stamp;
}

Result<Timestamp> Session::resolve(Track::State& track, Stamp stamp) {
  if (stamp.exact()) return *stamp.exact();
  if (stamp.kind() == StampKind::kGiven) {
    const std::optional<Timestamp> given = Timestamp::from_seconds(stamp.seconds());
    if (given) return *given;
    return fail(ErrorCode::kInvalid,
                fmt::format("_ts must be a number of seconds within years 1678-2262, got {}",
                            stamp.seconds()));
  }
  if (stamp.kind() == StampKind::kInherit) {
    if (options_.inherit == InheritScope::kThread) {
      const auto it = last_of_thread_.find(std::this_thread::get_id());
      if (it != last_of_thread_.end()) return it->second;
    } else if (last_) {
      return *last_;
    }
    return fail(ErrorCode::kInvalid, "Cannot use _ts=-1: no previous timestamp to inherit");
  }
  if (options_.timestamps == TimestampMode::kRequire) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("track {}: _ts is missing and timestamps are required", track.name.str()));
  }
  if (options_.timestamps == TimestampMode::kWarn) {
    warn_once(track,
              fmt::format("track {}: frames without _ts are stamped on sending", track.name.str()));
  }
  return next_auto();
}

void Session::remember(Timestamp stamp) {
  last_ = stamp;
  if (options_.inherit == InheritScope::kThread)
    last_of_thread_[std::this_thread::get_id()] = stamp;
}

Status Session::send_encoded(Track::State& track) {
  Status status = sink_->write(track.name, bytes_of(encoded_));
  if (status) ++track.seq;
  return status;
}

Status Session::write_now(Track::State& track, Timestamp stamp, std::span<const FieldView> fields) {
  encode_frame({stamp, track.seq, src_}, fields, encoded_);
  return send_encoded(track);
}

Status Session::write_now(Track::State& track, Timestamp stamp, const Fields& fields) {
  encode_frame({stamp, track.seq, src_}, fields, encoded_);
  return send_encoded(track);
}

// REQUIRES: the lock is held and `stamp` resolved.
Status Session::put(Track::State& track, Timestamp stamp, const Fields& fields) {
  if (options_.buffer_points == 1) return write_now(track, stamp, fields);
  // A buffer that is still full could not be sent before: nothing is taken until it can.
  if (track.buffer.size() >= options_.buffer_points && !track.buffer.contains(stamp.ns())) {
    if (const Result<std::size_t> sent = drain(track); !sent) return tl::unexpected(sent.error());
  }
  if (track.buffer.empty()) track.oldest_append = options_.monotonic();
  const auto [it, is_new] =
      track.buffer.try_emplace(stamp.ns(), Track::State::Pending{stamp, fields});
  if (!is_new) merge_fields(it->second.fields, fields, options_.deep_merge);
  // What cannot be sent now is safe in the buffer; the next append says what is wrong.
  if (track.buffer.size() >= options_.buffer_points) static_cast<void>(drain(track));
  return {};
}

Status Session::append(Track::State& track, std::span<const FieldView> fields, Stamp stamp) {
  for (const FieldView& field : fields) {
    if (!field.name.starts_with('_') && options_.buffer_points == 1) continue;
    Fields owned;
    for (const FieldView& view : fields)
      owned.emplace_back(std::string(view.name), view.value.to_value());
    return append(track, owned, stamp);
  }
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  const Result<Timestamp> resolved = resolve(track, stamp);
  if (!resolved) return tl::unexpected(resolved.error());
  if (Status status = write_now(track, *resolved, fields); !status) return status;
  if (stamp.kind() == StampKind::kMissing) last_auto_ = resolved->seconds();
  remember(*resolved);
  return {};
}

Status Session::append(Track::State& track, const Fields& fields, Stamp stamp) {
  const Value* ts = find_field(fields, "_ts");
  if (ts != nullptr) {
    Result<Stamp> given = stamp_of_value(*ts);
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

Status Session::append_map(Track::State& track, std::span<const std::uint8_t> map,
                           Timestamp stamp) {
  const ScanOutcome outcome = scan_frame(map);
  const std::optional<MapBytes> fields = open_map(map);
  if (outcome.refusal || !fields || outcome.scan.fields != fields->count) {
    return fail(ErrorCode::kInvalid,
                fmt::format("track {}: not a map of plain fields ({})", track.name.str(),
                            outcome.refusal ? refusal_name(*outcome.refusal) : "reserved fields"));
  }
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  encode_frame({stamp, track.seq, src_}, *fields, encoded_);
  if (Status status = send_encoded(track); !status) return status;
  remember(stamp);
  return {};
}

Status Session::commit(const std::vector<Entry>& entries, Stamp stamp) {
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  const Result<Timestamp> resolved = resolve(*entries.front().track, stamp);
  if (!resolved) return tl::unexpected(resolved.error());
  for (const Entry& entry : entries) {
    if (Status status = put(*entry.track, *resolved, entry.fields); !status) return status;
  }
  if (stamp.kind() == StampKind::kMissing && !stamp.exact()) last_auto_ = resolved->seconds();
  remember(*resolved);
  return {};
}

// Sends what the track's buffer holds, in order of time. What fails stays, with all behind it.
Result<std::size_t> Session::drain(Track::State& track) {
  std::size_t sent = 0;
  while (!track.buffer.empty()) {
    const auto it = track.buffer.begin();
    if (Status status = write_now(track, it->second.stamp, it->second.fields); !status) {
      return tl::unexpected(status.error());
    }
    track.buffer.erase(it);
    ++sent;
  }
  return sent;
}

Result<FlushResult> Session::flush_locked(Track::State* only) {
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

Result<FlushResult> Session::flush() {
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  return flush_locked(nullptr);
}

void Session::announce(const char* state) {
  Fields counts;
  for (const auto& [name, track] : tracks_) {
    if (track->seq > 0) counts.emplace_back(name, track->seq);
  }
  const Fields fields{{"_src", src_},      {"name", options_.name}, {"host", host_name()},
                      {"pid", ::getpid()}, {"state", state},        {"counts", std::move(counts)}};
  Fields frame{{"_ts", options_.now()}};
  frame.insert(frame.end(), fields.begin(), fields.end());
  std::string bytes;
  encode_fields(frame, bytes);
  const Result<TrackName> topic = TrackName::parse(kSessionTopic);
  ZBAG_CHECK(topic.has_value());
  // An announcement that does not get through is repeated in five seconds.
  static_cast<void>(sink_->write(*topic, bytes_of(bytes)));
  announced_ = options_.monotonic();
}

void Session::tick() {
  const std::lock_guard lock(mutex_);
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

Status Session::close() {
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || !enabled_) {
      closed_ = true;
      return {};
    }
  }
  if (thread_.joinable()) {
    thread_.request_stop();
    if (thread_.get_id() != std::this_thread::get_id()) thread_.join();
  }
  const std::lock_guard lock(mutex_);
  const Result<FlushResult> flushed = flush_locked(nullptr);
  if (sink_->announces()) announce("closed");
  closed_ = true;
  Status closed = sink_->close();
  if (!flushed) return tl::unexpected(flushed.error());
  return closed;
}

std::optional<Timestamp> Session::last_stamp() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::size_t Session::buffered() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [name, track] : tracks_) count += track->buffer.size();
  return count;
}

bool Session::wait_for_listener(std::chrono::milliseconds timeout) {
  const std::lock_guard lock(mutex_);
  auto* const bus = dynamic_cast<BusSink*>(sink_.get());
  if (bus == nullptr) return true;
  const bool heard = bus->wait_for_listener(timeout);
  announce("open");
  return heard;
}

Status Session::send_system(const std::string& topic, const Fields& fields) {
  const Result<TrackName> name = TrackName::parse(topic);
  if (!name) return tl::unexpected(name.error());
  Fields frame{{"_ts", options_.now()}};
  frame.insert(frame.end(), fields.begin(), fields.end());
  std::string bytes;
  encode_fields(frame, bytes);
  const std::lock_guard lock(mutex_);
  if (!enabled_) return {};
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  return sink_->write(*name, bytes_of(bytes));
}

Result<PointSource*> Session::source_after_flush(Track::State* track) {
  if (!source_) return tl::unexpected(no_source());
  const std::lock_guard lock(mutex_);
  if (closed_) return fail(ErrorCode::kClosed, "the session is closed");
  const Result<FlushResult> flushed = flush_locked(track);
  if (!flushed) return tl::unexpected(flushed.error());
  return source_.get();
}

Result<std::vector<TrackStats>> Session::list(std::string_view pattern) {
  const Result<TrackPattern> wanted = TrackPattern::parse(pattern);
  if (!wanted) return tl::unexpected(wanted.error());
  std::vector<TrackStats> known;
  if (source_) {
    Result<PointSource*> source = source_after_flush(nullptr);
    if (!source) return tl::unexpected(source.error());
    Result<std::vector<TrackStats>> stored = (*source)->tracks();
    if (!stored) return stored;
    known = std::move(*stored);
  } else {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, track] : tracks_) known.push_back({.name = name, .points = track->seq});
  }
  std::erase_if(known, [&](const TrackStats& stats) { return !wanted->matches(stats.name); });
  return known;
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

Result<FlushResult> Track::flush() {
  const std::lock_guard lock(session_->mutex_);
  if (session_->closed_) return fail(ErrorCode::kClosed, "the session is closed");
  return session_->flush_locked(state_);
}

Result<std::vector<Point>> Track::read(std::optional<Timestamp> start,
                                       std::optional<Timestamp> end) {
  TimeRange range;
  if (start) range.first = start->ns();
  if (end) range.last = end->ns();
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  return (*source)->read(state_->name, range, SIZE_MAX, false);
}

Result<Page> Track::read_page(std::uint64_t start_index, std::size_t limit) {
  if (limit == 0 || limit > kPageMax) {
    return fail(ErrorCode::kInvalid,
                fmt::format("limit {}: 1 to {} points a page", limit, kPageMax));
  }
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  return (*source)->read_page(state_->name, start_index, limit);
}

Result<std::vector<Point>> Track::read_by_time(Timestamp start, Timestamp end, std::size_t limit,
                                               bool reverse) {
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  return (*source)->read(state_->name, TimeRange::half_open(start, end), limit, reverse);
}

Result<Point> Track::find_by_time(Timestamp stamp) {
  Result<std::vector<Point>> found = find_by_time(std::span(&stamp, 1));
  if (!found) return tl::unexpected(found.error());
  return std::move(found->front());
}

Result<std::vector<Point>> Track::find_by_time(std::span<const Timestamp> stamps) {
  Result<PointSource*> source = session_->source_after_flush(state_);
  if (!source) return tl::unexpected(source.error());
  std::vector<Point> points;
  for (const Timestamp stamp : stamps) {
    Result<std::optional<Point>> point = (*source)->floor(state_->name, stamp);
    if (!point) return tl::unexpected(point.error());
    if (!*point) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("track {} has no point at or before {}", state_->name.str(),
                              seconds_text(stamp.seconds())));
    }
    points.push_back(std::move(**point));
  }
  return points;
}

Result<TrackStats> Track::stats() {
  const Result<std::vector<TrackStats>> all = session_->list(state_->name.str());
  if (!all) return tl::unexpected(all.error());
  for (const TrackStats& stats : *all) {
    if (stats.name == state_->name.str()) return stats;
  }
  return TrackStats{.name = state_->name.str()};
}

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
