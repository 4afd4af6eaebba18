#include "recorder/losses.hpp"

#include <xxhash.h>

#include <algorithm>

#include "bus/endpoints.hpp"
#include "schemas/add_up.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kGapsMax = 64;
constexpr std::size_t kCountsMax = 200'000;
// Frames remembered of a stream, of all streams, and of one when those are too many.
constexpr std::size_t kSeenMax = 1'024;
constexpr std::size_t kSeenOfAllMax = 4u << 20;
constexpr std::size_t kSeenMin = 16;
// Three years at ten kilohertz.
constexpr std::uint64_t kStepMax = std::uint64_t{1} << 40;
constexpr std::size_t kNewLivesTold = 16;
// Ten times what a socket's queue holds, and what a link that was down for most of the time lost.
constexpr std::uint64_t kTailOfQueues = std::uint64_t{1} << 20;
constexpr std::uint64_t kTailOfEach = 16;

// What of a stream's end may be lost, by the frames that came.
bool is_plausible_tail(const LossLedger::Stream& stream) {
  return stream.announced - stream.expected <= kTailOfQueues + kTailOfEach * stream.received;
}

// The text within a text item; nullopt when the value is none.
std::optional<std::string_view> text_item(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  std::span<const std::uint8_t> text;
  if (!item::take_text(in, text)) return std::nullopt;
  return text_of(text);
}

}  // namespace

void LossLedger::mark(Stream& stream) {
  if (stream.is_dirty) return;
  stream.is_dirty = true;
  dirty_.push_back(&stream);
}

void LossLedger::lose(Stream& stream, std::uint64_t first, std::uint64_t limit) {
  if (first >= limit) return;
  add_up(stream.lost, limit - first);
  add_up(tracks_[stream.track].lost, limit - first);
  stream.gaps.push_back({first, limit});
  forget_old_gaps(stream);
}

void LossLedger::forget_old_gaps(Stream& stream) {
  if (stream.gaps.size() <= kGapsMax) return;
  stream.gaps.erase(stream.gaps.begin());
  stream.gaps_forgotten = true;
}

LossLedger::Source& LossLedger::source_of(std::uint64_t src) {
  const auto forget = [this](Source& gone) {
    counts_ -= gone.claims.size() + gone.first_counts.size();
    for (const auto& [track, stream] : gone.streams) stream->has_source = false;
  };
  return sources_.hear(src, forget)->value;
}

void LossLedger::add_stream(Source& source, Stream& stream) {
  stream.has_source = true;
  source.streams.emplace(stream.name, &stream);
  const auto claim = source.claims.find(stream.name);
  if (claim != source.claims.end()) stream.announced = claim->second;
}

// What the session had sent on that track before we can have missed it.
std::uint64_t LossLedger::sent_before(const Source& source, const std::string& name,
                                      std::uint64_t first_seq) {
  if (!source.was_announced_first) return first_seq;
  const auto count = source.first_counts.find(name);
  if (count != source.first_counts.end()) return std::min(first_seq, count->second);
  return source.first_counts_full ? first_seq : 0;
}

LossLedger::Stream* LossLedger::stream(std::uint64_t src, std::uint32_t track,
                                       std::string_view name, std::uint64_t first_seq) {
  const auto it = streams_.find({src, track});
  if (it != streams_.end()) return &it->second;
  if (streams_.size() >= kStreamsMax) return nullptr;
  Source& source = source_of(src);
  if (source.streams.size() >= kTracksOfSessionMax) return nullptr;
  Stream& stream = streams_[{src, track}];
  stream.src = src;
  stream.track = track;
  stream.name = name;
  stream.first = stream.expected = first_seq;
  TrackLoss& loss = tracks_[track];
  if (first_seq < kStepMax) {  // else no counter that began at 0 is there yet
    stream.missed_before = sent_before(source, stream.name, first_seq);
    add_up(loss.missed_before, stream.missed_before);
    lose(stream, stream.missed_before, first_seq);
    stream.first = stream.missed_before;
  }
  add_stream(source, stream);
  return &stream;
}

LossLedger::Found LossLedger::note(Stream& stream, std::uint64_t seq,
                                   std::span<const std::uint8_t> frame) {
  mark(stream);
  if (!stream.has_source) add_stream(source_of(stream.src), stream);
  const std::uint64_t hash = XXH3_64bits(frame.data(), frame.size());
  Found found = Found::kFrame;
  if (seq < stream.expected) {
    if (std::find(stream.seen.begin(), stream.seen.end(), hash) != stream.seen.end())
      return Found::kDuplicate;
    // Of gaps that are forgotten nobody knows whether it fills one.
    if (!fill_gap(stream, seq) && (!stream.gaps_forgotten || seq <= stream.first))
      found = Found::kNewLife;
  } else if (seq - stream.expected < kStepMax) {
    lose(stream, stream.expected, seq);
    stream.expected = seq + 1;
  } else {
    found = Found::kNewLife;
  }
  if (found == Found::kNewLife) {
    stream.first = seq;
    stream.expected = seq + 1;
    stream.announced = 0;
    stream.gaps.clear();
    stream.gaps_forgotten = false;
  }
  remember(stream, hash);
  ++stream.received;
  return found;
}

// True when it was not lost, only late: the gap splits around it.
bool LossLedger::fill_gap(Stream& stream, std::uint64_t seq) {
  const auto has_it = [&](const Stream::Gap& gap) { return seq >= gap.first && seq < gap.limit; };
  auto gap = std::find_if(stream.gaps.begin(), stream.gaps.end(), has_it);
  if (gap == stream.gaps.end()) return false;
  const Stream::Gap rest{seq + 1, gap->limit};
  gap->limit = seq;
  gap = gap->first == gap->limit ? stream.gaps.erase(gap) : gap + 1;
  if (rest.first < rest.limit) stream.gaps.insert(gap, rest);
  forget_old_gaps(stream);
  --stream.lost;
  --tracks_[stream.track].lost;
  return true;
}

void LossLedger::remember(Stream& stream, std::uint64_t hash) {
  const std::size_t size = stream.seen.size();
  if (size < kSeenMin || (size < kSeenMax && seen_ < kSeenOfAllMax)) {
    stream.seen.push_back(hash);
    ++seen_;
    return;
  }
  stream.seen[stream.oldest_seen] = hash;
  stream.oldest_seen = (stream.oldest_seen + 1) % size;
}

bool LossLedger::tells_of_new_life(std::uint64_t src) {
  Source* const source = sources_.find(src);
  if (source == nullptr || source->told_of_new_life) return false;
  source->told_of_new_life = true;
  return ++told_of_new_lives_ <= kNewLivesTold;
}

bool LossLedger::announce(std::span<const std::uint8_t> session) {
  if (session.size() > kSystemFrameBytesMax) return false;
  const ScanOutcome outcome = scan_frame(session);
  if (outcome.refusal || !outcome.scan.src) return false;
  const std::uint64_t src = *outcome.scan.src;
  const bool is_new = sources_.find(src) == nullptr;
  Source& source = source_of(src);
  const bool was_named = !source.name.empty();
  std::string_view state;
  std::span<const std::uint8_t> counts;
  const MapBytes map = *open_map(session);
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (pair->name == "name") source.name = printable(text_item(pair->value).value_or(""));
    if (pair->name == "state") state = text_item(pair->value).value_or("");
    if (pair->name == "counts") counts = pair->value;
  }
  // What is in the bag of its streams may lack its name.
  if (!was_named && !source.name.empty()) {
    for (const auto& [track, stream] : source.streams) mark(*stream);
  }
  if (is_new) {
    source.was_announced_first = true;
    source.first_announced = outcome.scan.stamp;
    source.first_state = printable(state);
  }
  const bool is_first =
      source.first_announced == outcome.scan.stamp && source.first_state == printable(state);
  take_counts(source, counts, is_first);
  return true;
}

void LossLedger::take_counts(Source& source, std::span<const std::uint8_t> counts, bool is_first) {
  const std::optional<MapBytes> map = open_map(counts);
  if (!map) return;
  PairWalk walk(map->pairs, map->count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const std::optional<std::uint64_t> count = read_unsigned(pair->value);
    if (!count || *count >= kStepMax || pair->name.size() > kTrackNameBytesMax) continue;
    const std::string name(pair->name);
    if (const auto known = source.streams.find(name); known != source.streams.end()) {
      known->second->announced = *count;
    } else {
      keep_count(source.claims, name, *count);
    }
    if (is_first && !keep_count(source.first_counts, name, *count)) source.first_counts_full = true;
  }
}

// False when there are so many that it is not kept.
bool LossLedger::keep_count(Counts& counts, const std::string& name, std::uint64_t count) {
  const auto known = counts.find(name);
  if (known != counts.end()) {
    known->second = count;
    return true;
  }
  if (counts.size() >= kTracksOfSessionMax || counts_ >= kCountsMax) return false;
  counts.emplace(name, count);
  ++counts_;
  return true;
}

std::vector<LossLedger::Claim> LossLedger::claims() const {
  std::vector<Claim> claims;
  for (const auto& [src, source] : sources_.entries()) {
    if (source.streams.empty()) continue;
    for (const auto& [track, stream] : source.streams) {
      if (stream->announced > stream->expected && !is_plausible_tail(*stream))
        claims.push_back({source.name, track, stream->announced, stream->received});
    }
    for (const auto& [track, count] : source.claims) {
      const auto before = source.first_counts.find(track);
      const std::uint64_t base = before == source.first_counts.end() ? 0 : before->second;
      if (count > base && !source.streams.contains(track))
        claims.push_back({source.name, track, count - base, 0});
    }
  }
  return claims;
}

void LossLedger::settle(const std::function<void(std::uint32_t)>& changed) {
  for (auto& [key, stream] : streams_) {
    if (stream.announced <= stream.expected) continue;
    if (!is_plausible_tail(stream)) continue;
    lose(stream, stream.expected, stream.announced);
    stream.expected = stream.announced;
    mark(stream);
    changed(stream.track);
  }
}

std::optional<LossLedger::TrackLoss> LossLedger::of_track(std::uint32_t track) const {
  const auto it = tracks_.find(track);
  return it == tracks_.end() ? std::nullopt : std::optional(it->second);
}

void LossLedger::report_again(std::uint64_t src, std::uint32_t track) {
  const auto stream = streams_.find({src, track});
  if (stream != streams_.end()) mark(stream->second);
}

std::vector<LossRecord> LossLedger::take_changed(
    const std::function<const std::string&(std::uint32_t)>& name_of) {
  std::vector<LossRecord> records;
  for (Stream* stream : dirty_) {
    stream->is_dirty = false;
    const Source* const source = sources_.find(stream->src);
    records.push_back({.src = stream->src,
                       .track = name_of(stream->track),
                       .run_start_ns = 0,
                       .publisher = source == nullptr ? std::string() : source->name,
                       .lost = stream->lost,
                       .missed_before = stream->missed_before,
                       .received = stream->received});
  }
  dirty_.clear();
  return records;
}

}  // namespace zbag
