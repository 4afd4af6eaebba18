// What becomes of a track's `order` entries when late points of its tail are put in their places
// (FORMAT.md, Folding).
//
// Points have indices in the order they arrived, ordinals in the order of the main run. Invariants,
// before and after:
//  - The entries before `first_index` lead to the right ordinal for every index below it, and to
//    ordinal = first_index - late_before for first_index itself, or an entry there does.
//  - A point whose ordinal may change again (*kept*, in the tail still) has an entry that speaks of
//    it alone: the next index has one, too. So a later fold changes it without looking further.
//  - For the index that is handed out next, the entries lead to ordinal = index - late points.
// A pure function; cost: the points given.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "recorder/bag/records/layout.hpp"

namespace zbag {

struct OrderChange {
  OrderEntry entry;
  bool is_erased = false;  // else put
};

struct FoldedPoint {
  std::uint64_t index = 0;
  std::int64_t key = 0;
  std::optional<std::uint64_t> ordinal;  // in the main run; nullopt: it stays late
  bool was_late = false;                 // it has an entry as a late point now
  bool is_kept = false;
};

// REQUIRES: `points` are all those of the track whose index is `first_index` or more, and those
// kept by earlier folds whose ordinal may have changed; `late_before` late points have lower
// indices.
std::vector<OrderChange> order_after_fold(std::uint32_t track, std::vector<FoldedPoint> points,
                                          std::uint64_t first_index, std::uint64_t late_before);

}  // namespace zbag
