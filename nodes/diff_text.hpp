// What differs between two bags, as people read it and as JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "nodes/fit_text.hpp"
#include "nodes/terminal_size.hpp"
#include "player/query/diff/bag_diff.hpp"
#include "schemas/frame.hpp"

namespace zbag {

struct DiffedBags {
  std::string a;  // as they were named
  std::string b;
};

// "a.zbag and b.zbag are equal: 2,022 points in 5 tracks", or how far they differ.
Line diff_head(const DiffedBags& bags, const BagDiff& diff);
// The tracks that differ, the worst first, with the fields that do; cut to the terminal and to
// `tracks_max` of them, which is told of in a last line.
std::vector<Line> diff_table(const BagDiff& diff, const std::optional<TerminalSize>& terminal,
                             std::size_t tracks_max);
// "robot/imu 12.5 ax: 1.0 -> 1.5": long values are brief.
Line difference_line(const Difference& difference);

// A line of JSON each.
std::string difference_json(const Difference& difference);
Fields diff_fields(const DiffedBags& bags, const BagDiff& diff);

}  // namespace zbag
