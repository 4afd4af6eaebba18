// Points that lie far from the rest of their track: what a clock did before it was set, or one
// frame with a stamp of its own. They make a bag look days long and its rates look like nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"

namespace zbag {

struct Outliers {
  std::string track;
  std::uint64_t points = 0;  // of how many there are
  std::uint64_t total = 0;
  bool is_before = false;  // the rest; else behind it
  double seconds = 0.0;    // between them and the rest
  double first_ts = 0.0;
  double last_ts = 0.0;

  // "track a: 3 of 14,608 points lie 18m00s before the rest: 2026-... to 2026-..."
  std::string text() const;
};

// At both ends of every track, where they do harm. Reads some hundred points of each, no more; what
// can not be read is passed over.
std::vector<Outliers> find_outliers(const BagReader& reader, const BagSummary& bag);

// How many of `keys`, the first ones of `total`, lie apart from those behind them: by more than a
// minute and a hundred usual steps, and not a tenth of all. 0: none.
std::size_t points_apart(const std::vector<std::int64_t>& keys, std::uint64_t total);

}  // namespace zbag
