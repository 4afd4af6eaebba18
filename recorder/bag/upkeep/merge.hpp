// Joins bags into a new one by `_ts`; the bags stay as they are, also while they are recorded.
//
// Points of one track and stamp meet as stamp_merge.hpp says, the bag given first being the
// earlier; what stands beside the points is said in copied_records.hpp. Points of the new bag are
// numbered in order of time. Memory: see BagCopy and BagCursor.
#pragma once

#include <cstdint>
#include <string>

#include "recorder/bag/read/playlist.hpp"
#include "recorder/bag/upkeep/cut.hpp"

namespace zbag {

struct MergeOptions {
  MergeRules rules;
  PointChoice choice;  // of the points of all the bags, before they meet
};

struct MergeReport {
  std::uint64_t points = 0;
  std::uint64_t kept_apart = 0;   // of these, for a value that differs from the other bag's
  std::uint64_t merged = 0;       // into points that were there
  std::uint64_t duplicates = 0;   // frames that two bags have
  std::uint64_t overwritten = 0;  // values that a merge replaced by different ones
  std::uint64_t left_out = 0;     // blocks, points and records that are damaged
};

// Errors as BagCopy::create; kClosed when `progress` says stop: then nothing is left behind.
// REQUIRES: the playlist has a bag. Moves the playlist.
Result<MergeReport> merge_bags(Playlist& bags, const std::string& out, const MergeOptions& options,
                               const Progress& progress, const Warn& warn);

}  // namespace zbag
