// A track's points as ranges of time that are about as large, for threads to share.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// `range` cut where every `blocks_each`-th main block of the track begins: in order, disjoint, and
// together all of it. Looks at keys, at no block. An unknown track, and an empty range, have no
// pieces. Errors as BagReader::cursor(). REQUIRES: blocks_each > 0.
Result<std::vector<TimeRange>> split_track(const BagReader& reader, const std::string& track,
                                           TimeRange range, std::size_t blocks_each);

}  // namespace zbag
