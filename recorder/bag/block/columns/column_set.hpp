// The fields of a block's points as columns, and what it takes to put the maps together again.
//
// A *shape* is a map's keys and types in their order, nested maps included; a point's map is a
// shape and one value for each of the shape's leaves. Leaves of one path and one type are one
// column over all shapes: it holds only the points that have it, in their order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schemas/byte_io.hpp"

namespace zbag {

// On disk: append only.
enum class ColumnType : std::uint8_t {
  kNil = 0,
  kBool = 1,
  kInt = 2,  // any integer from -2^63 to 2^64 - 1
  kFloat32 = 3,
  kFloat64 = 4,
  kText = 5,
  kBinary = 6,
  kOther = 7,  // whole MessagePack values: ext, arrays that are empty, mixed or nested
  kInts = 8,   // arrays of one type, each point's of its own length
  kFloat32s = 9,
  kFloat64s = 10,
};
inline constexpr std::uint8_t kColumnTypeCount = 11;

inline bool is_list(ColumnType type) { return type >= ColumnType::kInts; }
inline bool is_bytes(ColumnType type) {
  return type >= ColumnType::kText && type <= ColumnType::kOther;
}
inline bool is_number(ColumnType type) {
  return is_list(type) || (type >= ColumnType::kInt && type <= ColumnType::kFloat64);
}

// A name below another path or below the map itself.
struct FieldPath {
  std::uint32_t parent = 0;  // 0: the map itself; else 1 + position of an earlier path
  std::string name;

  bool operator==(const FieldPath&) const = default;
};

struct Column {
  ColumnType type = ColumnType::kNil;
  std::uint32_t path = 0;

  bool operator==(const Column&) const = default;
};

// The values of a column. Which members are used depends on the type.
struct ColumnValues {
  std::vector<std::uint64_t> numbers;  // bool: 0 or 1; int: two's complement; floats: their bits
  std::vector<std::uint64_t> lengths;  // text, binary, other: bytes; lists: numbers; of each point
  Bytes bytes;                         // text, binary, other
  // Positions in `numbers` of integers above INT64_MAX, ascending.
  std::vector<std::uint32_t> unsigned_at;

  void clear() {
    numbers.clear();
    lengths.clear();
    bytes.clear();
    unsigned_at.clear();
  }
};

// A leaf's column, or a map with so many pairs, whose nodes follow.
struct ShapeNode {
  static constexpr std::uint32_t kMap = 0xffffffffu;
  std::uint32_t column = kMap;
  std::uint32_t path = 0;
  std::uint32_t pairs = 0;

  bool is_map() const { return column == kMap; }
  bool operator==(const ShapeNode&) const = default;
};

struct Shape {
  std::uint32_t pairs = 0;  // of the map itself
  std::vector<ShapeNode> nodes;

  bool operator==(const Shape&) const = default;
};

inline constexpr std::size_t kBlockShapesMax = 16;
inline constexpr std::size_t kBlockColumnsMax = 1024;
inline constexpr std::size_t kBlockPathsMax = 2048;
inline constexpr std::size_t kColumnDepthMax = 32;

}  // namespace zbag
