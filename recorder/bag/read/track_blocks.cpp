#include "recorder/bag/read/track_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

using Item = std::optional<TableCursor::Item>;

Result<std::shared_ptr<Block>> open_block(std::string_view value, Block::Maps maps) {
  Result<Block> block = Block::open(value, maps);
  if (!block) return tl::unexpected(block.error());
  return std::make_shared<Block>(std::move(*block));
}

void order(BlockGroup& group) {
  bool needs_sort = false;
  std::size_t count = 0;
  for (const BlockGroup::Member& member : group.members) count += member.block->points().size();
  group.entries.reserve(count);
  for (const BlockGroup::Member& member : group.members) {
    const BlockHeader& header = member.block->header();
    std::uint64_t ordinal = header.first_ordinal;
    if (header.is_late()) {
      needs_sort = true;
      for (const StoredPoint& point : member.block->points())
        group.entries.push_back({&point, std::nullopt, false});
    } else {
      for (const StoredPoint& point : member.block->points())
        group.entries.push_back({&point, ordinal++, header.is_folded()});
    }
  }
  if (!needs_sort) return;
  std::stable_sort(group.entries.begin(), group.entries.end(),
                   [](const BlockGroup::Entry& a, const BlockGroup::Entry& b) {
                     if (a.point->key != b.point->key) return a.point->key < b.point->key;
                     if (a.main_ordinal.has_value() != b.main_ordinal.has_value())
                       return a.main_ordinal.has_value();
                     return !a.main_ordinal && a.point->index < b.point->index;
                   });
}

}  // namespace

Result<TrackBlocks> TrackBlocks::open(const Txn& txn, Table blocks, std::uint32_t track) {
  Result<TableCursor> cursor = TableCursor::open(txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  return TrackBlocks(std::move(*cursor), track);
}

Result<std::optional<BlockKey>> TrackBlocks::main_before(std::int64_t key, bool strictly) {
  const BlockKey bound{track_, key, strictly ? 0 : UINT32_MAX};
  Result<Item> item = cursor_.seek(bound.encode());
  if (!item) return tl::unexpected(item.error());
  item = *item ? cursor_.previous() : cursor_.last();
  std::optional<BlockKey> at = mine(item);
  while (at && (at->is_late() || *at == bound)) at = mine(item = cursor_.previous());
  if (!item) return tl::unexpected(item.error());
  return at;
}
Result<std::optional<BlockKey>> TrackBlocks::main_before(const BlockKey& block) {
  Result<Item> item = cursor_.seek(block.encode());
  std::optional<BlockKey> at = mine(item = item && *item ? cursor_.previous() : cursor_.last());
  while (at && at->is_late()) at = mine(item = cursor_.previous());
  if (!item) return tl::unexpected(item.error());
  return at;
}
Result<BlockHeader> TrackBlocks::header(const BlockKey& block) {
  Result<Item> item = cursor_.seek(block.encode());
  if (!item) return tl::unexpected(item.error());
  if (!*item) return fail(ErrorCode::kDamaged, "a block is gone");
  return read_block_header((*item)->value);
}

Result<BlockGroup> TrackBlocks::load(const std::optional<BlockKey>& start,
                                     const std::vector<BlockKey>& leave_out,
                                     std::optional<Damage>& damage, Block::Maps maps,
                                     BlockCache* cache) {
  BlockGroup group;
  const BlockKey from = start.value_or(BlockKey{track_, INT64_MIN, 0});
  Result<Item> item = cursor_.seek(from.encode());
  for (std::optional<BlockKey> at = mine(item); at; at = mine(item = cursor_.next())) {
    if (!at->is_late()) {
      const bool is_start = start ? *at == *start : group.members.empty() && !group.start;
      if (!is_start) {
        group.next_start = *at;
        break;
      }
      group.start = *at;
    }
    if (std::find(leave_out.begin(), leave_out.end(), *at) != leave_out.end()) continue;
    Result<std::shared_ptr<Block>> block =
        cache != nullptr ? cache->open((*item)->value) : open_block((*item)->value, maps);
    if (block && ((*block)->header().track != track_ || (*block)->header().first != at->first)) {
      block = fail(ErrorCode::kDamaged, "block: stored under another key");
    }
    if (!block) {
      damage = damage_of(*at, (*item)->value);
      return fail(block.error(), fmt::format("at {}", seconds_text(seconds_of_key(at->first))));
    }
    group.members.push_back({*at, std::move(*block)});
    if (!start && !at->is_late()) group.start = *at;
  }
  if (!item) return tl::unexpected(item.error());
  group.is_one_block = maps == Block::Maps::kLater && group.members.size() == 1 &&
                       !group.members.front().block->header().is_late();
  if (!group.is_one_block) order(group);
  return group;
}
// The header may be what is damaged: the next block of the main run bounds what it says.
// REQUIRES: the cursor is at `block`.
TrackBlocks::Damage TrackBlocks::damage_of(const BlockKey& block, std::string_view value) {
  const Result<BlockHeader> header = read_block_header(value);
  Damage damage{block, header ? std::max(header->last, block.first) : block.first,
                header ? header->count : 0};
  if (block.is_late()) return damage;  // others may lie within its extent
  Result<Item> item = cursor_.next();
  std::optional<BlockKey> next = mine(item);
  while (next && next->is_late()) next = mine(item = cursor_.next());
  if (!next) return damage;
  // With --merge append the next block may begin with the key this one ends with.
  const bool is_shared = header && header->last == next->first;
  damage.last = next->first - (is_shared ? 0 : 1);
  if (header && header->last >= block.first) damage.last = std::min(damage.last, header->last);
  damage.last = std::max(damage.last, block.first);
  const Result<BlockHeader> behind = read_block_header((*item)->value);
  const bool is_agreed =
      header && behind && header->first_ordinal + header->count == behind->first_ordinal;
  if (!is_agreed) damage.points = 0;
  return damage;
}

std::optional<BlockKey> TrackBlocks::mine(Result<Item>& item) const {
  if (!item || !*item) return std::nullopt;
  const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
  // Never the end of the track: what lies behind it would be missing, and nobody would say so.
  if (!key) item = fail(ErrorCode::kDamaged, "a key of the blocks is malformed");
  return key && key->track == track_ ? key : std::nullopt;
}

}  // namespace zbag
