// What a bag says of itself as a whole: its tracks, runs and losses, without any point.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/points/fate.hpp"
#include "schemas/points/loss.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct BagSummary {
  std::string path;
  BagRecord bag;
  std::uint64_t size_bytes = 0;
  std::vector<TrackRecord> tracks;  // by name
  std::vector<RunRecord> runs;
  std::vector<LossRecord> losses;
  std::optional<WriterRecord> writer;  // while it is being written, or after a kill
  Fate unnamed;                        // of frames without a track's name
  // Damaged records, which are left out, by table and key. What is lost of the journal cursors tell
  // of, too.
  std::vector<std::string> damaged_tracks;
  std::vector<std::string> journal_damage;
  std::vector<std::string> other_damage;

  Fate fate() const;                          // of everything
  std::optional<std::uint64_t> lost() const;  // nullopt: unknown for every track
  std::uint64_t points() const;
  std::optional<Timestamp> start() const;
  std::optional<Timestamp> end() const;
  Status whole() const;  // kDamaged names the first damaged record
};

// First and last stamp over all of them; nullopt when they hold no point.
std::optional<TimeRange> extent_of(const std::vector<BagSummary>& bags);

// All of it in one transaction. A damaged record costs itself alone, and is named.
Result<BagSummary> read_summary(BagFile& file);

}  // namespace zbag
