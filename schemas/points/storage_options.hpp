// What a recording asks of the storage it writes into, whatever that is.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/frame.hpp"
#include "schemas/points/loss.hpp"
#include "schemas/points/merge.hpp"

namespace zbag {

struct StorageOptions {
  MergeRules merge;
  LateMerge late_merge = LateMerge::kMerge;
  std::uint64_t min_free_bytes = 0;  // of the disk: below it, reports say disk_low
  // Disk set aside beyond what is written, so that what was accepted can still be written when
  // the disk fills up meanwhile.
  std::uint64_t reserve_bytes = 0;
  std::string node = "zbag";   // shown to a second writer
  Fields config;               // of the run: kept with it
  Fields metadata;             // likewise
  LossesBefore losses_before;  // taken off what batches say of the whole recording
};

}  // namespace zbag
