// Takes the maps of points apart into columns.
//
// A map like one before costs a comparison of each key and a copy of each value; only a map of a
// new shape is looked at twice. What cannot be held - more than kBlockShapesMax shapes, too many
// fields, a key twice in one map - makes add() decline, and the block is stored as rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "recorder/bag/block/columns/column_set.hpp"
#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"

namespace zbag {

// Not thread-safe; reused from block to block, with its memory.
class MapSplitter {
 public:
  void clear();
  // Adds the next point's map. False: it cannot be held, and the splitter is to be cleared.
  // REQUIRES: the bytes were validated (scan_frame).
  bool add(MapBytes map);

  const std::vector<FieldPath>& paths() const { return paths_; }
  const std::vector<Column>& columns() const { return columns_; }
  const ColumnValues& values(std::size_t column) const { return values_[column]; }
  const std::vector<Shape>& shapes() const { return shapes_; }
  // The shape of each point.
  const std::vector<std::uint64_t>& codes() const { return codes_; }

 private:
  // A node's key as it stands in the rows.
  struct Key {
    std::uint32_t begin;  // in keys_
    std::uint32_t size;
  };
  struct Matcher {
    std::vector<Key> keys;          // one a node
    std::vector<ColumnType> types;  // one a node, of leaves
  };

  bool take_map(std::size_t shape, MapBytes map);
  void undo(const Shape& shape, std::size_t nodes);
  bool build_shape(MapBytes map);
  bool add_node(item::Cursor& in, std::uint32_t parent, std::uint32_t& pairs);
  ColumnType type_of(item::Cursor in, std::uint32_t path) const;
  std::uint32_t path_of(std::uint32_t parent, std::string_view name);
  std::uint32_t column_of(std::uint32_t path, ColumnType type);

  std::vector<FieldPath> paths_;
  std::vector<Column> columns_;
  std::vector<ColumnValues> values_;  // at least as many as columns_
  std::vector<Shape> shapes_;
  std::vector<Matcher> matchers_;  // one a shape
  std::vector<std::uint64_t> codes_;
  Bytes keys_;
};

}  // namespace zbag
