// How the blocks of a bag lie in time and on its pages, from their headers alone: of each block its
// first page is read, no point.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "recorder/bag/bag_file.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Points a second from the first point of a main block to that of the next, the lowest and the
// highest: a sensor that stood still shows in the one, a burst in the other.
struct RateSpread {
  double min_hz = 0.0;
  double max_hz = 0.0;
};

struct BlockSpread {
  std::map<std::uint32_t, RateSpread> rates;  // by track id; of one block there is none
  std::uint64_t page_bytes = 0;               // that all blocks take
};

// What is no block is passed over: check() names it.
Result<BlockSpread> read_block_spread(BagFile& file);

}  // namespace zbag
