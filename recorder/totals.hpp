// What became of a whole recording so far, as far as it is written: over all its bags.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/mutex.hpp"
#include "schemas/points/batch.hpp"

namespace zbag {

struct RecordingTotals {
  Fate fate;
  struct TrackTotals {
    Fate fate;
    std::uint64_t bytes = 0;            // of fields, as they arrived
    std::optional<std::uint64_t> lost;  // nullopt: unknown
    std::uint64_t missed_before = 0;
  };
  std::map<std::string, TrackTotals> tracks;
  std::vector<LossRecord> publishers;  // by publisher and track
  std::uint64_t block_bytes = 0;
  std::uint64_t commits = 0;
  std::uint64_t bags = 1;
  std::uint64_t rescued_bags = 0;    // that were removed or replaced while they were recorded
  std::uint64_t removed_bags = 0;    // by SplitRules::files_max
  std::uint64_t removed_points = 0;  // in those; they are in `fate`, too
  std::optional<std::uint64_t> lost() const;
};

// Frames lost since somebody was told last.
struct LossNews {
  std::string track;
  std::uint64_t src = 0;  // 0: nobody's in particular
  std::uint64_t count = 0;
  const char* reason = "";  // "gap": they never came; "overflow": they were dropped
};

// Adds up batches as they are stored. Thread-safe: the store thread adds, anybody asks.
class Totals {
 public:
  struct Added {
    FlushResult flush;                     // of this batch
    std::vector<std::string> overwritten;  // tracks where values were replaced for the first time
  };
  Added add(const Batch& batch, const WriteReport& report);
  // A batch that will never be stored.
  void add_dropped(const Batch& batch);

  // But for what concerns bags, which are the series' (storage_series.hpp).
  RecordingTotals get() const;
  // What was lost or dropped since the last call; nothing when nothing was. Costs no more than
  // that.
  std::vector<LossNews> take_news();
  // For the bag that goes on from the present one.
  LossesBefore losses() const;

 private:
  void note_dropped(const std::string& track, std::uint64_t count) ZBAG_REQUIRES(mutex_);
  void note_lost(const LossRecord& record) ZBAG_REQUIRES(mutex_);

  mutable Mutex mutex_;
  RecordingTotals totals_ ZBAG_GUARDED_BY(mutex_);
  std::map<std::pair<std::uint64_t, std::string>, LossRecord> publishers_ ZBAG_GUARDED_BY(mutex_);
  // Of what take_news() has not told, by publisher (0: dropped) and track; and the most that was
  // told of each, since a frame that comes late after all takes one away again.
  std::map<std::pair<std::uint64_t, std::string>, LossNews> news_ ZBAG_GUARDED_BY(mutex_);
  std::map<std::pair<std::uint64_t, std::string>, std::uint64_t> told_ ZBAG_GUARDED_BY(mutex_);
};

}  // namespace zbag
