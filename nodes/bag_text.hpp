// What a bag holds and what became of every frame, as people read it.
#pragma once

#include <optional>
#include <vector>

#include "nodes/fit_text.hpp"
#include "nodes/terminal_size.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/block_spread.hpp"

namespace zbag {

struct BagTextOptions {
  std::optional<TerminalSize> terminal;  // nullopt: nothing is cut, nothing left out
  bool all = false;                 // every track, run, file and loss, more than a screen of them
  bool losses = false;              // every loss
  std::size_t tracks_left_out = 0;  // of the bag, beside those that its summary has
};

// Totals first, then a line for each track, in all a screen at most. Names of tracks are cut to its
// width, where they stay different.
std::vector<Line> bag_text(const BagReader& reader, const BagSummary& bag,
                           const std::optional<BlockSpread>& spread, const BagTextOptions& options);

}  // namespace zbag
