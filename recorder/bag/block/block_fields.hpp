// The values of chosen fields in one opened block, by point; of columns or rows alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/columns/column_set.hpp"

namespace zbag {

struct BlockField {
  // The values of one type, in order of the points that have it.
  struct Source {
    ColumnType type = ColumnType::kNil;
    ColumnValues values;
    std::vector<std::uint64_t> ends;  // of each point's values; of lists and bytes only
  };
  struct Place {
    std::uint32_t source = 0;  // 0: absent; else 1 + position in sources
    std::uint32_t number = 0;  // among the source's points
  };
  std::vector<Source> sources;
  std::vector<Place> places;  // one a point; empty when every point has sources[0], in order

  Place at(std::size_t point) const {
    return places.empty() ? Place{1, static_cast<std::uint32_t>(point)} : places[point];
  }
};

// The field `names` of every point of `block`. kDamaged when the block cannot be decoded or a map
// is malformed. REQUIRES: `block` was opened with Maps::kLater; names is not empty.
Result<BlockField> read_block_field(Block& block, const std::vector<std::string>& names);
// The same of points in maps. REQUIRES: they were validated.
BlockField read_map_field(std::span<const StoredPoint> points,
                          const std::vector<std::string>& names);

}  // namespace zbag
