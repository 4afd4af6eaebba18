#include "recorder/bag/journal/track_replay.hpp"

#include <algorithm>

#include "schemas/add_up.hpp"

namespace zbag {

TrackReplay::TrackReplay(TrackRecord record)
    : record_(std::move(record)), next_(record_.in_blocks.value_or(record_.main_points)) {}

void TrackReplay::take(std::uint64_t number, const JournalRecord::Section& section) {
  last_number_ = number;
  // The record of the track has these counters; of the rows it may have some in blocks.
  const bool is_counted = number <= record_.journal;
  if (!is_counted) grow(section);
  std::uint64_t ordinal = section.first_ordinal;
  for (const RowPoint& row : section.rows) {
    const std::uint64_t of_row = ordinal++;
    if (of_row < next_) continue;
    if (!take_row(row, of_row)) return;
    if (is_counted) continue;
    add_up(record_.bytes, row.pairs_bytes + std::uint64_t{1});
    record_.first = std::min(row.key, record_.first.value_or(row.key));
    record_.last = std::max(row.key, record_.last.value_or(row.key));
    record_.main_end = row.key;
  }
}

void TrackReplay::grow(const JournalRecord::Section& section) {
  const TrackGrowth& growth = section.growth;
  Fate more;
  more.points = section.rows.size();
  more.received = section.rows.size();
  add_up(more.received, growth.merged);
  add_up(more.received, growth.dropped);
  more.merged = growth.merged;
  more.kept_apart = growth.kept_apart;
  more.dropped = growth.dropped;
  more.overwritten = growth.overwritten;
  record_.fate += more;
  if (growth.lost) record_.lost = growth.lost;
  if (growth.missed_before) record_.missed_before = *growth.missed_before;
}

// False: it can not be the track's next.
bool TrackReplay::take_row(const RowPoint& row, std::uint64_t ordinal) {
  if (end_ && row.key < *end_) {
    fault_ = "points of the journal are not in order";
    return false;
  }
  if (ordinal > next_) fault_ = "points are missing in the journal";
  const bool goes_on = ordinal == next_ && rows_.count() < kBlockPointsMax &&
                       rows_.bytes_with(row) <= kBlockRawBytesMax;
  if (!goes_on) put_gathered();
  if (rows_.count() == 0) rows_from_ = ordinal;
  rows_.add(row, false);
  next_ = ordinal + 1;
  end_ = row.key;
  return true;
}

void TrackReplay::put_gathered() {
  if (rows_.count() == 0) return;
  if (record_.next_serial >= kLateSerial) {
    fault_ = "the serials of its blocks are used up";
    return;
  }
  const BlockKey key{record_.id, rows_.points().front().key, record_.next_serial++};
  const auto block =
      rows_.finish({.track = record_.id, .first_ordinal = rows_from_}, {Compression::kNone});
  blocks_.emplace_back(key, std::string(block.begin(), block.end()));
  rows_.clear();
}

TrackRecord TrackReplay::finish(const PutBlock& put_block) {
  put_gathered();
  for (const auto& [key, block] : blocks_)
    put_block(key, {reinterpret_cast<const std::uint8_t*>(block.data()), block.size()});
  const bool fits = std::max(record_.main_points, record_.in_blocks.value_or(0)) <= next_;
  if (!fits) fault_ = "points are missing in the journal";
  record_.main_points = std::max(record_.main_points, next_);
  record_.in_blocks.reset();
  record_.journal = std::max(record_.journal, last_number_);
  return std::move(record_);
}

}  // namespace zbag
