#include "recorder/bag/upkeep/journal_salvage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <set>

#include "recorder/bag/journal/journal_layer.hpp"
#include "recorder/bag/journal/track_replay.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Section = JournalRecord::Section;

std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

class JournalSalvage {
 public:
  JournalSalvage(const JournalValues& journal, BagSummary& records)
      : records_(records),
        run_start_ns_(records.runs.empty() ? 0 : records.runs.back().start_ns()) {
    std::size_t bytes = 0;
    for (const auto& [number, value] : journal) {
      const std::string key = journal_key(number);
      Result<JournalRecord> record = JournalRecord::decode(key, value);
      if (record && (bytes += record->bytes()) > kJournalBytesMax)
        record = fail(ErrorCode::kDamaged,
                      fmt::format("{}: the journal is larger than any that is written",
                                  record_place(kJournalTable, key)));
      if (record) {
        journal_.emplace_back(number, std::move(*record));
      } else {
        found_.damage.push_back(std::move(record.error().message));
        found_.unread.insert(number);
      }
    }
  }

  JournalFindings take_new() {
    std::set<std::uint32_t> known;
    for (const TrackRecord& track : records_.tracks) known.insert(track.id);
    take_sections([&](std::uint32_t track) { return !known.contains(track); });
    if (!found_.blocks.empty())
      found_.damage.emplace_back("table journal: points of a track that is not known");
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
    take_sections([](std::uint32_t) { return true; });
    return std::move(found_);
  }

 private:
  // Makes a block of the points of each section.
  void take_sections(const std::function<bool(std::uint32_t track)>& is_wanted) {
    BlockEncoder rows;
    for (const auto& [number, record] : journal_) {
      for (const Section& section : record.sections()) {
        if (section.rows.empty() || !is_wanted(section.track) ||
            section.rows.size() > kBlockPointsMax ||
            !std::ranges::is_sorted(section.rows, {}, &RowPoint::key))
          continue;
        rows.clear();
        for (const RowPoint& row : section.rows) rows.add(row, false);
        const auto block = rows.finish(
            {.track = section.track, .first_ordinal = section.first_ordinal}, {Compression::kNone});
        found_.blocks.emplace_back(BlockKey{section.track, section.rows.front().key, 0},
                                   text_of(block));
      }
    }
  }

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
      for (LossRecord& loss : records_.losses) {
        if (loss.src == count.src && loss.track == track && loss.run_start_ns == run_start_ns_)
          count.takes_over(loss);
      }
    }
  }

  BagSummary& records_;
  std::int64_t run_start_ns_;  // the journal is that of the last run
  std::vector<std::pair<std::uint64_t, JournalRecord>> journal_;
  JournalFindings found_;
};

}  // namespace

JournalFindings salvage_journal(const JournalValues& journal, bool takes_all, BagSummary& records) {
  JournalSalvage salvage(journal, records);
  return takes_all ? salvage.take_all() : salvage.take_new();
}

}  // namespace zbag
