#include "recorder/bag/late_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <string>

#include "schemas/check.hpp"
#include "schemas/frame_scan.hpp"

namespace zbag {
namespace {

// A stored point as something to encode again; nullopt: malformed.
std::optional<RowPoint> to_row(const StoredPoint& point) {
  const std::optional<CheckedMap> checked = check_map(point.map);
  if (!checked) return std::nullopt;
  const MapBytes& map = checked->map;
  return RowPoint{.key = point.key,
                  .seconds = point.seconds,
                  .wall_ns = point.wall_ns,
                  .mono_ns = point.mono_ns,
                  .src = point.src,
                  .seq = point.seq,
                  .index = point.index,
                  .shape = 0,
                  .pairs = map.pairs.data(),
                  .pairs_bytes = static_cast<std::uint32_t>(map.pairs.size()),
                  .fields = map.count,
                  .has_src = point.has_src,
                  .has_seq = point.has_seq};
}

}  // namespace

struct LateWriter::Gap {
  struct Stored {
    BlockKey key;
    std::string bytes;  // a copy: pages move while the transaction writes
    Block block;
    bool is_lone() const { return (block.header().flags & kBlockLone) != 0; }
  };
  std::vector<Stored> blocks;         // the main block first, when there is one, then the late ones
  std::optional<std::int64_t> limit;  // the first key of the next main block
  bool is_tail = false;               // what is written falls into the tail

  // The last late block that is not of the tail and that more may be added to.
  Stored* joinable(const TrackWriter& track) {
    for (auto last = blocks.rbegin(); last != blocks.rend() && last->key.is_late(); ++last) {
      if (track.tail_covers(last->key.first)) continue;
      const bool has_room =
          !last->is_lone() && last->block.header().raw_bytes < track.block_bytes() / 2;
      return has_room ? &*last : nullptr;
    }
    return nullptr;
  }
};

// Rows of the gap's blocks that were merged into: empty for those that were not.
struct LateWriter::Merged {
  std::vector<std::vector<RowPoint>> rows;
  std::deque<std::string> arenas;
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

Status LateWriter::write(std::span<const RowPoint> points, Fate& fate) {
  while (!points.empty()) {
    Result<Gap> gap = find_gap(points.front().key);
    if (!gap) return tl::unexpected(gap.error());
    gap->is_tail = track_.tail_covers(points.front().key);
    const auto end = std::ranges::find_if(points, [&](const RowPoint& point) {
      return (gap->limit && point.key >= *gap->limit) ||
             track_.tail_covers(point.key) != gap->is_tail;
    });
    const auto group = points.first(static_cast<std::size_t>(end - points.begin()));
    ZBAG_CHECK(!group.empty());
    if (Status status = fill_gap(*gap, group, fate); !status) return status;
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
  // Back from the first block behind `key` to the main block that covers it.
  auto item = cursor->seek(BlockKey{track, key, UINT32_MAX}.encode());
  item = item && !*item ? cursor->last() : cursor->previous();
  std::optional<BlockKey> at = mine(item);
  while (at && at->is_late()) at = mine(item = cursor->previous());
  if (!item) return tl::unexpected(item.error());

  Gap gap;
  const BlockKey start = at ? *at : BlockKey{track, INT64_MIN, 0};
  item = cursor->seek(start.encode());
  for (at = mine(item); at; at = mine(item = cursor->next())) {
    const bool is_cover = !at->is_late() && at->first <= key;
    if (!at->is_late() && !is_cover) {
      gap.limit = at->first;
      break;
    }
    Gap::Stored stored{*at, std::string((*item)->value), {}};
    // Several main blocks may begin at or before the key (equal keys): the last one covers it.
    if (is_cover) gap.blocks.clear();
    gap.blocks.push_back(std::move(stored));
  }
  if (!item) return tl::unexpected(item.error());
  for (Gap::Stored& stored : gap.blocks) {
    Result<Block> block = Block::open(stored.bytes);
    if (!block)
      return fail(block.error(), fmt::format("track {} block at {} ns", track, stored.key.first));
    stored.block = std::move(*block);
  }
  return gap;
}

Status LateWriter::fill_gap(Gap& gap, std::span<const RowPoint> points, Fate& fate) {
  Merged merged;
  merged.rows.resize(gap.blocks.size());
  std::vector<RowPoint> added;
  const bool looks_up =
      rules_.merge != MergeMode::kAppend && rules_.late_merge != LateMerge::kAppend;
  for (const RowPoint& point : points) {
    if (looks_up) {
      const Result<bool> is_stored = merge_into(gap, point, merged, fate);
      if (!is_stored) return tl::unexpected(is_stored.error());
      if (*is_stored) continue;
    }
    added.push_back(point);
  }
  if (Status status = rewrite(gap, merged); !status) return status;
  if (added.empty()) return {};
  return add_points(gap, std::move(added), fate);
}

// False when no block of the gap has the point's key.
Result<bool> LateWriter::merge_into(Gap& gap, const RowPoint& point, Merged& merged, Fate& fate) {
  for (std::size_t b = 0; b < gap.blocks.size(); ++b) {
    const std::vector<StoredPoint>& stored = gap.blocks[b].block.points();
    const auto it = std::ranges::lower_bound(stored, point.key, {}, &StoredPoint::key);
    if (it == stored.end() || it->key != point.key) continue;
    if (rules_.late_merge == LateMerge::kReject) {
      ++fate.refused[static_cast<std::size_t>(Refusal::kLate)];
      return true;
    }
    std::vector<RowPoint>& rows = merged.rows[b];
    for (std::size_t i = rows.size(); i < stored.size(); ++i) {
      const std::optional<RowPoint> row = to_row(stored[i]);
      if (!row) return tl::unexpected(malformed());
      rows.push_back(*row);
    }
    RowPoint& target = rows[static_cast<std::size_t>(it - stored.begin())];
    std::string& bytes = merged.arenas.emplace_back();
    target.fields = merge_pairs(target.map(), point.map(), rules_.merge == MergeMode::kDeep, bytes,
                                fate.overwritten);
    target.pairs = reinterpret_cast<const std::uint8_t*>(bytes.data());
    target.pairs_bytes = static_cast<std::uint32_t>(bytes.size());
    ++fate.merged;
    track_.note({&point, 1});
    track_.note_merged(target);
    return true;
  }
  return false;
}

Status LateWriter::rewrite(Gap& gap, const Merged& merged) {
  for (std::size_t b = 0; b < gap.blocks.size(); ++b) {
    const std::vector<RowPoint>& rows = merged.rows[b];
    if (rows.empty()) continue;
    Gap::Stored& stored = gap.blocks[b];
    const BlockHeader old = stored.block.header();
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
    const auto written = txn_.get(tables_.blocks, stored.key.encode());
    if (!written) return tl::unexpected(written.error());
    ZBAG_CHECK(written->has_value());
    stored.bytes.assign(**written);  // what add_points may add to
    Result<Block> reopened = Block::open(stored.bytes);
    if (!reopened) return tl::unexpected(reopened.error());
    stored.block = std::move(*reopened);
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

  Gap::Stored* const last = gap.is_tail ? nullptr : gap.joinable(track_);
  if (last == nullptr) return put_points(added, gap.is_tail);
  for (const StoredPoint& stored : last->block.points()) {
    const std::optional<RowPoint> row = to_row(stored);
    if (!row) return tl::unexpected(malformed());
    added.push_back(*row);
  }
  std::ranges::sort(added, [](const RowPoint& a, const RowPoint& b) {
    return a.key != b.key ? a.key < b.key : a.index < b.index;
  });
  if (Status status = txn_.erase(tables_.blocks, last->key.encode()); !status) return status;
  return put_points(added, false);
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
