#include "recorder/bag/write/resumable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "recorder/bag/block/header.hpp"

namespace zbag {
namespace {

constexpr std::uint32_t kSerialsKept = 1u << 24;

// The key of the last point of the main run; nullopt: it has none. Borders have no points.
Result<std::optional<std::int64_t>> end_of_main(const Txn& txn, Table blocks, std::uint32_t track) {
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
    if (header->count > 0) return std::optional(header->last);
  }
  if (!item) return tl::unexpected(item.error());
  return std::optional<std::int64_t>();
}

}  // namespace

Status check_resumable(const Txn& txn, Table blocks, const TrackRecord& track) {
  const auto refuse = [&](const std::string& why) {
    return fail(
        ErrorCode::kDamaged,
        fmt::format("track {}: {}; zbag recover makes a bag that can be written", track.name, why));
  };
  if (std::max(track.next_serial, track.next_late_serial) >= kLateSerial - kSerialsKept)
    return refuse("the serials of its blocks are used up");
  const Result<std::optional<std::int64_t>> end = end_of_main(txn, blocks, track.id);
  if (!end) return refuse(end.error().message);
  if (*end != track.main_end) return refuse("its record does not say where its points end");
  return {};
}

}  // namespace zbag
