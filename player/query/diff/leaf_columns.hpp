// One leaf of two runs of points, compared as the columns that two blocks hold of it.
//
// What is equal is so by whole runs of memory, where every point has the leaf in one type. Pure;
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "player/query/diff/likeness.hpp"
#include "recorder/bag/block/block_fields.hpp"

namespace zbag {

// Points one after another in two blocks, paired in their order.
struct PairedRun {
  std::size_t a = 0;  // the first point in its block
  std::size_t b = 0;
  std::size_t points = 0;
};

// A point of a run at which a leaf differs.
struct UnlikePoint {
  std::size_t point = 0;   // in the run
  bool is_certain = true;  // false: columns can not tell, maps can
  double distance = std::numeric_limits<double>::quiet_NaN();  // of numbers and lists of them
};

// Appends to `unlike` where the leaf differs, in order of the points. nullptr: no point of that
// block has it.
void compare_leaf(const BlockField* a, const BlockField* b, const PairedRun& run,
                  const Likeness& likeness, std::vector<UnlikePoint>& unlike);

}  // namespace zbag
