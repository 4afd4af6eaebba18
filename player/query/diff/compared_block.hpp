// A block whose points are compared with those of another: leaf by leaf where it has columns, else
// map by map. What is decoded is kept as long as it lives.
//
// Lends what its transaction lends (track_blocks.hpp). Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "player/query/diff/map_leaves.hpp"
#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_fields.hpp"
#include "schemas/points/point.hpp"
#include "schemas/result.hpp"

namespace zbag {

class ComparedBlock {
 public:
  // REQUIRES: the block was opened with Maps::kLater.
  ComparedBlock(std::shared_ptr<Block> block, const LeafChoice& choice);

  const std::vector<StoredPoint>& points() const { return block_->points(); }

  // What the columns hold of a path, in whatever types; nullptr: maps are what there is, or an
  // empty map is among them, of which no column tells.
  ColumnsBody* columns() const { return has_columns_ ? block_->columns() : nullptr; }
  struct Leaf {
    std::string path;
    std::vector<std::string> names;
    std::vector<std::size_t> columns;
  };
  const std::vector<Leaf>& leaves() const { return leaves_; }  // those that are chosen
  // kDamaged: it does not decode.
  Result<const BlockField*> field(std::size_t leaf);

  // Not validated. kDamaged: the block does not decode.
  Result<std::span<const std::uint8_t>> map(std::size_t point);

 private:
  std::shared_ptr<Block> block_;
  bool has_columns_ = false;
  std::vector<Leaf> leaves_;
  std::vector<std::optional<BlockField>> fields_;  // one a leaf
};

}  // namespace zbag
