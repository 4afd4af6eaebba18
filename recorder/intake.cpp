#include "recorder/intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "bus/endpoints.hpp"
#include "recorder/refusal_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

std::int64_t ns_of(std::chrono::nanoseconds since_epoch) { return since_epoch.count(); }

std::size_t total_bytes(const FrameScan& scan) {
  std::size_t bytes = 0;
  for (std::uint8_t i = 0; i < scan.range_count; ++i)
    bytes += scan.ranges[i].end - scan.ranges[i].begin;
  return bytes;
}

// Extra parts of a foreign message, as pairs "_part2": bin, "_part3": bin...
constexpr std::string_view kPart = "_part";
constexpr std::size_t kFirstPart = 2;

// The number in a name of that form.
std::optional<std::size_t> part_number(std::string_view name) {
  if (!name.starts_with(kPart)) return std::nullopt;
  name.remove_prefix(kPart.size());
  if (name.starts_with('0')) return std::nullopt;
  std::size_t number = 0;
  const auto [end, fault] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool is_whole = fault == std::errc() && end == name.data() + name.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

std::string pairs_of_parts(std::span<Message> parts) {
  Fields fields;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    fields.emplace_back(fmt::format("{}{}", kPart, i + kFirstPart),
                        Binary{std::string(parts[i].text())});
  }
  std::string map;
  encode_fields(fields, map);
  const MapBytes opened = *open_map(bytes_of(map));
  return map.substr(map.size() - opened.pairs.size());
}

// Why a frame can not be stored with further parts as fields: what is stored keeps the rules of a
// frame. REQUIRES: a scan passed the frame.
std::optional<Refusal> fault_of_parts(std::span<const std::uint8_t> frame,
                                      std::span<Message> parts) {
  constexpr std::size_t kPairHeadMax = 32;
  std::size_t bytes = frame.size();
  for (Message& part : parts) bytes += part.bytes().size() + kPairHeadMax;
  if (bytes > kFrameBytesMax) return Refusal::kTooLarge;
  const MapBytes map = *open_map(frame);
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const std::optional<std::size_t> number = part_number(pair->name);
    if (number && *number >= kFirstPart && *number - kFirstPart < parts.size())
      return Refusal::kDuplicateKey;
  }
  return std::nullopt;
}

// Scans a frame that has further parts; each counts like the field it becomes.
ScanOutcome scan_with_parts(std::span<const std::uint8_t> frame, std::span<Message> parts,
                            std::uint32_t items_max) {
  const std::size_t items = 2 * parts.size();
  if (items > items_max) return {Refusal::kTooManyItems, {}};
  ScanOutcome outcome = scan_frame(frame, items_max - static_cast<std::uint32_t>(items));
  if (!outcome.refusal) outcome.refusal = fault_of_parts(frame, parts);
  return outcome;
}

}  // namespace

ArrivalTime ArrivalTime::now() {
  return {ns_of(std::chrono::system_clock::now().time_since_epoch()),
          ns_of(std::chrono::steady_clock::now().time_since_epoch())};
}

std::size_t Chunk::weight() const {
  return arena_size + kept_bytes + arrivals.capacity() * sizeof(Arrival) +
         news.size() * sizeof(TrackNews) + 256;
}

Intake::TopicState* Intake::known(std::string_view topic) {
  const auto it = topics_.find(topic);
  if (it == topics_.end()) return nullptr;
  return it->second.plain == nullptr ? &it->second : it->second.plain;
}

// Makes a track of a topic, unless its first frame is refused or the filter leaves it out (`state`
// is null then): only what is recorded takes a place.
std::optional<Refusal> Intake::place(std::string_view topic, std::span<const std::uint8_t> frame,
                                     std::span<Message> more, TopicState*& state) {
  const bool has_slash = topic.starts_with('/');
  const std::string_view name = plain_name(topic);
  if (track_name_fault(name) != nullptr) return Refusal::kBadName;
  // "/imu" and "imu" are one track: the state of the plain name serves both.
  state = has_slash ? known(name) : nullptr;
  if (state == nullptr) {
    if (!options_.filter.matches(name)) return std::nullopt;
    if (const std::optional<Refusal> fault = fault_of(frame, more)) return fault;
    if (names_.size() >= kTracksMax) return Refusal::kTooManyTracks;
    state = &topics_[std::string(name)];
    state->name = name;
    state->track = static_cast<std::uint32_t>(names_.size());
    names_.push_back(state->name);
    new_tracks_.emplace_back(state->track, state->name);
  }
  if (has_slash) {
    topics_[std::string(topic)].plain = state;
    tell(Notice::kSlash, fmt::format("topic {}: the leading / is removed", printable(topic)));
  }
  return std::nullopt;
}

// Why the first frame of a track can not be recorded.
std::optional<Refusal> Intake::fault_of(std::span<const std::uint8_t> frame,
                                        std::span<Message> more) const {
  const ScanOutcome outcome = scan_with_parts(frame, more, options_.items_max);
  if (outcome.refusal) return outcome.refusal;
  return fault_of_stamp(outcome.scan,
                        outcome.scan.src ? sources_.find(*outcome.scan.src) : nullptr);
}

void Intake::note_left_out(std::string_view topic) {
  const std::string_view name = plain_name(topic);
  const MutexLock lock(mutex_);
  if (left_out_.size() < kLeftOutMax && !left_out_.contains(name)) left_out_.emplace(name);
}

std::vector<std::string> Intake::left_out() const {
  const MutexLock lock(mutex_);
  return {left_out_.begin(), left_out_.end()};
}

void Intake::mark(TopicState& topic) {
  if (topic.is_dirty) return;
  topic.is_dirty = true;
  dirty_.push_back(&topic);
}

Refusal Intake::refuse(Fate& fate, std::string_view topic, Refusal refusal,
                       std::span<const std::uint8_t> frame, std::span<Message> more) {
  ++fate.refused[static_cast<std::size_t>(refusal)];
  std::size_t more_bytes = 0;
  for (Message& part : more) more_bytes += part.bytes().size();
  offenders_.note(
      refusal, topic, [&] { return refusal_text(refusal, topic, frame, more_bytes); },
      options_.warn);
  return refusal;
}

// However many tracks are concerned, a kind of notice is given a few times.
void Intake::tell(Notice notice, const std::string& text) {
  constexpr std::uint8_t kTold = 10;
  auto& [told, last] = told_[static_cast<std::size_t>(notice)];
  if (told == kTold || text == last || !options_.warn) return;
  last = text;
  options_.warn(++told < kTold ? text : text + "; so do others, of which no more is said");
}

void Intake::refuse_message(std::string_view text) {
  ++unnamed_.received;
  refuse(unnamed_, text, Refusal::kOnePart, {});
}

void Intake::announce(std::span<const std::uint8_t> frame) {
  if (ledger_.announce(frame) || frame.size() <= kSystemFrameBytesMax) return;
  tell(Notice::kAnnouncement,
       fmt::format("a frame of _sys/session with {} bytes is ignored: it has at most {}",
                   frame.size(), kSystemFrameBytesMax));
}

void Intake::settle() {
  ledger_.settle([&](std::uint32_t track) { mark(*known(names_[track])); });
  for (const LossLedger::Claim& claim : ledger_.claims()) {
    // No frame confirms it, so it is told, not counted.
    if (track_name_fault(claim.track) != nullptr || !options_.filter.matches(claim.track)) continue;
    tell(Notice::kClaim,
         claim.received == 0
             ? fmt::format("track {}: {} says it sent {} frames, of which none came", claim.track,
                           claim.publisher, claim.count)
             : fmt::format("track {}: {} says it sent {} frames, of which {} came: that is not "
                           "believed, nor counted as lost",
                           claim.track, claim.publisher, claim.count, claim.received));
  }
}

std::optional<Refusal> Intake::accept(std::string_view topic, Message& frame,
                                      std::span<Message> more, ArrivalTime arrival) {
  return take_frame(topic, frame.bytes(), &frame, more, arrival);
}

std::optional<Refusal> Intake::accept(std::string_view topic, std::span<const std::uint8_t> frame,
                                      ArrivalTime arrival) {
  return take_frame(topic, frame, nullptr, {}, arrival);
}

std::optional<Refusal> Intake::take_frame(std::string_view topic,
                                          std::span<const std::uint8_t> bytes, Message* message,
                                          std::span<Message> more, ArrivalTime arrival) {
  TopicState* state = known(topic);
  if (state == nullptr) {
    if (const std::optional<Refusal> refusal = place(topic, bytes, more, state)) {
      ++unnamed_.received;
      return refuse(unnamed_, topic, *refusal, bytes, more);
    }
  }
  if (state == nullptr) {
    note_left_out(topic);
    ++unnamed_.received;
    ++unnamed_.skipped[static_cast<std::size_t>(Skip::kFilter)];
    return std::nullopt;
  }
  mark(*state);
  ++state->fate.received;
  ScanOutcome outcome = more.empty() ? state->layout.scan(bytes, options_.items_max)
                                     : scan_with_parts(bytes, more, options_.items_max);
  if (outcome.refusal) return refuse(state->fate, state->name, *outcome.refusal, bytes, more);
  // Numbering first: a frame that is paused away or cannot be stamped was not lost.
  if (!note_source(*state, outcome.scan, bytes)) {
    ++state->fate.skipped[static_cast<std::size_t>(Skip::kDuplicate)];
    return std::nullopt;
  }
  if (paused_.load(std::memory_order_relaxed)) {
    ++state->fate.skipped[static_cast<std::size_t>(Skip::kPause)];
    return std::nullopt;
  }
  if (const auto refusal = resolve_stamp(*state, outcome.scan, arrival))
    return refuse(state->fate, state->name, *refusal, bytes);
  if (outcome.scan.stamp_is_float32) note_float32(*state, outcome.scan.stamp);
  store(*state, outcome.scan, bytes, message, more, arrival);
  return std::nullopt;
}

// Whoever published last on a track nearly always publishes next: its states are kept at hand.
void Intake::look_up_source(TopicState& topic, const FrameScan& scan) {
  topic.cached_src = *scan.src;
  topic.cached_stream = nullptr;
  topic.cached_source = sources_.hear(*scan.src);
}

bool Intake::note_source(TopicState& topic, const FrameScan& scan,
                         std::span<const std::uint8_t> frame) {
  if (scan.has_odd_numbering && !std::exchange(topic.warned_numbering, true)) {
    tell(Notice::kOddNumbering,
         fmt::format("track {}: _seq and _src are unsigned ints; as something else they are kept "
                     "as fields, which play leaves out, and losses can not be told",
                     topic.name));
  }
  if (!scan.src) return true;
  const bool is_cached = topic.cached_source && topic.cached_src == *scan.src &&
                         (*topic.cached_source)->key == *scan.src;
  if (is_cached) {
    sources_.hear_again(*topic.cached_source);
  } else {
    look_up_source(topic, scan);
  }
  if (!scan.seq) return true;
  if (topic.cached_stream == nullptr) {
    topic.cached_stream = ledger_.stream(*scan.src, topic.track, topic.name, *scan.seq);
    if (topic.cached_stream == nullptr) return true;
  }
  const LossLedger::Found found = ledger_.note(*topic.cached_stream, *scan.seq, frame);
  if (found == LossLedger::Found::kNewLife && ledger_.tells_of_new_life(*scan.src)) {
    tell(
        Notice::kNewLife,
        fmt::format("track {}: the publisher {:016x} counts anew from _seq {}; nothing is dropped, "
                    "but give every start of it a random _src, or its losses can not be told",
                    topic.name, *scan.src, *scan.seq));
  }
  return found != LossLedger::Found::kDuplicate;
}

// float32 tells times of today two minutes apart at best.
void Intake::note_float32(TopicState& topic, Timestamp stamp) {
  constexpr std::uint8_t kEqualMany = 8;
  if (topic.equal_float32 == kEqualMany) return;
  topic.equal_float32 = topic.float32_key == stamp.ns() ? topic.equal_float32 + 1u : 0u;
  topic.float32_key = stamp.ns();
  if (topic.equal_float32 == kEqualMany)
    tell(Notice::kFloat32, float32_text(topic.name, stamp.seconds()));
}

std::optional<Refusal> Intake::fault_of_stamp(const FrameScan& scan,
                                              const std::optional<Timestamp>* last) const {
  const bool inherits = scan.stamp_kind == StampKind::kInherit;
  if (inherits && (last == nullptr || !*last)) return Refusal::kNothingToInherit;
  const bool is_stamped = scan.stamp_kind != StampKind::kMissing;
  if (!is_stamped && options_.timestamps == TimestampMode::kRequire) return Refusal::kNoTimestamp;
  return std::nullopt;
}

std::optional<Refusal> Intake::resolve_stamp(TopicState& topic, FrameScan& scan,
                                             ArrivalTime arrival) {
  std::optional<Timestamp>* const last = scan.src ? &(*topic.cached_source)->value : nullptr;
  if (const std::optional<Refusal> fault = fault_of_stamp(scan, last)) return fault;
  if (scan.stamp_kind == StampKind::kGiven) {
    if (last != nullptr) *last = scan.stamp;
    return std::nullopt;
  }
  if (scan.stamp_kind == StampKind::kInherit) {
    scan.stamp = **last;
    return std::nullopt;
  }
  if (options_.timestamps == TimestampMode::kWarn && !std::exchange(topic.warned_stamp, true)) {
    tell(Notice::kStamp,
         fmt::format("track {}: frames without _ts are stamped on arrival", topic.name));
  }
  std::int64_t ns = arrival.wall_ns;
  if (ns <= last_auto_ns_) ns = last_auto_ns_ + 1'000;
  scan.stamp = Timestamp::from_ns(ns);
  last_auto_ns_ = std::max(ns, scan.stamp.ns());
  if (last != nullptr) *last = scan.stamp;
  return std::nullopt;
}

// Twice what this one came to.
void Intake::size_next_chunk() {
  const std::size_t used = chunk_.spill.empty() ? chunk_.arena_used : chunk_.arena_size;
  arena_bytes_ = std::clamp(2 * used, kArenaBytesMin, kChunkBytes + kKeepBytes);
  arrivals_room_ = std::clamp(2 * chunk_.arrivals.size(), kArrivalsMin, kChunkFrames);
}

// Room for `bytes` in the chunk's arena. Frames larger than what is left get an arena of their own.
std::uint8_t* Intake::room(std::size_t bytes) {
  if (chunk_.arena == nullptr) {
    chunk_.arena_size = std::max(arena_bytes_, bytes);
    chunk_.arena = std::make_unique_for_overwrite<std::uint8_t[]>(chunk_.arena_size);
  }
  if (chunk_.arena_size - chunk_.arena_used < bytes) return nullptr;
  std::uint8_t* const at = chunk_.arena.get() + chunk_.arena_used;
  chunk_.arena_used += bytes;
  return at;
}

void Intake::store(TopicState& topic, const FrameScan& scan, std::span<const std::uint8_t> bytes,
                   Message* message, std::span<Message> more, ArrivalTime arrival) {
  // No two arrivals are one instant, so that a point can be told from others of its stamp.
  const std::int64_t moved = std::max<std::int64_t>(0, last_mono_ns_ + 1 - arrival.mono_ns);
  last_mono_ns_ = arrival.mono_ns + moved;
  RowPoint point;
  point.set_stamp(scan.stamp);
  point.wall_ns = arrival.wall_ns + moved;
  point.mono_ns = last_mono_ns_;
  point.src = scan.src.value_or(0);
  point.seq = scan.seq.value_or(0);
  point.has_src = scan.src.has_value();
  point.has_seq = scan.seq.has_value();
  point.shape = scan.shape;
  point.fields = scan.fields;
  const std::size_t size = total_bytes(scan);
  const std::string extra = more.empty() ? std::string() : pairs_of_parts(more);
  point.pairs_bytes = static_cast<std::uint32_t>(size + extra.size());
  point.fields += static_cast<std::uint32_t>(more.size());
  if (!extra.empty()) point.shape = 0;
  const bool keeps =
      message != nullptr && size >= kKeepBytes && scan.range_count == 1 && extra.empty();
  if (keeps) {
    Message& kept = chunk_.kept.emplace_back(message->share());
    chunk_.kept_bytes += bytes.size();
    point.pairs = kept.bytes().data() + scan.ranges[0].begin;
  } else {
    std::uint8_t* at = room(point.pairs_bytes);
    if (at == nullptr) {
      at = chunk_.spill
               .emplace_back(std::make_unique_for_overwrite<std::uint8_t[]>(point.pairs_bytes))
               .get();
      chunk_.kept_bytes += point.pairs_bytes;
    }
    point.pairs = at;
    for (std::uint8_t i = 0; i < scan.range_count; ++i) {
      const std::size_t length = scan.ranges[i].end - scan.ranges[i].begin;
      std::memcpy(at, bytes.data() + scan.ranges[i].begin, length);
      at += length;
    }
    std::copy(extra.begin(), extra.end(), at);
  }
  if (chunk_.arrivals.empty()) chunk_.arrivals.reserve(arrivals_room_);
  chunk_.arrivals.push_back({topic.track, point});
}

Chunk Intake::take() {
  size_next_chunk();
  Chunk chunk = std::exchange(chunk_, Chunk());
  chunk.new_tracks = std::exchange(new_tracks_, {});
  for (TopicState* topic : dirty_) {
    topic->is_dirty = false;
    chunk.news.push_back(
        {topic->track, std::exchange(topic->fate, Fate()), ledger_.of_track(topic->track)});
  }
  dirty_.clear();
  const auto changed = ledger_.take_changed(
      [&](std::uint32_t track) -> const std::string& { return names_[track]; });
  chunk.losses.insert(chunk.losses.end(), changed.begin(), changed.end());
  chunk.unnamed = std::exchange(unnamed_, Fate());
  return chunk;
}

void Intake::drop(Chunk chunk) {
  for (const Chunk::TrackNews& news : chunk.news) {
    TopicState& topic = *known(names_[news.track]);
    topic.fate += news.fate;
    mark(topic);
  }
  for (const Chunk::Arrival& arrival : chunk.arrivals) ++known(names_[arrival.track])->fate.dropped;
  new_tracks_.insert(new_tracks_.begin(), chunk.new_tracks.begin(), chunk.new_tracks.end());
  unnamed_ += chunk.unnamed;
  // As they are now: chunks behind this one may have told of later ones.
  for (const LossRecord& loss : chunk.losses)
    ledger_.report_again(loss.src, known(loss.track)->track);
}

}  // namespace zbag
