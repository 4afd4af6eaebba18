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

void MergeBuffer::put(Slot& slot, const RowPoint& point, SteadyTime now) {
  if (slot.points.empty()) {
    slot.since = now;
  } else {
    RowPoint& last = slot.points.back();
    if (point.key == last.key && slot.is_sorted && mode_ != MergeMode::kAppend) {
      merge(slot, last, point);
      return;
    }
    slot.is_sorted = slot.is_sorted && point.key >= last.key;
  }
  slot.points.push_back(point);
}

void MergeBuffer::merge(Slot& slot, RowPoint& into, const RowPoint& later) {
  std::string row;
  std::uint64_t overwritten = 0;
  const std::uint32_t fields =
      merge_pairs(into.map(), later.map(), mode_ == MergeMode::kDeep, row, overwritten);
  if (row.size() > kPairsBytesMax) {
    ++slot.fate.refused[static_cast<std::size_t>(Refusal::kTooLarge)];
    return;
  }
  slot.fate.overwritten += overwritten;
  if (overwritten > 0 || slot.first_values.contains(into.key)) keep_first_values(slot, into, later);
  // Of many frames that merge into one point, the last row alone is kept.
  const bool is_again =
      slot.merged_row != nullptr &&
      into.pairs == reinterpret_cast<const std::uint8_t*>(slot.merged_row->data());
  if (!is_again) slot.merged_row = &merged_rows_.emplace_back();
  *slot.merged_row = std::move(row);
  into.fields = fields;
  into.pairs = reinterpret_cast<const std::uint8_t*>(slot.merged_row->data());
  into.pairs_bytes = static_cast<std::uint32_t>(slot.merged_row->size());
  into.shape = 0;
  ++slot.fate.merged;
}

// Should the point turn out to be stored already. Until a value is replaced, the first are the
// last.
void MergeBuffer::keep_first_values(Slot& slot, const RowPoint& into, const RowPoint& later) const {
  const auto [it, is_new] = slot.first_values.try_emplace(into.key);
  OwnRow& first = it->second;
  std::string row;
  std::uint64_t ignored = 0;
  const std::uint32_t fields = merge_pairs(later.map(), is_new ? into.map() : first.map(),
                                           mode_ == MergeMode::kDeep, row, ignored);
  first = {fields, std::move(row)};
}

void MergeBuffer::sort_and_merge(Slot& slot) {
  if (std::exchange(slot.is_sorted, true)) return;
  std::stable_sort(slot.points.begin(), slot.points.end(),
                   [](const RowPoint& a, const RowPoint& b) { return a.key < b.key; });
  if (mode_ == MergeMode::kAppend) return;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < slot.points.size(); ++i) {
    if (slot.points[i].key == slot.points[kept].key) {
      merge(slot, slot.points[kept], slot.points[i]);
    } else {
      slot.points[++kept] = slot.points[i];
    }
  }
  slot.points.resize(kept + 1);
}

void MergeBuffer::take_slot(Slot& slot, HeldBatch& held) {
  if (slot.points.empty() && !slot.has_news) return;
  sort_and_merge(slot);
  TrackBatch& batch = held.batch.tracks.emplace_back();
  batch.name = slot.name;
  held.points += slot.points.size();
  slot.merged_row = nullptr;
  batch.first_values = std::exchange(slot.first_values, {});
  batch.points.swap(slot.points);
  slot.points.reserve(batch.points.size());  // about as many come next time
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
                                    [](const Slot& slot) { return slot.points.empty(); });
  if (is_empty) {
    held.chunks = std::exchange(chunks_, {});
    held.merged_rows = std::exchange(merged_rows_, {});
    weight_ = bytes_ = arrivals_ = 0;
    held.owns_chunks = true;
  } else {
    // Rows merged earlier may be of any track: they stay here, where they do not move, until all
    // tracks have been taken. Batches are stored in order, so this one is by then.
    held.chunks = chunks_;
  }
  return held;
}

std::vector<std::string> MergeBuffer::due(std::size_t points_max, std::chrono::nanoseconds age_max,
                                          SteadyTime now) const {
  std::vector<std::string> names;
  for (const Slot& slot : slots_) {
    const bool is_due =
        slot.points.size() >= points_max || (!slot.points.empty() && now - slot.since >= age_max);
    if (is_due) names.push_back(slot.name);
  }
  return names;
}

}  // namespace zbag
