#include "recorder/bag/upkeep/order_audit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zbag {

// The entries of one track as they go by. Those of a folded point carry its key, which no reader
// asks for: where it lies its ordinal says.
struct OrderAudit::Walk {
  // Points of the main run whose indices and ordinals both count on.
  struct Run {
    std::uint64_t ordinal;
    std::uint64_t length;
  };

  // A sentence that names the first entry that lies; empty: none so far.
  std::string take(const OrderEntry& entry, std::uint64_t total) {
    // One that closes a fold speaks of the point that comes next.
    if (entry.index > total || (!entry.is_folded() && entry.index == total))
      return fmt::format("order: index {} of {} points", entry.index, total);
    end_run(entry.index);
    if (!entry.is_folded() && entry.rank != late) {
      return fmt::format("order: index {} counts {} late points before it where {} are",
                         entry.index, entry.rank, late);
    }
    late += entry.is_folded() ? 0 : 1;
    next_index = entry.index + (entry.is_folded() ? 0 : 1);
    next_ordinal = entry.main_ordinal(next_index);
    return {};
  }

  void end_run(std::uint64_t index) {
    if (index > next_index) runs.push_back({next_ordinal, index - next_index});
  }

  // Whether the runs are the main run, cut in pieces.
  bool is_whole(std::uint64_t main_points) {
    std::ranges::sort(runs, {}, &Run::ordinal);
    std::uint64_t next = 0;
    for (const Run& run : runs) {
      if (run.ordinal != next) return false;
      next += run.length;
    }
    return next == main_points;
  }

  std::vector<Run> runs;
  std::uint64_t next_index = 0;
  std::uint64_t next_ordinal = 0;
  std::uint64_t late = 0;
};

std::optional<std::string> OrderAudit::look_up(std::uint32_t track, std::uint64_t index,
                                               std::int64_t key) const {
  const std::string at = OrderEntry{track, index}.encode_key();
  const auto stored = txn_.get(order_, at);
  if (!stored) return stored.error().message;
  if (!*stored) return fmt::format("order: a late point of index {} has no entry", index);
  const Result<OrderEntry> entry = OrderEntry::decode(at, **stored);
  if (!entry) return std::nullopt;  // named with the other records
  if (!entry->is_folded() && entry->key == key) return std::nullopt;
  return fmt::format("order: the entry of index {} does not speak of the late point that has it",
                     index);
}

Result<std::optional<std::string>> OrderAudit::walk(const TrackRecord& track) {
  Result<TableCursor> cursor = TableCursor::open(txn_, order_);
  if (!cursor) return tl::unexpected(cursor.error());
  Walk walk;
  Result<std::optional<TableCursor::Item>> item = cursor->seek(OrderEntry{track.id}.encode_key());
  for (; item && *item; item = cursor->next()) {
    if (OrderEntry::track_of((*item)->key) != track.id) break;
    ++walked_;
    const Result<OrderEntry> entry = OrderEntry::decode((*item)->key, (*item)->value);
    if (!entry) return std::optional<std::string>();  // named with the other records
    if (std::string lie = walk.take(*entry, track.total()); !lie.empty())
      return std::optional(std::move(lie));
  }
  if (!item) return tl::unexpected(item.error());
  walk.end_run(track.total());
  if (walk.late != track.late_points) {
    return std::optional(fmt::format("order: entries of {} late points where {} are counted",
                                     walk.late, track.late_points));
  }
  if (walk.is_whole(track.main_points)) return std::optional<std::string>();
  return std::optional<std::string>("order: its entries do not lead to every point once");
}

}  // namespace zbag
