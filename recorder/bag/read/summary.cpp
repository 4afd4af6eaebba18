#include "recorder/bag/read/summary.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/records/track_numbers.hpp"

namespace zbag {

Fate BagSummary::fate() const {
  Fate fate = unnamed;
  for (const TrackRecord& track : tracks) fate += track.fate;
  return fate;
}

std::optional<std::uint64_t> BagSummary::lost() const {
  std::optional<std::uint64_t> sum;
  for (const TrackRecord& track : tracks) {
    if (track.lost) add_up(sum ? *sum : sum.emplace(0), *track.lost);
  }
  return sum;
}

std::uint64_t BagSummary::points() const {
  std::uint64_t sum = 0;
  for (const TrackRecord& track : tracks) add_up(sum, track.total());
  return sum;
}

std::optional<Timestamp> BagSummary::start() const {
  std::optional<std::int64_t> first;
  for (const TrackRecord& track : tracks) {
    if (track.first && (!first || *track.first < *first)) first = track.first;
  }
  if (!first) return std::nullopt;
  return Timestamp::from_stored(*first, seconds_of_key(*first));
}

std::optional<Timestamp> BagSummary::end() const {
  std::optional<std::int64_t> last;
  for (const TrackRecord& track : tracks) {
    if (track.last && (!last || *track.last > *last)) last = track.last;
  }
  if (!last) return std::nullopt;
  return Timestamp::from_stored(*last, seconds_of_key(*last));
}

Status BagSummary::whole() const {
  for (const std::vector<std::string>* damage : {&damaged_tracks, &other_damage, &journal_damage}) {
    if (!damage->empty()) return fail(ErrorCode::kDamaged, path + ": " + damage->front());
  }
  return {};
}

std::optional<TimeRange> extent_of(const std::vector<BagSummary>& bags) {
  std::optional<TimeRange> extent;
  for (const BagSummary& summary : bags) {
    const std::optional<Timestamp> start = summary.start();
    const std::optional<Timestamp> end = summary.end();
    if (!start || !end) continue;
    if (!extent) extent = TimeRange{start->ns(), end->ns()};
    extent->first = std::min(extent->first, start->ns());
    extent->last = std::max(extent->last, end->ns());
  }
  return extent;
}

Result<BagSummary> read_summary(BagFile& file) {
  Result<std::unique_ptr<ReadTxn>> txn = file.read();
  if (!txn) return tl::unexpected(txn.error());
  const BagTables& tables = file.tables();
  BagSummary summary{.path = file.path(), .size_bytes = file.size_bytes()};
  std::vector<std::string>* damage = &summary.other_damage;
  const auto take = [&damage](auto record, auto store) -> Status {
    if (record) {
      store(std::move(*record));
    } else {
      damage->push_back(std::move(record.error().message));
    }
    return {};
  };
  const auto take_meta = [&](const TableCursor::Item& item) -> Status {
    const auto& [key, value] = item;
    if (key == kBagKey)
      return take(BagRecord::decode(value), [&](BagRecord r) { summary.bag = std::move(r); });
    if (key == kWriterKey)
      return take(WriterRecord::decode(value),
                  [&](WriterRecord r) { summary.writer = std::move(r); });
    if (key == kUnnamedFateKey)
      return take(decode_unnamed_fate(value), [&](const Fate& fate) { summary.unnamed = fate; });
    if (key.starts_with(kRunPrefix))
      return take(RunRecord::decode(key, value),
                  [&](RunRecord r) { summary.runs.push_back(std::move(r)); });
    // What is not known may be a key that has changed.
    const Status sound = verify_record(kMetaTable, key, value);
    if (!sound) summary.other_damage.push_back(sound.error().message);
    return {};
  };
  Status status = each_entry(**txn, tables.meta, "", take_meta);
  if (status) {
    damage = &summary.damaged_tracks;
    TrackNumbers numbers;
    status = each_entry(**txn, tables.tracks, "", [&](const TableCursor::Item& item) {
      Result<TrackRecord> track = TrackRecord::decode(item.key, item.value);
      const Status alone = track ? numbers.take(track->id, track->name) : Status();
      if (!alone) track = tl::unexpected(alone.error());
      return take(std::move(track), [&](TrackRecord r) { summary.tracks.push_back(std::move(r)); });
    });
  }
  if (status) {
    damage = &summary.other_damage;
    status = each_entry(**txn, tables.losses, "", [&](const TableCursor::Item& item) {
      return take(decode_loss(item.key, item.value),
                  [&](LossRecord r) { summary.losses.push_back(std::move(r)); });
    });
  }
  if (const auto& overlay = (*txn)->overlay()) summary.journal_damage = overlay->damage();
  if (!status) return fail(status.error(), file.path());
  return summary;
}

}  // namespace zbag
