#include "recorder/bag/read/track_split.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "recorder/bag/read/track_blocks.hpp"

namespace zbag {
namespace {

Result<std::optional<std::uint32_t>> find_track(const Txn& txn, Table tracks,
                                                const std::string& track) {
  const auto stored = txn.get(tracks, track);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored) return std::nullopt;
  const Result<TrackExtent> extent = TrackExtent::decode(track, **stored);
  if (!extent) return tl::unexpected(extent.error());
  return extent->first ? std::optional(extent->id) : std::nullopt;
}

Result<std::vector<TimeRange>> split(const Txn& txn, Table blocks, std::uint32_t track,
                                     TimeRange range, std::size_t blocks_each) {
  Result<TableCursor> cursor = TableCursor::open(txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  std::vector<TimeRange> pieces{range};
  std::size_t count = 0;
  auto item = cursor->seek(BlockKey{track, range.first, 0}.encode());
  for (; item && *item; item = cursor->next()) {
    const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
    if (!key) return fail(ErrorCode::kDamaged, "a key of the blocks is malformed");
    if (key->track != track || key->first > range.last) break;
    if (key->is_late() || ++count % blocks_each != 0 || key->first <= pieces.back().first) continue;
    pieces.back().last = key->first - 1;
    pieces.push_back({key->first, range.last});
  }
  if (!item) return tl::unexpected(item.error());
  return pieces;
}

}  // namespace

Result<std::vector<TimeRange>> split_track(const BagReader& reader, const std::string& track,
                                           TimeRange range, std::size_t blocks_each) {
  BagFile& file = *reader.file();
  const auto with_track = [&](const Error& error) {
    return fail(error.code, fmt::format("{}: track {}: {}", file.path(), track, error.message));
  };
  const Result<std::unique_ptr<ReadTxn>> txn = file.read();
  if (!txn) return with_track(txn.error());
  const auto id = find_track(**txn, file.tables().tracks, track);
  if (!id) return with_track(id.error());
  if (!*id || range.empty()) return std::vector<TimeRange>();
  auto pieces = split(**txn, file.tables().blocks, **id, range, blocks_each);
  if (!pieces) return with_track(pieces.error());
  return pieces;
}

}  // namespace zbag
