#include "recorder/bag/columns/map_splitter.hpp"

#include <algorithm>
#include <array>

namespace zbag {
namespace {

// Takes the elements of an array while they are of one type. False: one was not.
template <class Take>
bool take_elements(item::Cursor& in, std::uint32_t count, ColumnValues& values, Take take) {
  const std::size_t before = values.numbers.size();
  if (count > in.left()) return false;
  values.numbers.resize(before + count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!take(in, values.numbers[before + i], before + i)) {
      values.numbers.resize(before);
      while (!values.unsigned_at.empty() && values.unsigned_at.back() >= before)
        values.unsigned_at.pop_back();
      return false;
    }
  }
  values.lengths.push_back(count);
  return true;
}

bool take_ints(item::Cursor& in, std::uint32_t count, ColumnValues& values) {
  return take_elements(in, count, values,
                       [&](item::Cursor& rest, std::uint64_t& bits, std::size_t at) {
                         bool above_signed = false;
                         if (!item::take_int(rest, bits, above_signed)) return false;
                         if (above_signed)
                           values.unsigned_at.push_back(static_cast<std::uint32_t>(at));
                         return true;
                       });
}

bool take_list(item::Cursor& in, ColumnType type, ColumnValues& values) {
  std::uint32_t count = 0;
  if (!item::take_array(in, count)) return false;
  if (type == ColumnType::kInts) return take_ints(in, count, values);
  return take_elements(in, count, values,
                       [type](item::Cursor& rest, std::uint64_t& bits, std::size_t) {
                         return type == ColumnType::kFloat64s ? item::take_float64(rest, bits)
                                                              : item::take_float32(rest, bits);
                       });
}

// The list type that all elements of an array share; kOther when there is none.
ColumnType list_type(item::Cursor in) {
  std::uint32_t count = 0;
  if (!item::take_array(in, count) || count == 0 || in.left() == 0) return ColumnType::kOther;
  const ColumnType type = *in.at == 0xcb   ? ColumnType::kFloat64s
                          : *in.at == 0xca ? ColumnType::kFloat32s
                                           : ColumnType::kInts;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t bits = 0;
    bool above_signed = false;
    const bool fits = type == ColumnType::kFloat64s   ? item::take_float64(in, bits)
                      : type == ColumnType::kFloat32s ? item::take_float32(in, bits)
                                                      : item::take_int(in, bits, above_signed);
    if (!fits) return ColumnType::kOther;
  }
  return type;
}

bool is_array(std::uint8_t lead) { return lead >> 4 == 9 || lead == 0xdc || lead == 0xdd; }
bool is_extension(std::uint8_t lead) {
  return (lead >= 0xc7 && lead <= 0xc9) || (lead >= 0xd4 && lead <= 0xd8);
}

void push_bytes_value(ColumnValues& values, std::span<const std::uint8_t> bytes) {
  values.lengths.push_back(bytes.size());
  push_bytes(values.bytes, bytes);
}

bool take_other(item::Cursor& in, ColumnValues& values) {
  if (in.left() == 0) return false;
  const bool is_other =
      is_extension(*in.at) || (is_array(*in.at) && list_type(in) == ColumnType::kOther);
  if (!is_other) return false;
  const std::span<const std::uint8_t> rest(in.at, in.left());
  const std::optional<std::size_t> size = value_size(rest);
  if (!size) return false;
  push_bytes_value(values, rest.first(*size));
  in.at += *size;
  return true;
}

}  // namespace

void MapSplitter::clear() {
  for (std::size_t i = 0; i < columns_.size(); ++i) values_[i].clear();
  paths_.clear();
  columns_.clear();
  shapes_.clear();
  matchers_.clear();
  codes_.clear();
  keys_.clear();
}

bool MapSplitter::add(MapBytes map) {
  // Most points are like the one before.
  const std::size_t last = codes_.empty() ? 0 : codes_.back();
  for (std::size_t i = 0; i < shapes_.size(); ++i) {
    const std::size_t shape = i == 0 ? last : i <= last ? i - 1 : i;
    if (!take_map(shape, map)) continue;
    codes_.push_back(shape);
    return true;
  }
  if (shapes_.size() == kBlockShapesMax || !build_shape(map)) return false;
  if (!take_map(shapes_.size() - 1, map)) return false;
  codes_.push_back(shapes_.size() - 1);
  return true;
}

bool MapSplitter::take_map(std::size_t index, MapBytes map) {
  const Shape& shape = shapes_[index];
  const Matcher& matcher = matchers_[index];
  if (map.count != shape.pairs) return false;
  item::Cursor in{map.pairs.data(), map.pairs.data() + map.pairs.size()};
  for (std::size_t i = 0; i < shape.nodes.size(); ++i) {
    const ShapeNode& node = shape.nodes[i];
    const Key key = matcher.keys[i];
    bool fits = in.left() > key.size && std::memcmp(in.at, keys_.data() + key.begin, key.size) == 0;
    in.at += fits ? key.size : 0;
    if (fits && node.is_map()) {
      std::uint32_t pairs = 0;
      fits = item::take_map(in, pairs) && pairs == node.pairs;
    } else if (fits) {
      fits = take_value(matcher.types[i], values_[node.column], in);
    }
    if (!fits) {
      undo(shape, i);
      return false;
    }
  }
  if (in.left() == 0) return true;
  undo(shape, shape.nodes.size());
  return false;
}

bool MapSplitter::take_value(ColumnType type, ColumnValues& values, item::Cursor& in) const {
  std::uint64_t bits = 0;
  bool above_signed = false;
  std::span<const std::uint8_t> bytes;
  switch (type) {
    case ColumnType::kNil:
      if (in.left() == 0 || *in.at != 0xc0) return false;
      ++in.at;
      return true;
    case ColumnType::kBool:
      if (in.left() == 0 || (*in.at & 0xfe) != 0xc2) return false;
      values.numbers.push_back(*in.at++ & 1);
      return true;
    case ColumnType::kInt:
      if (!item::take_int(in, bits, above_signed)) return false;
      if (above_signed)
        values.unsigned_at.push_back(static_cast<std::uint32_t>(values.numbers.size()));
      break;
    case ColumnType::kFloat32:
      if (!item::take_float32(in, bits)) return false;
      break;
    case ColumnType::kFloat64:
      if (!item::take_float64(in, bits)) return false;
      break;
    case ColumnType::kText:
      if (!item::take_text(in, bytes)) return false;
      push_bytes_value(values, bytes);
      return true;
    case ColumnType::kBinary:
      if (!item::take_binary(in, bytes)) return false;
      push_bytes_value(values, bytes);
      return true;
    case ColumnType::kOther:
      return take_other(in, values);
    default:
      return take_list(in, type, values);
  }
  values.numbers.push_back(bits);
  return true;
}

// Takes back what the first `nodes` of a shape took of a map that turned out to be another.
void MapSplitter::undo(const Shape& shape, std::size_t nodes) {
  for (std::size_t i = 0; i < nodes; ++i) {
    if (shape.nodes[i].is_map()) continue;
    const ColumnType type = columns_[shape.nodes[i].column].type;
    ColumnValues& values = values_[shape.nodes[i].column];
    std::size_t count = type == ColumnType::kNil ? 0 : 1;
    if (is_bytes(type) || is_list(type)) {
      count = values.lengths.back();
      values.lengths.pop_back();
    }
    if (is_bytes(type)) {
      values.bytes.resize(values.bytes.size() - count);
      continue;
    }
    values.numbers.resize(values.numbers.size() - count);
    while (!values.unsigned_at.empty() && values.unsigned_at.back() >= values.numbers.size())
      values.unsigned_at.pop_back();
  }
}

// Notes the shape of `map`. A column that would be met twice has no order to be put together by.
bool MapSplitter::build_shape(MapBytes map) {
  struct Level {
    std::uint32_t path;
    std::uint32_t pairs_left;
  };
  std::array<Level, kColumnDepthMax> levels;
  std::size_t depth = 1;
  levels[0] = {0, map.count};
  shapes_.push_back({.pairs = map.count, .nodes = {}});
  matchers_.emplace_back();
  item::Cursor in{map.pairs.data(), map.pairs.data() + map.pairs.size()};
  while (depth > 0) {
    Level& level = levels[depth - 1];
    if (level.pairs_left == 0) {
      --depth;
      continue;
    }
    --level.pairs_left;
    std::uint32_t pairs = 0;
    if (!add_node(in, level.path, pairs)) return false;
    const ShapeNode& node = shapes_.back().nodes.back();
    if (!node.is_map()) continue;
    if (depth == levels.size()) return false;
    levels[depth++] = {node.path + 1, pairs};
  }
  std::vector<std::uint32_t> met;
  for (const ShapeNode& node : shapes_.back().nodes) {
    if (!node.is_map()) met.push_back(node.column);
  }
  std::sort(met.begin(), met.end());
  return std::adjacent_find(met.begin(), met.end()) == met.end();
}

// One key with its value, or with the header of the map it names.
bool MapSplitter::add_node(item::Cursor& in, std::uint32_t parent, std::uint32_t& pairs) {
  const std::uint8_t* const begin = in.at;
  std::span<const std::uint8_t> name;
  if (!item::take_text(in, name)) return false;
  matchers_.back().keys.push_back(
      {static_cast<std::uint32_t>(keys_.size()), static_cast<std::uint32_t>(in.at - begin)});
  push_bytes(keys_, {begin, in.at});
  ShapeNode node;
  node.path = path_of(parent, {reinterpret_cast<const char*>(name.data()), name.size()});
  const std::optional<std::size_t> size = value_size({in.at, in.left()});
  if (!size || paths_.size() > kBlockPathsMax) return false;
  ColumnType type = ColumnType::kNil;
  if (item::Cursor map = in; item::take_map(map, pairs)) {
    node.pairs = pairs;
    in = map;
  } else {
    type = type_of(in, node.path);
    node.column = column_of(node.path, type);
    in.at += *size;
  }
  matchers_.back().types.push_back(type);
  shapes_.back().nodes.push_back(node);
  return columns_.size() <= kBlockColumnsMax;
}

// REQUIRES: a whole value that is no map.
ColumnType MapSplitter::type_of(item::Cursor in, std::uint32_t path) const {
  const std::uint8_t lead = *in.at;
  if (lead < 0x80 || lead >= 0xe0 || (lead >= 0xcc && lead <= 0xd3)) return ColumnType::kInt;
  if (lead == 0xca) return ColumnType::kFloat32;
  if (lead == 0xcb) return ColumnType::kFloat64;
  if (lead == 0xc0) return ColumnType::kNil;
  if (lead == 0xc2 || lead == 0xc3) return ColumnType::kBool;
  if (lead >= 0xc4 && lead <= 0xc6) return ColumnType::kBinary;
  if (lead >> 5 == 5 || (lead >= 0xd9 && lead <= 0xdb)) return ColumnType::kText;
  std::uint32_t count = 0;
  item::Cursor array = in;
  if (item::take_array(array, count) && count == 0) {
    // Nothing says what would be in it: take it for what the others of that name are.
    for (const Column& column : columns_) {
      if (column.path == path && is_list(column.type)) return column.type;
    }
  }
  return list_type(in);
}

std::uint32_t MapSplitter::path_of(std::uint32_t parent, std::string_view name) {
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (paths_[i].parent == parent && paths_[i].name == name) return static_cast<std::uint32_t>(i);
  }
  paths_.push_back({parent, std::string(name)});
  return static_cast<std::uint32_t>(paths_.size() - 1);
}

std::uint32_t MapSplitter::column_of(std::uint32_t path, ColumnType type) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].path == path && columns_[i].type == type) return static_cast<std::uint32_t>(i);
  }
  columns_.push_back({type, path});
  if (values_.size() < columns_.size()) values_.emplace_back();
  return static_cast<std::uint32_t>(columns_.size() - 1);
}

}  // namespace zbag
