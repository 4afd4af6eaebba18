#include "recorder/merge_buffer.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "schemas/check.hpp"

namespace zbag {
namespace {

// Chunk after chunk says how a publisher stands on a track: only the last word matters.
std::vector<LossRecord> newest_of(std::vector<LossRecord> records) {
  const auto name = [](const LossRecord& record) { return std::tie(record.src, record.track); };
  std::ranges::stable_sort(records, {}, name);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool is_newest = i + 1 == records.size() || name(records[i]) != name(records[i + 1]);
    if (is_newest && kept != i) records[kept] = std::move(records[i]);
    kept += is_newest ? 1 : 0;
  }
  records.resize(kept);
  return records;
}

}  // namespace

void MergeBuffer::add(Chunk chunk, SteadyTime now) {
  for (auto& [number, name] : chunk.new_tracks) {
    if (slots_.size() <= number) slots_.resize(number + 1);
    slots_[number].mode = rules_.of(name);
    slots_[number].name = std::move(name);
  }
  for (const Chunk::Arrival& arrival : chunk.arrivals) {
    ZBAG_CHECK(arrival.track < slots_.size());  // a track is announced before its points
    put(slots_[arrival.track], arrival.point, now);
    bytes_ += arrival.point.pairs_bytes;
  }
  for (const Chunk::TrackNews& news : chunk.news) {
    Slot& slot = slots_[news.track];
    slot.fate += news.fate;
    if (news.loss) slot.loss = news.loss;
    slot.has_news = true;
  }
  losses_.insert(losses_.end(), chunk.losses.begin(), chunk.losses.end());
  unnamed_ += chunk.unnamed;
  weight_ += chunk.weight();
  arrivals_ += chunk.arrivals.size();
  chunks_.push_back(std::make_shared<const Chunk>(std::move(chunk)));
}

void MergeBuffer::put(Slot& slot, const RowPoint& frame, SteadyTime now) {
  if (slot.frames.empty()) {
    slot.since = now;
    slot.points = 1;
  } else {
    const std::int64_t last = slot.frames.back().key;
    slot.is_sorted = slot.is_sorted && frame.key >= last;
    slot.points += frame.key != last || slot.mode == MergeMode::kAppend ? 1 : 0;
  }
  slot.frames.push_back(frame);
}

// Makes the batch's points of the slot's frames; where every stamp is there once they are the same.
void MergeBuffer::merge(Slot& slot, HeldBatch& held, TrackBatch& batch) {
  std::vector<RowPoint>& frames = slot.frames;
  if (!std::exchange(slot.is_sorted, true)) std::ranges::stable_sort(frames, {}, &RowPoint::key);
  const bool meets = slot.mode != MergeMode::kAppend &&
                     std::ranges::adjacent_find(frames, {}, &RowPoint::key) != frames.end();
  if (!meets) {
    batch.points.swap(frames);
    return;
  }
  MergeCounts counts;
  batch.points.reserve(frames.size());
  for (auto first = frames.begin(); first != frames.end();) {
    const auto last = std::find_if(first, frames.end(),
                                   [&](const RowPoint& frame) { return frame.key != first->key; });
    merge_frames({first, last}, slot.mode, held.merged_rows, batch.points, counts);
    first = last;
  }
  counts.add_to(slot.fate);
  batch.frames.swap(frames);
}

void MergeBuffer::take_slot(Slot& slot, HeldBatch& held) {
  if (slot.frames.empty() && !slot.has_news) return;
  TrackBatch& batch = held.batch.tracks.emplace_back();
  batch.name = slot.name;
  const std::size_t frames = slot.frames.size();
  merge(slot, held, batch);
  slot.frames.reserve(frames);  // about as many come next time
  slot.points = 0;
  held.points += batch.points.size();
  batch.fate = std::exchange(slot.fate, Fate());
  if (slot.loss) {
    batch.lost = slot.loss->lost;
    batch.missed_before = slot.loss->missed_before;
  }
  slot.has_news = false;
}

HeldBatch MergeBuffer::take(const std::string* track) {
  HeldBatch held;
  for (Slot& slot : slots_) {
    if (track == nullptr || slot.name == *track) take_slot(slot, held);
  }
  held.batch.losses = newest_of(std::exchange(losses_, {}));
  held.batch.unnamed = std::exchange(unnamed_, Fate());
  const bool is_empty = std::all_of(slots_.begin(), slots_.end(),
                                    [](const Slot& slot) { return slot.frames.empty(); });
  if (is_empty) {
    held.chunks = std::exchange(chunks_, {});
    weight_ = bytes_ = arrivals_ = 0;
    held.owns_chunks = true;
  } else {
    held.chunks = chunks_;
  }
  return held;
}

std::vector<std::string> MergeBuffer::due(std::size_t points_max, std::chrono::nanoseconds age_max,
                                          SteadyTime now) const {
  std::vector<std::string> names;
  for (const Slot& slot : slots_) {
    const bool is_due =
        slot.points >= points_max || (!slot.frames.empty() && now - slot.since >= age_max);
    if (is_due) names.push_back(slot.name);
  }
  return names;
}

}  // namespace zbag
