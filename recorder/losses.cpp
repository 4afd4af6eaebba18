#include "recorder/losses.hpp"

#include <algorithm>

#include "schemas/field_lookup.hpp"

namespace zbag {
namespace {

constexpr std::size_t kStreamsMax = 100'000;
constexpr std::size_t kSourcesMax = 10'000;
constexpr std::size_t kGapsMax = 64;

}  // namespace

void LossLedger::mark(Stream& stream) {
  if (stream.is_dirty) return;
  stream.is_dirty = true;
  dirty_.push_back(&stream);
}

void LossLedger::lose(Stream& stream, std::uint64_t first, std::uint64_t limit) {
  if (first >= limit) return;
  stream.lost += limit - first;
  tracks_[stream.track].lost += limit - first;
  stream.gaps.push_back({first, limit});
  forget_old_gaps(stream);
}

void LossLedger::forget_old_gaps(Stream& stream) {
  if (stream.gaps.size() <= kGapsMax) return;
  stream.gaps.erase(stream.gaps.begin());
  stream.gaps_forgotten = true;
}

LossLedger::Stream* LossLedger::stream(std::uint64_t src, std::uint32_t track,
                                       std::string_view name, std::uint64_t first_seq) {
  const auto it = streams_.find({src, track});
  if (it != streams_.end()) return &it->second;
  if (streams_.size() >= kStreamsMax) return nullptr;
  Stream& stream = streams_[{src, track}];
  stream.src = src;
  stream.track = track;
  std::uint64_t base = first_seq;
  const auto source = sources_.find(src);
  if (source != sources_.end() && source->second.was_announced_first) {
    const auto count = source->second.first_counts.find(std::string(name));
    base = count == source->second.first_counts.end() ? 0 : std::min(first_seq, count->second);
  } else if (source != sources_.end() || sources_.size() < kSourcesMax) {
    sources_[src].unnamed.push_back(&stream);
  }
  stream.expected = first_seq;
  stream.missed_before = base;
  tracks_[track].missed_before += base;
  lose(stream, base, first_seq);
  return &stream;
}

bool LossLedger::note(Stream& stream, std::uint64_t seq) {
  mark(stream);
  if (seq == UINT64_MAX) return true;  // no number a counter from 0 reaches
  if (seq == stream.expected) {
    ++stream.expected;
    ++stream.received;
    return true;
  }
  if (seq > stream.expected) {
    lose(stream, stream.expected, seq);
    stream.expected = seq + 1;
    ++stream.received;
    return true;
  }
  for (auto gap = stream.gaps.begin(); gap != stream.gaps.end(); ++gap) {
    if (seq < gap->first || seq >= gap->limit) continue;
    // It was not lost, only late: the gap splits around it.
    const Stream::Gap rest{seq + 1, gap->limit};
    gap->limit = seq;
    gap = gap->first == gap->limit ? stream.gaps.erase(gap) : gap + 1;
    if (rest.first < rest.limit) stream.gaps.insert(gap, rest);
    forget_old_gaps(stream);
    --stream.lost;
    --tracks_[stream.track].lost;
    ++stream.received;
    return true;
  }
  if (!stream.gaps_forgotten) return false;
  ++stream.received;
  return true;
}

void LossLedger::announce(const Fields& session) {
  const std::uint64_t src = uint_field(session, "_src");
  const bool is_new = !sources_.contains(src);
  if (is_new && sources_.size() >= kSourcesMax) return;
  Source& source = sources_[src];
  source.name = text_field(session, "name");
  for (Stream* const stream : source.unnamed) mark(*stream);
  source.unnamed.clear();
  source.counts.clear();
  for (const auto& [track, count] : map_field(session, "counts")) {
    if (const auto* number = count.get_if<std::uint64_t>()) source.counts[track] = *number;
  }
  if (is_new) {
    source.was_announced_first = true;
    source.first_counts = source.counts;
  }
}

void LossLedger::settle(const std::function<bool(const std::string&)>& wants,
                        const std::function<std::uint32_t(const std::string&)>& id_of) {
  for (const auto& [src, source] : sources_) {
    for (const auto& [track, count] : source.counts) {
      if (!wants(track)) continue;
      const auto base = source.first_counts.find(track);
      const std::uint64_t before = base == source.first_counts.end() ? 0 : base->second;
      const auto known = streams_.find({src, id_of(track)});
      // A track that never showed lost all it had sent since the session was first heard of.
      if (known == streams_.end() && (!source.was_announced_first || count <= before)) continue;
      Stream* const found = stream(src, id_of(track), track, before);
      if (found == nullptr || count <= found->expected) continue;
      lose(*found, found->expected, count);
      found->expected = count;
      mark(*found);
    }
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
    const auto source = sources_.find(stream->src);
    records.push_back({.src = stream->src,
                       .track = name_of(stream->track),
                       .run_start_ns = 0,
                       .publisher = source == sources_.end() ? std::string() : source->second.name,
                       .lost = stream->lost,
                       .missed_before = stream->missed_before,
                       .received = stream->received});
  }
  dirty_.clear();
  return records;
}

}  // namespace zbag
