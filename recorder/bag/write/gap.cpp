#include "recorder/bag/write/gap.hpp"

#include <algorithm>
#include <iterator>

#include "schemas/check.hpp"

namespace zbag {

Status Gap::Stored::append_rows(std::vector<RowPoint>& rows) const {
  for (const StoredPoint& point : block->points()) {
    std::optional<RowPoint> row = row_of(point, point.map);
    if (!row) return fail(ErrorCode::kDamaged, "a stored row is malformed");
    row->index = is_lone() && key.is_late() ? header.first_ordinal : point.index;
    row->shape = 0;  // its fields are known to the track already
    rows.push_back(*row);
  }
  return {};
}

Result<Gap> Gap::find(const Txn& txn, Table blocks, std::uint32_t track, std::int64_t key) {
  Result<TableCursor> cursor = TableCursor::open(txn, blocks);
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
  Gap gap(txn, blocks);
  const BlockKey start = at ? *at : BlockKey{track, INT64_MIN, 0};
  item = cursor->seek(start.encode());
  for (at = mine(item); at; at = mine(item = cursor->next())) {
    const bool is_cover = !at->is_late() && at->first <= key;
    if (!at->is_late() && !is_cover) {
      gap.limit_ = at->first;
      break;
    }
    // Several main blocks may begin at or before the key (equal keys): the last one covers it.
    if (is_cover) gap.blocks_.clear();
    const Result<BlockHeader> header = read_block_header((*item)->value);
    gap.blocks_.push_back({.key = *at,
                           .header = header.value_or(BlockHeader{}),
                           .bytes = {},
                           .block = {},
                           .is_damaged = !header});
  }
  if (!item) return tl::unexpected(item.error());
  return gap;
}

Result<bool> Gap::open(Stored& stored) {
  if (stored.block || stored.is_damaged) return !stored.is_damaged;
  const auto value = txn_->get(table_, stored.key.encode());
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

// Late points are newer than those of the main run, and among them the index tells. Blocks of
// nothing but this key are never divided, so the one written last has the newest: a track whose
// clock stands still makes many of them.
Result<std::optional<Gap::Newest>> Gap::newest(std::int64_t key) {
  const auto is_of_key_alone = [&](const Stored& stored) {
    return stored.key.is_late() && stored.header.first == key && stored.header.last == key;
  };
  std::optional<std::size_t> last_alone;
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    if (is_of_key_alone(blocks_[b])) last_alone = b;  // late ones of one key come by serial
  }
  std::optional<Newest> newest;
  std::optional<std::uint64_t> index;  // of a late one
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    Stored& stored = blocks_[b];
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

}  // namespace zbag
