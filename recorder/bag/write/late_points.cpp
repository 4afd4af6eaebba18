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

// A stored point as something to encode again; nullopt: malformed.
std::optional<RowPoint> to_row(const StoredPoint& point) {
  std::optional<RowPoint> row = row_of(point, point.map);
  if (!row) return std::nullopt;
  row->index = point.index;
  row->shape = 0;  // its fields are known to the track already
  return row;
}

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

struct LateWriter::Stored {
  BlockKey key;
  BlockHeader header;
  std::string bytes;           // a copy, once it is opened: pages move while the transaction writes
  std::optional<Block> block;  // likewise
  bool is_damaged = false;
  bool is_lone() const { return (header.flags & kBlockLone) != 0; }
  bool may_hold(std::int64_t wanted) const {
    return header.count > 0 && header.first <= wanted && wanted <= header.last;
  }
};

struct LateWriter::Gap {
  std::vector<Stored> blocks;         // the main block first, when there is one, then the late ones
  std::optional<std::int64_t> limit;  // the first key of the next main block
  bool is_tail = false;               // what is written falls into the tail

  Stored* cover() { return !blocks.empty() && !blocks[0].key.is_late() ? &blocks[0] : nullptr; }
  // The late blocks but for those of the tail, which are its writer's.
  std::vector<Stored*> late(const TrackWriter& track) {
    std::vector<Stored*> late;
    for (Stored& stored : blocks) {
      if (stored.key.is_late() && !track.tail_covers(stored.key.first)) late.push_back(&stored);
    }
    return late;
  }
};

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

// The newest point of a key: a position in a block of the gap.
struct LateWriter::Newest {
  std::size_t block;
  std::size_t at;
};

LateWriter::LateWriter(WriteTxn& txn, const BagTables& tables, const Rules& rules,
                       TrackWriter& track, BlockEncoder& encoder, BlockScratch& scratch)
    : txn_(txn),
      tables_(tables),
      rules_(rules),
      track_(track),
      encoder_(encoder),
      scratch_(scratch) {}

Error LateWriter::malformed() const {
  return {ErrorCode::kDamaged,
          fmt::format("track {}: a stored row is malformed", track_.record().name)};
}

Status LateWriter::write(std::span<const RowPoint> points, std::span<const RowPoint> frames,
                         Fate& fate) {
  while (!points.empty()) {
    Result<Gap> gap = find_gap(points.front().key);
    if (!gap) return tl::unexpected(gap.error());
    gap->is_tail = track_.tail_covers(points.front().key);
    if (!gap->is_tail && gap->late(track_).size() >= kGapBlocksMax) {
      const Result<bool> is_divided = divide(*gap, points.front().key);
      if (!is_divided) return tl::unexpected(is_divided.error());
      if (*is_divided) continue;
    }
    const auto end = std::ranges::find_if(points, [&](const RowPoint& point) {
      return (gap->limit && point.key >= *gap->limit) ||
             track_.tail_covers(point.key) != gap->is_tail;
    });
    const auto group = points.first(static_cast<std::size_t>(end - points.begin()));
    ZBAG_CHECK(!group.empty());
    if (Status status = fill_gap(*gap, group, frames, fate); !status) return status;
    points = points.subspan(group.size());
  }
  return {};
}

Result<LateWriter::Gap> LateWriter::find_gap(std::int64_t key) {
  const std::uint32_t track = track_.record().id;
  Result<TableCursor> cursor = TableCursor::open(txn_, tables_.blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  const auto mine =
      [&](const Result<std::optional<TableCursor::Item>>& item) -> std::optional<BlockKey> {
    if (!item || !*item) return std::nullopt;
    const std::optional<BlockKey> block = BlockKey::decode((*item)->key);
    return block && block->track == track ? block : std::nullopt;
  };
  // Back from the first block behind `key` to the main block that covers it. Late blocks between
  // the two are of the same gap: which of them holds the key is found by their headers, later.
  auto item = cursor->seek(BlockKey{track, key, UINT32_MAX}.encode());
  item = item && !*item ? cursor->last() : cursor->previous();
  std::optional<BlockKey> at = mine(item);
  while (at && at->is_late()) at = mine(item = cursor->previous());
  if (!item) return tl::unexpected(item.error());

  // Before the track's first main block there is a gap, too, without a cover.
  Gap gap;
  const BlockKey start = at ? *at : BlockKey{track, INT64_MIN, 0};
  item = cursor->seek(start.encode());
  for (at = mine(item); at; at = mine(item = cursor->next())) {
    const bool is_cover = !at->is_late() && at->first <= key;
    if (!at->is_late() && !is_cover) {
      gap.limit = at->first;
      break;
    }
    // Several main blocks may begin at or before the key (equal keys): the last one covers it.
    if (is_cover) gap.blocks.clear();
    const Result<BlockHeader> header = read_block_header((*item)->value);
    gap.blocks.push_back({.key = *at,
                          .header = header.value_or(BlockHeader{}),
                          .bytes = {},
                          .block = {},
                          .is_damaged = !header});
  }
  if (!item) return tl::unexpected(item.error());
  return gap;
}

// Opens the block unless it is open. False when it is damaged: nothing that is new is lost for it.
Result<bool> LateWriter::open(Stored& stored) {
  if (stored.block || stored.is_damaged) return !stored.is_damaged;
  const auto value = txn_.get(tables_.blocks, stored.key.encode());
  if (!value) return tl::unexpected(value.error());
  ZBAG_CHECK(value->has_value());
  stored.bytes.assign(**value);
  Result<Block> block = Block::open(stored.bytes);
  stored.is_damaged = !block;
  if (block) {
    stored.header = block->header();
    stored.block = std::move(*block);
  }
  return !stored.is_damaged;
}

// The rows of an open block, as something to encode again. Lent by it.
Status LateWriter::append_rows(const Stored& stored, std::vector<RowPoint>& rows) const {
  for (const StoredPoint& point : stored.block->points()) {
    const std::optional<RowPoint> row = to_row(point);
    if (!row) return tl::unexpected(malformed());
    rows.push_back(*row);
  }
  return {};
}

// Parts a gap of too many late blocks by a border: that is a block of the main run without points,
// or the second half of the main block. False where it can not be: its late points have one key,
// or blocks are damaged.
Result<bool> LateWriter::divide(Gap& gap, std::int64_t key) {
  // All or nothing: of a block that cannot be read nobody knows on which side its points belong.
  for (Stored& stored : gap.blocks) {
    if (track_.tail_covers(stored.key.first)) continue;
    const Result<bool> is_open = open(stored);
    if (!is_open || !*is_open) return is_open;
  }
  const std::optional<std::int64_t> border = border_of(gap, key);
  if (!border) return false;
  Cut cut{*border, {}};
  std::uint64_t ordinal = 0;  // of the first point behind the border
  if (Stored* const cover = gap.cover()) {
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
  for (const Stored* stored : gap.late(track_)) {
    for (const StoredPoint& point : stored->block->points()) keys.push_back(point.key);
    last = std::max(last, stored->header.last);
  }
  const Stored* const cover = gap.cover();
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
Status LateWriter::divide_main(Stored& main, std::uint64_t ordinal) {
  std::vector<RowPoint> rows;
  if (Status status = append_rows(main, rows); !status) return status;
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
  for (Stored* stored : gap.late(track_)) {
    if (cut.part_of(stored->header.first) == cut.part_of(stored->header.last)) continue;
    std::vector<RowPoint> rows;
    if (Status status = append_rows(*stored, rows); !status) return status;
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
Status LateWriter::fill_gap(Gap& gap, std::span<const RowPoint> points,
                            std::span<const RowPoint> frames, Fate& fate) {
  Changes changes;
  changes.rows.resize(gap.blocks.size());
  const bool looks_up =
      rules_.merge != MergeMode::kAppend && rules_.late_merge != LateMerge::kAppend;
  while (!points.empty()) {
    const std::int64_t key = points.front().key;
    const std::span<const RowPoint> of_key = points_of(key, points);
    points = points.subspan(of_key.size());
    Result<std::optional<Newest>> newest = std::optional<Newest>();
    if (looks_up) newest = find_newest(gap, key);
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
  return add_points(gap, std::move(changes.added), fate);
}

// Late points are newer than those of the main run, and among them the index tells. Blocks of
// nothing but this key are never divided, so the one written last has the newest: a track whose
// clock stands still makes many of them.
Result<std::optional<LateWriter::Newest>> LateWriter::find_newest(Gap& gap, std::int64_t key) {
  const auto is_of_key_alone = [&](const Stored& stored) {
    return stored.key.is_late() && stored.header.first == key && stored.header.last == key;
  };
  std::optional<std::size_t> last_alone;
  for (std::size_t b = 0; b < gap.blocks.size(); ++b) {
    if (is_of_key_alone(gap.blocks[b])) last_alone = b;  // late ones of one key come by serial
  }
  std::optional<Newest> newest;
  std::optional<std::uint64_t> index;  // of a late one
  for (std::size_t b = 0; b < gap.blocks.size(); ++b) {
    Stored& stored = gap.blocks[b];
    if (!stored.may_hold(key) || (is_of_key_alone(stored) && b != last_alone)) continue;
    const Result<bool> is_open = open(stored);
    if (!is_open) return tl::unexpected(is_open.error());
    if (!*is_open) continue;
    const std::vector<StoredPoint>& points = stored.block->points();
    const auto behind = std::ranges::upper_bound(points, key, {}, &StoredPoint::key);
    if (behind == points.begin() || std::prev(behind)->key != key) continue;
    const auto at = static_cast<std::size_t>(std::prev(behind) - points.begin());
    if (stored.key.is_late()) {
      const std::uint64_t own = stored.is_lone() ? stored.header.first_ordinal : points[at].index;
      if (index && own < *index) continue;
      index = own;
    }
    newest = Newest{b, at};
  }
  return newest;
}

// As if each of the frames had come alone: what they made of each other in the batch is forgotten.
Status LateWriter::meet(Gap& gap, const Newest& newest, std::span<const RowPoint> frames,
                        Changes& changes, Fate& fate) {
  std::vector<RowPoint> points;
  MergeCounts in_batch;
  std::deque<std::string> rows;
  merge_frames(frames, rules_.merge, rows, points, in_batch);
  in_batch.take_from(fate);
  if (rules_.late_merge == LateMerge::kReject) {
    fate.refused[static_cast<std::size_t>(Refusal::kLate)] += frames.size();
    return {};
  }
  // A block that several points change is taken apart once, and written once.
  Stored& stored = gap.blocks[newest.block];
  std::vector<RowPoint> stored_rows;
  std::vector<RowPoint>& block_rows = changes.rows[newest.block];
  if (block_rows.empty()) {
    if (Status status = append_rows(stored, stored_rows); !status) return status;
  }
  const RowPoint before = block_rows.empty() ? stored_rows[newest.at] : block_rows[newest.at];
  std::vector<RowPoint> sequence{before};
  sequence.insert(sequence.end(), frames.begin(), frames.end());
  MergeCounts counts;
  points.clear();
  merge_frames(sequence, rules_.merge, changes.made, points, counts);
  counts.add_to(fate);
  changes.added.insert(changes.added.end(), points.begin() + 1, points.end());
  if (points.front().pairs == before.pairs) return {};
  if (block_rows.empty()) block_rows = std::move(stored_rows);
  block_rows[newest.at] = points.front();
  if (stored.is_lone()) points.front().index = stored.header.first_ordinal;
  track_.note_merged(points.front(), stored.key.is_late(), before.pairs_bytes);
  return {};
}

// Under the same keys: what has merged stays where it was, so no index and no ordinal moves.
Status LateWriter::rewrite(Gap& gap, const Changes& changes) {
  for (std::size_t b = 0; b < gap.blocks.size(); ++b) {
    const std::vector<RowPoint>& rows = changes.rows[b];
    if (rows.empty()) continue;
    Stored& stored = gap.blocks[b];
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
Status LateWriter::add_points(Gap& gap, std::vector<RowPoint> added, Fate& fate) {
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

  Stored* const last = gap.is_tail ? nullptr : joinable(gap);
  if (last == nullptr) return put_points(added, gap.is_tail);
  const Result<bool> is_open = open(*last);
  if (!is_open) return tl::unexpected(is_open.error());
  if (!*is_open) return put_points(added, false);
  if (Status status = append_rows(*last, added); !status) return status;
  sort_late(added);
  if (Status status = txn_.erase(tables_.blocks, last->key.encode()); !status) return status;
  return put_points(added, false);
}

// The last late block, if more may be added to it. Half a block is left alone: what is added is
// written anew together with all that was there, and so costs twice its own bytes at most.
LateWriter::Stored* LateWriter::joinable(Gap& gap) const {
  const std::vector<Stored*> late = gap.late(track_);
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
