#include "recorder/intake.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>

#include "schemas/check.hpp"

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
std::string name_of_part(std::size_t i) { return fmt::format("_part{}", i + 2); }

std::string pairs_of_parts(std::span<Message> parts) {
  Fields fields;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    fields.emplace_back(name_of_part(i), Binary{std::string(parts[i].text())});
  }
  std::string map;
  encode_fields(fields, map);
  const MapBytes opened =
      *open_map({reinterpret_cast<const std::uint8_t*>(map.data()), map.size()});
  return map.substr(map.size() - opened.pairs.size());
}

// Why a frame can not be stored with further parts as fields: what is stored keeps the rules of a
// frame.
std::optional<Refusal> fault_of_parts(std::span<const std::uint8_t> frame,
                                      std::span<Message> parts) {
  constexpr std::size_t kPairHeadMax = 32;
  std::size_t bytes = frame.size();
  for (Message& part : parts) bytes += part.bytes().size() + kPairHeadMax;
  if (bytes > kFrameBytesMax) return Refusal::kTooLarge;
  const std::optional<MapBytes> map = open_map(frame);
  if (!map) return Refusal::kNotAMap;
  PairWalk walk(map->pairs, map->count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (pair->name == name_of_part(i)) return Refusal::kDuplicateKey;
    }
  }
  return std::nullopt;
}

}  // namespace

ArrivalTime ArrivalTime::now() {
  return {ns_of(std::chrono::system_clock::now().time_since_epoch()),
          ns_of(std::chrono::steady_clock::now().time_since_epoch())};
}

std::size_t Chunk::weight() const {
  return arena_size + kept_bytes + arrivals.size() * sizeof(Arrival) +
         news.size() * sizeof(TrackNews) + 256;
}

Intake::TopicState* Intake::topic_of(std::string_view topic) {
  const auto it = topics_.find(topic);
  if (it != topics_.end()) return it->second.plain == nullptr ? &it->second : it->second.plain;
  if (topics_.size() >= kTracksMax) return nullptr;
  std::string_view name = topic;
  const bool has_slash = name.starts_with('/');
  if (has_slash) name.remove_prefix(1);
  const char* const fault = track_name_fault(name);
  if (fault == nullptr && has_slash) {
    // "/imu" and "imu" are one track: the state of the plain name serves both.
    if (options_.warn)
      options_.warn(fmt::format("topic {}: the leading / is removed", printable(topic)));
    TopicState* const plain = topic_of(name);
    if (plain != nullptr) topics_[std::string(topic)].plain = plain;
    return plain;
  }
  TopicState& state = topics_[std::string(topic)];
  state.fault = fault;
  state.name = fault == nullptr ? std::string(name) : std::string();
  state.wanted = fault == nullptr && options_.filter.matches(name);
  if (fault != nullptr) return &state;
  state.track = static_cast<std::uint32_t>(names_.size());
  names_.push_back(state.name);
  new_tracks_.emplace_back(state.track, state.name);
  return &state;
}

void Intake::mark(TopicState& topic) {
  if (topic.is_dirty || topic.fault != nullptr) return;
  topic.is_dirty = true;
  dirty_.push_back(&topic);
}

Refusal Intake::refuse(TopicState& topic, Refusal refusal) {
  Fate& fate = topic.fault == nullptr ? topic.fate : unnamed_;
  ++fate.refused[static_cast<std::size_t>(refusal)];
  const std::uint32_t bit = 1u << static_cast<unsigned>(refusal);
  if ((topic.warned_refusals & bit) != 0 || !options_.warn) return refusal;
  topic.warned_refusals |= bit;
  options_.warn(
      topic.fault == nullptr
          ? fmt::format("track {}: a frame was refused: {}", topic.name, refusal_name(refusal))
          : fmt::format("a topic was refused: its name {}", topic.fault));
  return refusal;
}

void Intake::refuse_message(std::string_view topic) {
  TopicState* const state = topic_of(topic);
  if (state == nullptr) {
    ++unnamed_.received;
    ++unnamed_.refused[static_cast<std::size_t>(Refusal::kTooManyTracks)];
    return;
  }
  mark(*state);
  ++(state->fault == nullptr ? state->fate : unnamed_).received;
  refuse(*state, state->fault == nullptr ? Refusal::kBadMessage : Refusal::kBadName);
}

void Intake::announce(std::span<const std::uint8_t> frame) {
  if (const Result<Fields> session = decode_fields(frame)) ledger_.announce(*session);
}

void Intake::settle() {
  ledger_.settle(
      [&](const std::string& name) {
        const TopicState* const state = topic_of(name);
        return state != nullptr && state->fault == nullptr && state->wanted;
      },
      [&](const std::string& name) {
        TopicState& state = *topic_of(name);
        mark(state);
        return state.track;
      });
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
  TopicState* const state = topic_of(topic);
  if (state == nullptr) {
    ++unnamed_.received;
    ++unnamed_.refused[static_cast<std::size_t>(Refusal::kTooManyTracks)];
    return Refusal::kTooManyTracks;
  }
  if (state->fault != nullptr) {
    ++unnamed_.received;
    return refuse(*state, Refusal::kBadName);
  }
  mark(*state);
  ++state->fate.received;
  if (!state->wanted) {
    ++state->fate.skipped[static_cast<std::size_t>(Skip::kFilter)];
    return std::nullopt;
  }
  ScanOutcome outcome = state->layout.scan(bytes);
  if (!outcome.refusal && !more.empty()) outcome.refusal = fault_of_parts(bytes, more);
  if (outcome.refusal) {
    return refuse(*state, *outcome.refusal);
  }
  // Numbering first: a frame that is paused away or cannot be stamped was not lost.
  if (!note_source(*state, outcome.scan)) {
    ++state->fate.skipped[static_cast<std::size_t>(Skip::kDuplicate)];
    return std::nullopt;
  }
  if (paused_.load(std::memory_order_relaxed)) {
    ++state->fate.skipped[static_cast<std::size_t>(Skip::kPause)];
    return std::nullopt;
  }
  if (const auto refusal = resolve_stamp(*state, outcome.scan, arrival)) return refusal;
  store(*state, outcome.scan, bytes, message, more, arrival);
  return std::nullopt;
}

// Whoever published last on a track nearly always publishes next: its states are kept at hand.
void Intake::look_up_source(TopicState& topic, const FrameScan& scan) {
  constexpr std::size_t kSourcesMax = 10'000;
  topic.cached_src = *scan.src;
  topic.cached_stream = nullptr;
  const bool fits = last_of_src_.size() < kSourcesMax || last_of_src_.contains(*scan.src);
  topic.cached_last = fits ? &last_of_src_[*scan.src] : nullptr;
}

bool Intake::note_source(TopicState& topic, const FrameScan& scan) {
  if (!scan.src) return true;
  if (topic.cached_last == nullptr || topic.cached_src != *scan.src) look_up_source(topic, scan);
  if (!scan.seq) return true;
  if (topic.cached_stream == nullptr) {
    topic.cached_stream = ledger_.stream(*scan.src, topic.track, topic.name, *scan.seq);
    if (topic.cached_stream == nullptr) return true;
  }
  return ledger_.note(*topic.cached_stream, *scan.seq);
}

std::optional<Refusal> Intake::resolve_stamp(TopicState& topic, FrameScan& scan,
                                             ArrivalTime arrival) {
  std::optional<Timestamp>* const last = scan.src ? topic.cached_last : nullptr;
  if (scan.stamp_kind == StampKind::kGiven) {
    if (last != nullptr) *last = scan.stamp;
    return std::nullopt;
  }
  if (scan.stamp_kind == StampKind::kInherit) {
    if (last == nullptr || !*last) {
      return refuse(topic, Refusal::kNothingToInherit);
    }
    scan.stamp = **last;
    return std::nullopt;
  }
  if (options_.timestamps == TimestampMode::kRequire) {
    return refuse(topic, Refusal::kNoTimestamp);
  }
  if (options_.timestamps == TimestampMode::kWarn && !topic.warned_stamp && options_.warn) {
    topic.warned_stamp = true;
    options_.warn(fmt::format("track {}: frames without _ts are stamped on arrival", topic.name));
  }
  std::int64_t ns = arrival.wall_ns;
  if (ns <= last_auto_ns_) ns = last_auto_ns_ + 1'000;
  scan.stamp = Timestamp::from_ns(ns);
  last_auto_ns_ = std::max(ns, scan.stamp.ns());
  if (last != nullptr) *last = scan.stamp;
  return std::nullopt;
}

// Room for `bytes` in the chunk's arena. Frames larger than what is left get an arena of their own.
std::uint8_t* Intake::room(std::size_t bytes) {
  if (chunk_.arena == nullptr) {
    chunk_.arena_size = std::max(kChunkBytes + kKeepBytes, bytes);
    chunk_.arena = std::make_unique_for_overwrite<std::uint8_t[]>(chunk_.arena_size);
    chunk_.arrivals.reserve(kChunkFrames);
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
  chunk_.arrivals.push_back({topic.track, point});
}

Chunk Intake::take() {
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
    TopicState& topic = *topic_of(names_[news.track]);
    topic.fate += news.fate;
    mark(topic);
  }
  for (const Chunk::Arrival& arrival : chunk.arrivals)
    ++topic_of(names_[arrival.track])->fate.dropped;
  new_tracks_.insert(new_tracks_.begin(), chunk.new_tracks.begin(), chunk.new_tracks.end());
  unnamed_ += chunk.unnamed;
  // As they are now: chunks behind this one may have told of later ones.
  for (const LossRecord& loss : chunk.losses)
    ledger_.report_again(loss.src, topic_of(loss.track)->track);
}

}  // namespace zbag
