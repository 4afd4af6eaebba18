// Points on their way into storage, gathered by track, and what became of them.
//
// Plain values that every storage takes and gives (recorder/storage/storage.hpp). Rows are lent: a
// batch lives no longer than what its points lie in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schemas/points/fate.hpp"
#include "schemas/points/loss.hpp"
#include "schemas/points/merge.hpp"
#include "schemas/points/point.hpp"

namespace zbag {

// What arrived for one track since the last write.
struct TrackBatch {
  std::string name;
  // By key, those of one key in order of arrival.
  std::vector<RowPoint> points;
  // The frames that `points` were made of, likewise; empty: the points themselves. Those of a stamp
  // that is stored already meet its point one by one, as if each had come alone.
  std::vector<RowPoint> frames;
  // What became of the track's frames, the points above not yet counted as points: the writer finds
  // out whether they are new.
  Fate fate;
  std::optional<std::uint64_t> lost;  // the track's total in this run; nullopt: unknown
  std::uint64_t missed_before = 0;    // likewise
};

struct Batch {
  std::vector<TrackBatch> tracks;
  Fate unnamed;  // of frames that have no track's name
  std::vector<LossRecord> losses;
};

// What a write made of one track's points.
struct TrackReport {
  Fate fate;                      // with points and late merges counted
  std::uint64_t first_index = 0;  // of the new points, when there are any
  std::uint64_t new_points = 0;
};
struct WriteReport {
  std::vector<TrackReport> tracks;  // as in the batch
  std::uint64_t block_bytes = 0;    // given to the storage's file
  bool disk_low = false;            // less than min_free or the reserve is left: stop accepting
};

// How many points a flush moved on, and their indices in the track where they are known.
struct FlushResult {
  std::size_t count = 0;
  std::optional<std::uint64_t> first_index;
  std::optional<std::uint64_t> last_index;
};

}  // namespace zbag
