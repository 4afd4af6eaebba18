#include "recorder/bag/read/track_summaries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "recorder/bag/block/block_summary.hpp"
#include "recorder/bag/block/columns/value_taker.hpp"
#include "recorder/bag/read/track_blocks.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// Where the columns of a summary are in the selection; nullopt: not asked for.
using Places = std::vector<std::optional<std::size_t>>;

// The number that a map has there, as the summary of a column of it alone. REQUIRES: the map was
// scanned.
std::optional<ColumnSummary> lone_number(std::span<const std::uint8_t> map,
                                         std::span<const std::string> names) {
  const std::optional<MapBytes> fields = open_map(map);
  if (!fields || names.empty()) return std::nullopt;
  PairWalk walk(fields->pairs, fields->count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (pair->name != names.front()) continue;
    if (names.size() > 1) return lone_number(pair->value, names.subspan(1));
    item::Cursor in(pair->value);
    if (open_map(pair->value)) return std::nullopt;
    const ColumnType type = type_of_value(in);
    ColumnValues values;
    if (!has_summary(type) || !take_value(type, values, in)) return std::nullopt;
    return summarize(type, values);
  }
  return std::nullopt;
}

class SummaryWalk {
 public:
  SummaryWalk(const ColumnCursor::Selection& selection, LoneBlocks lone)
      : selection_(selection), lone_(lone) {}

  void take(const BlockKey& key, std::string_view value) {
    if (!key.is_late()) bound_damaged(key.first);
    if (!read_summary(value, summary_) || summary_.header.track != key.track ||
        summary_.header.first != key.first || summary_.header.is_late() != key.is_late()) {
      damaged_.push_back(found_.size());
      found_.push_back({.first = key.first,
                        .last = std::max(key.first, selection_.range.last),
                        .is_late = key.is_late()});
      return;
    }
    const BlockHeader& header = summary_.header;
    if (header.count == 0 || !selection_.range.overlaps(header.first, header.last)) return;
    found_.push_back({.first = header.first,
                      .last = header.last,
                      .points = header.count,
                      .is_late = header.is_late()});
    if (summary_.is_there()) return take_fields(value, found_.back());
    const bool is_lone = (header.flags & kBlockLone) != 0;
    if (is_lone && lone_ == LoneBlocks::kLookedInto) take_lone(value, found_.back());
  }

  std::size_t count() const { return found_.size(); }
  std::vector<SummarizedBlock> take_found() { return std::move(found_); }

 private:
  // The points of damaged blocks lie before the next main one, which begins at `first`.
  void bound_damaged(std::int64_t first) {
    for (const std::size_t i : damaged_)
      found_[i].last = std::max(found_[i].first, std::min(found_[i].last, first));
    damaged_.clear();
  }

  void take_fields(std::string_view value, SummarizedBlock& block) {
    const Places* const places = places_in(value);
    if (places == nullptr) return;
    block.is_known = true;
    for (std::size_t i = 0; i < places->size(); ++i) {
      if ((*places)[i]) block.fields.push_back({*(*places)[i], summary_.columns[i]});
    }
  }

  void take_lone(std::string_view value, SummarizedBlock& block) const {
    if (value.size() <= kLonePayloadOffset) return;
    const auto map = bytes_of(value).subspan(kLonePayloadOffset);
    if (const ScanOutcome scan = scan_frame(map);
        scan.refusal && *scan.refusal != Refusal::kBadTimestamp)
      return;
    block.is_known = true;
    for (std::size_t i = 0; i < selection_.fields.size(); ++i) {
      const auto numbers = lone_number(map, selection_.fields[i]);
      if (numbers) block.fields.push_back({i, *numbers});
    }
  }

  // Those of the block at hand; nullptr: it says other names than it has.
  const Places* places_in(std::string_view value) {
    const auto known = places_.find(summary_.names);
    if (known != places_.end())
      return known->second.size() == summary_.columns.size() ? &known->second : nullptr;
    const auto names = read_summary_names(value, summary_);
    if (!names) return nullptr;
    Places places;
    for (const FieldNames& field : *names) {
      const auto at = std::find(selection_.fields.begin(), selection_.fields.end(), field);
      places.push_back(at == selection_.fields.end()
                           ? std::nullopt
                           : std::optional<std::size_t>(at - selection_.fields.begin()));
    }
    return &places_.emplace(summary_.names, std::move(places)).first->second;
  }

  const ColumnCursor::Selection& selection_;
  const LoneBlocks lone_;
  BlockSummary summary_;
  std::unordered_map<std::uint64_t, Places> places_;  // by the summary's names
  std::vector<SummarizedBlock> found_;
  std::vector<std::size_t> damaged_;  // in found_, since the last main block
};

// The track's id; nullopt: it is unknown or has no points in the range.
Result<std::optional<std::uint32_t>> find_track(const Txn& txn, Table tracks,
                                                const ColumnCursor::Selection& selection) {
  const auto stored = txn.get(tracks, selection.track);
  if (!stored) return tl::unexpected(stored.error());
  if (!*stored || selection.range.empty()) return std::nullopt;
  const Result<TrackExtent> extent = TrackExtent::decode(selection.track, **stored);
  if (!extent) return tl::unexpected(extent.error());
  const bool is_there =
      extent->first && extent->last && selection.range.overlaps(*extent->first, *extent->last);
  return is_there ? std::optional(extent->id) : std::nullopt;
}

Status walk_blocks(const Txn& txn, Table blocks, std::uint32_t track,
                   const ColumnCursor::Selection& selection, std::size_t blocks_max,
                   SummaryWalk& walk) {
  Result<TrackBlocks> main = TrackBlocks::open(txn, blocks, track);
  if (!main) return tl::unexpected(main.error());
  const auto start = main->main_before(selection.range.first, true);
  if (!start) return tl::unexpected(start.error());
  Result<TableCursor> cursor = TableCursor::open(txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  auto item = cursor->seek(start->value_or(BlockKey{track, INT64_MIN, 0}).encode());
  for (; item && *item; item = cursor->next()) {
    const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
    if (!key) return fail(ErrorCode::kDamaged, "a key of the blocks is malformed");
    if (key->track != track || key->first > selection.range.last) return {};
    walk.take(*key, (*item)->value);
    if (walk.count() > blocks_max)
      return fail(ErrorCode::kUnsupported,
                  fmt::format("more than {} blocks; ask for less of the time", blocks_max));
  }
  if (!item) return tl::unexpected(item.error());
  return {};
}

}  // namespace

Result<std::vector<SummarizedBlock>> read_summaries(const BagReader& reader,
                                                    const ColumnCursor::Selection& selection,
                                                    std::size_t blocks_max, LoneBlocks lone) {
  BagFile& file = *reader.file();
  const auto with_track = [&](const Error& error) {
    return fail(error.code,
                fmt::format("{}: track {}: {}", file.path(), selection.track, error.message));
  };
  const Result<std::unique_ptr<ReadTxn>> txn = file.read();
  if (!txn) return with_track(txn.error());
  const auto track = find_track(**txn, file.tables().tracks, selection);
  if (!track) return with_track(track.error());
  SummaryWalk walk(selection, lone);
  if (!*track) return walk.take_found();
  const Status walked =
      walk_blocks(**txn, file.tables().blocks, **track, selection, blocks_max, walk);
  if (!walked) return with_track(walked.error());
  return walk.take_found();
}

}  // namespace zbag
