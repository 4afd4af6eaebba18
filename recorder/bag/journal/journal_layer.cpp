#include "recorder/bag/journal/journal_layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "recorder/bag/journal/track_replay.hpp"
#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/records/record_checksum.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// A section and the number of the record it is in.
struct Placed {
  std::uint64_t number;
  const JournalRecord::Section* section;
};
using Sections = std::map<std::uint32_t, std::vector<Placed>>;  // by track, as they were written

// The journal is that of the last run; 0: there is none.
Result<std::int64_t> start_of_last_run(const Txn& txn, Table meta) {
  std::int64_t start = 0;
  Status status = each_entry(txn, meta, kRunPrefix, [&](const TableCursor::Item& item) -> Status {
    if (const Result<RunRecord> run = RunRecord::decode(item.key, item.value))
      start = run->start_ns();
    return {};
  });
  if (!status) return tl::unexpected(status.error());
  return start;
}

// Lays one track's sections over the tables.
class Replay {
 public:
  Replay(const Txn& txn, const BagTables& tables, std::int64_t run_start_ns, Overlay& overlay)
      : txn_(txn), tables_(tables), run_start_ns_(run_start_ns), overlay_(overlay) {}

  Status take(TrackRecord record, const std::vector<Placed>& sections) {
    const std::string name = record.name;
    const std::uint64_t counted = record.journal;
    TrackReplay replay(std::move(record));
    for (const auto& [number, section] : sections) {
      replay.take(number, *section);
      if (number <= counted) continue;
      for (const PublisherCount& count : section->growth.publishers) counts_[count.src] = count;
    }
    const TrackRecord grown =
        replay.finish([&](const BlockKey& key, std::span<const std::uint8_t> block) {
          overlay_.put(tables_.blocks, key.encode(), {block.begin(), block.end()});
        });
    if (replay.fault() != nullptr)
      overlay_.note_damage(fmt::format("track {}: {}", printable(name), replay.fault()));
    overlay_.put(tables_.tracks, name, grown.encode());
    return put_losses(name);
  }

 private:
  // Counts only grow: where the table has a later one, that was written without the journal.
  Status put_losses(const std::string& track) {
    for (const auto& [src, count] : std::exchange(counts_, {})) {
      const std::string key =
          encode_loss_key({.src = src, .track = track, .run_start_ns = run_start_ns_});
      const auto stored = txn_.get(tables_.losses, key);
      if (!stored) return tl::unexpected(stored.error());
      Result<LossRecord> loss = decode_loss(key, stored->value_or(std::string_view()));
      if (loss && count.takes_over(*loss)) overlay_.put(tables_.losses, key, encode_loss(*loss));
    }
    return {};
  }

  const Txn& txn_;
  const BagTables& tables_;
  std::int64_t run_start_ns_;
  Overlay& overlay_;
  std::map<std::uint64_t, PublisherCount> counts_;
};

}  // namespace

// Decodes what is new, and forgets what is gone.
Status JournalLayer::take_records(const Txn& txn, Table journal, Overlay& overlay) {
  std::map<std::uint64_t, Known> before = std::exchange(records_, {});
  std::map<std::uint64_t, Known> kept;
  std::size_t bytes = 0;
  Status status = each_entry(txn, journal, {}, [&](const TableCursor::Item& item) -> Status {
    const std::uint64_t number = journal_number(item.key).value_or(0);
    const std::string_view sum =
        item.value.substr(item.value.size() - std::min(item.value.size(), kRecordSumBytes));
    auto known = before.extract(number);
    if (known && known.mapped().sum == sum) {
      bytes += known.mapped().record.bytes();
      kept.insert(std::move(known));
      return {};
    }
    Result<JournalRecord> record = JournalRecord::decode(item.key, item.value);
    if (record && (bytes += record->bytes()) > kJournalBytesMax)
      record = fail(ErrorCode::kDamaged, "the journal is larger than any that is written");
    if (!record) {
      overlay.note_damage(std::move(record.error().message));
      return {};
    }
    kept.emplace(number, Known{std::string(sum), std::move(*record)});
    return {};
  });
  records_ = std::move(kept);
  return status;
}

Result<std::shared_ptr<const Overlay>> JournalLayer::over(const Txn& txn, const BagTables& tables) {
  const MutexLock lock(mutex_);
  if (txn.entries(tables.journal) == 0) {
    records_.clear();
    overlay_.reset();
    return overlay_;
  }
  if (overlay_ && txn_id_ == txn.id()) return overlay_;
  auto overlay = std::make_shared<Overlay>();
  if (Status status = take_records(txn, tables.journal, *overlay); !status)
    return tl::unexpected(status.error());
  Sections sections;
  for (const auto& [number, known] : records_) {
    for (const JournalRecord::Section& section : known.record.sections())
      sections[section.track].push_back({number, &section});
  }
  const Result<std::int64_t> run_start_ns = start_of_last_run(txn, tables.meta);
  if (!run_start_ns) return tl::unexpected(run_start_ns.error());
  Replay replay(txn, tables, *run_start_ns, *overlay);
  Status status = each_entry(txn, tables.tracks, {}, [&](const TableCursor::Item& item) -> Status {
    const Result<TrackExtent> extent = TrackExtent::decode(item.key, item.value);
    const auto of_track = extent ? sections.find(extent->id) : sections.end();
    if (of_track == sections.end()) return {};
    Result<TrackRecord> record = TrackRecord::decode(item.key, item.value);
    if (!record) return {};  // told by whoever reads the record itself
    const std::vector<Placed> taken = std::move(of_track->second);
    sections.erase(of_track);
    return replay.take(std::move(*record), taken);
  });
  if (!status) return tl::unexpected(status.error());
  if (!sections.empty()) overlay->note_damage("table journal: points of a track that is not known");
  overlay_ = std::move(overlay);
  txn_id_ = txn.id();
  return overlay_;
}

}  // namespace zbag
