#include "recorder/bag/write/resumable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "recorder/bag/block/header.hpp"

namespace zbag {
namespace {

constexpr std::uint32_t kSerialsKept = 1u << 24;

tl::unexpected<Error> refused(const TrackRecord& track, const std::string& why) {
  return fail(
      ErrorCode::kDamaged,
      fmt::format("track {}: {}; zbag recover makes a bag that can be written", track.name, why));
}

// The last block of the main run that has points; nullopt: none has. Borders have no points.
Result<std::optional<BlockHeader>> last_of_main(const Txn& txn, Table blocks, std::uint32_t track) {
  Result<TableCursor> cursor = TableCursor::open(txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  const BlockKey behind{track, INT64_MAX, UINT32_MAX};
  auto item = cursor->seek(behind.encode());
  for (item = item && *item ? cursor->previous() : cursor->last(); item && *item;
       item = cursor->previous()) {
    const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
    if (!key || key->track != track) break;
    if (key->is_late()) continue;
    const Result<BlockHeader> header = read_block_header((*item)->value);
    if (!header) return tl::unexpected(header.error());
    if (header->count > 0) return std::optional(*header);
  }
  if (!item) return tl::unexpected(item.error());
  return std::optional<BlockHeader>();
}

}  // namespace

Status check_resumable(const Txn& txn, Table blocks, const TrackRecord& track) {
  if (std::max(track.next_serial, track.next_late_serial) >= kLateSerial - kSerialsKept)
    return refused(track, "the serials of its blocks are used up");
  const Result<std::optional<BlockHeader>> last = last_of_main(txn, blocks, track.id);
  if (!last) return refused(track, last.error().message);
  const std::optional<std::int64_t> end = *last ? std::optional((*last)->last) : std::nullopt;
  if (end != track.main_end) return refused(track, "its record does not say where its points end");
  return {};
}

Status check_in_blocks(const Txn& txn, Table blocks, const TrackRecord& track) {
  const Result<std::optional<BlockHeader>> last = last_of_main(txn, blocks, track.id);
  if (!last) return refused(track, last.error().message);
  const std::uint64_t there = *last ? (*last)->first_ordinal + (*last)->count : 0;
  const std::uint64_t counted = track.in_blocks.value_or(track.main_points);
  if (counted > there)
    return refused(track, fmt::format("its record says that {} points are in blocks where {} are",
                                      counted, there));
  return {};
}

}  // namespace zbag
