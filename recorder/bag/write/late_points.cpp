#include "recorder/bag/write/late_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "recorder/bag/block/block.hpp"
#include "schemas/check.hpp"
#include "schemas/frame_scan.hpp"

namespace zbag {
namespace {

// Late points of one key stay in the order of their arrival.
void sort_late(std::vector<RowPoint>& rows) {
  std::ranges::sort(rows, [](const RowPoint& a, const RowPoint& b) {
    return a.key != b.key ? a.key < b.key : a.index < b.index;
  });
}

// A gap with as many late blocks is divided before more is added, so that a late point costs its
// writer and its readers the same however many came before.
constexpr std::size_t kGapBlocksMax = 8;

}  // namespace

// Where a gap is divided. Points below `border` stay on its left.
struct LateWriter::Cut {
  std::int64_t border;
  // Where the second half of the main block begins, when that is divided, too.
  std::optional<std::int64_t> resumed;

  std::size_t part_of(std::int64_t key) const {
    return (key >= border ? 1u : 0u) + (resumed && *resumed > border && key >= *resumed ? 1u : 0u);
  }
};

// What becomes of a gap.
struct LateWriter::Changes {
  std::vector<std::vector<RowPoint>> rows;  // of its blocks; empty for those that stay as they are
  std::deque<std::string> made;             // where merged rows lie
  std::vector<RowPoint> added;              // what it gets besides
};

LateWriter::LateWriter(WriteTxn& txn, const BagTables& tables, const Rules& rules,
                       TrackWriter& track, BlockEncoder& encoder, BlockScratch& scratch)
    : txn_(txn),
      tables_(tables),
      rules_(rules),
      track_(track),
      encoder_(encoder),
      scratch_(scratch) {}

// But for those of the tail, which are its writer's.
std::vector<Gap::Stored*> LateWriter::late_of(Gap& gap) const {
  std::vector<Gap::Stored*> late;
  for (Gap::Stored& stored : gap.blocks()) {
    if (stored.key.is_late() && !track_.tail_covers(stored.key.first)) late.push_back(&stored);
  }
  return late;
}

Status LateWriter::write(std::span<const RowPoint> points, std::span<const RowPoint> frames,
                         Fate& fate) {
  Status status = write_all(points, frames, fate);
  if (!status) return fail(status.error(), "track " + track_.record().name);
  return {};
}

Status LateWriter::write_all(std::span<const RowPoint> points, std::span<const RowPoint> frames,
                             Fate& fate) {
  while (!points.empty()) {
    Result<Gap> gap = Gap::find(txn_, tables_.blocks, track_.record().id, points.front().key);
    if (!gap) return tl::unexpected(gap.error());
    const bool is_tail = track_.tail_covers(points.front().key);
    if (!is_tail && late_of(*gap).size() >= kGapBlocksMax) {
      const Result<bool> is_divided = divide(*gap, points.front().key);
      if (!is_divided) return tl::unexpected(is_divided.error());
      if (*is_divided) continue;
    }
    const auto end = std::ranges::find_if(points, [&](const RowPoint& point) {
      return (gap->limit() && point.key >= *gap->limit()) ||
             track_.tail_covers(point.key) != is_tail;
    });
    const auto group = points.first(static_cast<std::size_t>(end - points.begin()));
    ZBAG_CHECK(!group.empty());
    if (Status status = fill_gap(*gap, is_tail, group, frames, fate); !status) return status;
    points = points.subspan(group.size());
  }
  return {};
}

// Parts a gap of too many late blocks by a border: that is a block of the main run without points,
// or the second half of the main block. False where it can not be: its late points have one key,
// or blocks are damaged.
Result<bool> LateWriter::divide(Gap& gap, std::int64_t key) {
  // All or nothing: of a block that cannot be read nobody knows on which side its points belong.
  for (Gap::Stored& stored : gap.blocks()) {
    if (track_.tail_covers(stored.key.first)) continue;
    Result<bool> is_open = gap.open(stored);
    if (!is_open || !*is_open) return is_open;
  }
  const std::optional<std::int64_t> border = border_of(gap, key);
  if (!border) return false;
  Cut cut{*border, {}};
  std::uint64_t ordinal = 0;  // of the first point behind the border
  if (Gap::Stored* const cover = gap.cover()) {
    const auto& points = cover->block->points();
    const auto right = std::ranges::lower_bound(points, *border, {}, &StoredPoint::key);
    if (right != points.end()) cut.resumed = right->key;
    ordinal = cover->header.first_ordinal + static_cast<std::uint64_t>(right - points.begin());
    if (cut.resumed) {
      if (Status status = divide_main(*cover, ordinal); !status)
        return tl::unexpected(status.error());
    }
  }
  // Where the main run goes on with the very border, its second half is the border already.
  if (cut.resumed != border) {
    TrackRecord& record = track_.record();
    const BlockKey at{record.id, *border, record.next_serial++};
    const auto room = txn_.reserve(tables_.blocks, at.encode(), kBlockHeaderBytes);
    if (!room) return tl::unexpected(room.error());
    write_border_block({.track = record.id, .first_ordinal = ordinal}, *border, *room);
    block_bytes_ += kBlockHeaderBytes;
  }
  if (Status status = divide_late(gap, cut); !status) return tl::unexpected(status.error());
  return true;
}

// Behind everything for points that come in order, as after a clock that has stepped back: the left
// part is then as full as it will ever be, and is never opened again. Else in the middle of the
// late ones, so that both parts have room.
std::optional<std::int64_t> LateWriter::border_of(Gap& gap, std::int64_t key) const {
  std::vector<std::int64_t> keys;
  std::int64_t last = INT64_MIN;
  for (const Gap::Stored* stored : late_of(gap)) {
    for (const StoredPoint& point : stored->block->points()) keys.push_back(point.key);
    last = std::max(last, stored->header.last);
  }
  const Gap::Stored* const cover = gap.cover();
  if (cover != nullptr) last = std::max(last, cover->header.last);
  if (key > last) return key;
  std::ranges::sort(keys);
  // Something stays on the left, or the gap would be divided again and again.
  const std::int64_t low = cover != nullptr ? cover->key.first : keys.front();
  const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
  const auto border = std::upper_bound(middle, keys.end(), low);
  return border == keys.end() ? std::nullopt : std::optional(*border);
}

// The main block as two, the second from the point of `ordinal` on. The first keeps its key, so
// that what names it (a segment, a reader's place) still finds it.
Status LateWriter::divide_main(Gap::Stored& main, std::uint64_t ordinal) {
  std::vector<RowPoint> rows;
  if (Status status = main.append_rows(rows); !status) return status;
  const auto left = static_cast<std::size_t>(ordinal - main.header.first_ordinal);
  const BlockHeader header{.flags = main.header.flags,
                           .track = track_.record().id,
                           .first_ordinal = main.header.first_ordinal};
  encoder_.clear();
  for (const RowPoint& row : std::span(rows).first(left)) encoder_.add(row, false);
  if (Status status = put_encoded(main.key, header); !status) return status;
  BlockHeader behind = header;
  behind.first_ordinal = ordinal;
  encoder_.clear();
  for (const RowPoint& row : std::span(rows).subspan(left)) encoder_.add(row, false);
  TrackRecord& record = track_.record();
  return put_encoded({record.id, rows[left].key, record.next_serial++}, behind);
}

// No late block may reach over a border: who looks for a key reads one gap alone.
Status LateWriter::divide_late(Gap& gap, const Cut& cut) {
  std::array<std::vector<RowPoint>, 3> parts;
  for (Gap::Stored* stored : late_of(gap)) {
    if (cut.part_of(stored->header.first) == cut.part_of(stored->header.last)) continue;
    std::vector<RowPoint> rows;
    if (Status status = stored->append_rows(rows); !status) return status;
    for (const RowPoint& row : rows) parts[cut.part_of(row.key)].push_back(row);
    if (Status status = txn_.erase(tables_.blocks, stored->key.encode()); !status) return status;
  }
  for (std::vector<RowPoint>& part : parts) {
    sort_late(part);
    if (Status status = put_points(part, false); !status) return status;
  }
  return {};
}

// Merging first, then what is new, since a point that merges must not find what this very call
// adds.
Status LateWriter::fill_gap(Gap& gap, bool is_tail, std::span<const RowPoint> points,
                            std::span<const RowPoint> frames, Fate& fate) {
  Changes changes;
  changes.rows.resize(gap.blocks().size());
  const bool looks_up =
      rules_.merge != MergeMode::kAppend && rules_.late_merge != LateMerge::kAppend;
  while (!points.empty()) {
    const std::int64_t key = points.front().key;
    const std::span<const RowPoint> of_key = points_of(key, points);
    points = points.subspan(of_key.size());
    Result<std::optional<Gap::Newest>> newest = std::optional<Gap::Newest>();
    if (looks_up) newest = gap.newest(key);
    if (!newest) return tl::unexpected(newest.error());
    if (!*newest) {
      changes.added.insert(changes.added.end(), of_key.begin(), of_key.end());
      continue;
    }
    std::span<const RowPoint> came = points_of(key, frames);
    if (came.empty()) came = of_key;
    if (Status status = meet(gap, **newest, came, changes, fate); !status) return status;
  }
  if (Status status = rewrite(gap, changes); !status) return status;
  if (changes.added.empty()) return {};
  return add_points(gap, is_tail, std::move(changes.added), fate);
}

// As if each of the frames had come alone: what they made of each other in the batch is forgotten.
Status LateWriter::meet(Gap& gap, const Gap::Newest& newest, std::span<const RowPoint> frames,
                        Changes& changes, Fate& fate) {
  count_merges(frames, rules_.merge).take_from(fate);
  if (rules_.late_merge == LateMerge::kReject) {
    fate.refused[static_cast<std::size_t>(Refusal::kLate)] += frames.size();
    return {};
  }
  // A block that several points change is taken apart once, and written once.
  Gap::Stored& stored = gap.blocks()[newest.block];
  std::vector<RowPoint> stored_rows;
  std::vector<RowPoint>& block_rows = changes.rows[newest.block];
  if (block_rows.empty()) {
    if (Status status = stored.append_rows(stored_rows); !status) return status;
  }
  const RowPoint before = block_rows.empty() ? stored_rows[newest.at] : block_rows[newest.at];
  const Meeting meeting = zbag::meet(before, frames, rules_.merge, changes.made);
  const std::vector<RowPoint>& points = meeting.points;
  meeting.counts.add_to(fate);
  changes.added.insert(changes.added.end(), points.begin() + 1, points.end());
  if (!meeting.changes(before)) return {};
  if (block_rows.empty()) block_rows = std::move(stored_rows);
  block_rows[newest.at] = points.front();
  track_.note_merged(points.front(), stored.key.is_late(), before.pairs_bytes);
  return {};
}

// Under the same keys: what has merged stays where it was, so no index and no ordinal moves.
Status LateWriter::rewrite(Gap& gap, const Changes& changes) {
  for (std::size_t b = 0; b < gap.blocks().size(); ++b) {
    const std::vector<RowPoint>& rows = changes.rows[b];
    if (rows.empty()) continue;
    Gap::Stored& stored = gap.blocks()[b];
    const BlockHeader old = stored.header;
    const BlockHeader header{.flags = static_cast<std::uint8_t>(old.flags & ~kBlockLone),
                             .track = track_.record().id,
                             .first_ordinal = old.first_ordinal};
    Status status;
    if (stored.is_lone()) {
      status = put_lone(stored.key, header, rows.front());
    } else {
      encoder_.clear();
      for (const RowPoint& row : rows) encoder_.add(row, (old.flags & kBlockIndexed) != 0);
      status = put_encoded(stored.key, header);
    }
    if (!status) return status;
    stored.block.reset();  // what add_points may add to is what is stored now
  }
  return {};
}

// Gives the points their indices and stores them: in the gap's last late block while there is room;
// where they fall into the tail, in blocks of their own, which it replaces once it is full.
Status LateWriter::add_points(Gap& gap, bool is_tail, std::vector<RowPoint> added, Fate& fate) {
  track_.note(added);
  TrackRecord& record = track_.record();
  for (RowPoint& point : added) {
    const OrderEntry entry{record.id, record.total(), point.key, record.late_points};
    point.index = entry.index;
    if (Status status = txn_.put(tables_.order, entry.encode_key(), entry.encode_value()); !status)
      return status;
    ++record.late_points;
    track_.note_late(point);
  }
  fate.points += added.size();
  new_points_ += added.size();

  Gap::Stored* const last = is_tail ? nullptr : joinable(gap);
  if (last == nullptr) return put_points(added, is_tail);
  const Result<bool> is_open = gap.open(*last);
  if (!is_open) return tl::unexpected(is_open.error());
  if (!*is_open) return put_points(added, false);
  if (Status status = last->append_rows(added); !status) return status;
  sort_late(added);
  if (Status status = txn_.erase(tables_.blocks, last->key.encode()); !status) return status;
  return put_points(added, false);
}

// The last late block, if more may be added to it. Half a block is left alone: what is added is
// written anew together with all that was there, and so costs twice its own bytes at most.
Gap::Stored* LateWriter::joinable(Gap& gap) const {
  const std::vector<Gap::Stored*> late = late_of(gap);
  if (late.empty() || late.back()->is_lone()) return nullptr;
  return late.back()->header.raw_bytes < track_.block_bytes() / 2 ? late.back() : nullptr;
}

Status LateWriter::put_points(std::span<const RowPoint> points, bool of_tail) {
  TrackRecord& record = track_.record();
  const auto next_key = [&](std::int64_t first) {
    return BlockKey{record.id, first, kLateSerial | record.next_late_serial++};
  };
  const auto put_gathered = [&]() -> Status {
    if (encoder_.count() == 0) return {};
    const BlockHeader header{.flags = kBlockLate | kBlockIndexed, .track = record.id};
    const BlockKey key = next_key(encoder_.points().front().key);
    Status status = put_encoded(key, header);
    if (of_tail) track_.note_late_block(key);
    encoder_.clear();
    return status;
  };
  encoder_.clear();
  for (const RowPoint& point : points) {
    const bool is_large = track_.is_large(point);
    if (is_large || (encoder_.count() > 0 && encoder_.bytes_with(point) > track_.block_bytes())) {
      if (Status status = put_gathered(); !status) return status;
    }
    if (!is_large) {
      encoder_.add(point, true);
      continue;
    }
    const BlockHeader header{.flags = kBlockLate, .track = record.id, .first_ordinal = point.index};
    if (Status status = put_lone(next_key(point.key), header, point); !status) return status;
  }
  return put_gathered();
}

Status LateWriter::put_encoded(const BlockKey& key, const BlockHeader& header) {
  const std::size_t size = encoder_.prepare(header, rules_.compression, scratch_);
  const auto room = txn_.reserve(tables_.blocks, key.encode(), size);
  if (!room) return tl::unexpected(room.error());
  encoder_.write_to(*room);
  block_bytes_ += size;
  return {};
}

Status LateWriter::put_lone(const BlockKey& key, const BlockHeader& header, const RowPoint& point) {
  const std::size_t size = lone_block_bytes(point);
  const auto room = txn_.reserve(tables_.blocks, key.encode(), size);
  if (!room) return tl::unexpected(room.error());
  write_lone_block(header, point, *room);
  block_bytes_ += size;
  return {};
}

}  // namespace zbag
