#include "recorder/bag/upkeep/journal_salvage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "recorder/bag/journal/journal_layer.hpp"
#include "recorder/bag/journal/track_replay.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Section = JournalRecord::Section;

std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

// The newest record of that publisher and track: that of the last run.
LossRecord* newest_loss(BagSummary& records, std::uint64_t src, const std::string& track) {
  LossRecord* newest = nullptr;
  for (LossRecord& loss : records.losses) {
    const bool is_of_them = loss.src == src && loss.track == track;
    if (is_of_them && (newest == nullptr || loss.run_start_ns > newest->run_start_ns))
      newest = &loss;
  }
  return newest;
}

class JournalSalvage {
 public:
  JournalSalvage(const JournalValues& journal, BagSummary& records) : records_(records) {
    std::size_t bytes = 0;
    for (const auto& [number, value] : journal) {
      Result<JournalRecord> record = JournalRecord::decode(journal_key(number), value);
      if (!record) {
        found_.damage.push_back(std::move(record.error().message));
      } else if ((bytes += record->bytes()) <= kJournalBytesMax) {
        journal_.emplace_back(number, std::move(*record));
      }
    }
  }

  JournalFindings take_new() {
    for (TrackRecord& track : records_.tracks) {
      const char* const fault = bring_up(track, [&](const BlockKey& key, auto block) {
        found_.blocks.emplace_back(key, text_of(block));
      });
      if (fault != nullptr)
        found_.damage.push_back(fmt::format("track {}: {}", printable(track.name), fault));
    }
    return std::move(found_);
  }

  JournalFindings take_all() {
    for (TrackRecord& track : records_.tracks) bring_up(track, [](const auto&, auto) {});
    BlockEncoder rows;
    for (const auto& [number, record] : journal_) {
      for (const Section& section : record.sections()) {
        if (section.rows.empty() || !std::ranges::is_sorted(section.rows, {}, &RowPoint::key) ||
            section.rows.size() > kBlockPointsMax)
          continue;
        rows.clear();
        for (const RowPoint& row : section.rows) rows.add(row, false);
        const auto block = rows.finish(
            {.track = section.track, .first_ordinal = section.first_ordinal}, {Compression::kNone});
        found_.blocks.emplace_back(BlockKey{section.track, section.rows.front().key, 0},
                                   text_of(block));
      }
    }
    return std::move(found_);
  }

 private:
  const char* bring_up(TrackRecord& track, const TrackReplay::PutBlock& put_block) {
    const std::uint64_t counted = track.journal;
    bool is_named = false;
    TrackReplay replay(track);
    for (const auto& [number, record] : journal_) {
      for (const Section& section : record.sections()) {
        if (section.track != track.id) continue;
        is_named = true;
        replay.take(number, section);
        if (number > counted) take_counts(section.growth, track.name);
      }
    }
    if (!is_named) return nullptr;
    track = replay.finish(put_block);
    return replay.fault();
  }

  void take_counts(const TrackGrowth& growth, const std::string& track) {
    for (const PublisherCount& count : growth.publishers) {
      LossRecord* const loss = newest_loss(records_, count.src, track);
      if (loss == nullptr || loss->received >= count.received) continue;
      loss->lost = count.lost;
      loss->missed_before = count.missed_before;
      loss->received = count.received;
    }
  }

  BagSummary& records_;
  std::vector<std::pair<std::uint64_t, JournalRecord>> journal_;
  JournalFindings found_;
};

}  // namespace

JournalFindings salvage_journal(const JournalValues& journal, bool takes_all, BagSummary& records) {
  JournalSalvage salvage(journal, records);
  return takes_all ? salvage.take_all() : salvage.take_new();
}

}  // namespace zbag
