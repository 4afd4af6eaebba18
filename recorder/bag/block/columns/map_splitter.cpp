#include "recorder/bag/block/columns/map_splitter.hpp"

#include <algorithm>
#include <array>

#include "recorder/bag/block/columns/value_taker.hpp"

namespace zbag {

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
  item::Cursor in(map.pairs);
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

// Takes back what the first `nodes` of a shape took of a map that turned out to be another.
void MapSplitter::undo(const Shape& shape, std::size_t nodes) {
  for (std::size_t i = 0; i < nodes; ++i) {
    const ShapeNode& node = shape.nodes[i];
    if (!node.is_map()) drop_value(columns_[node.column].type, values_[node.column]);
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
  item::Cursor in(map.pairs);
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
  byte_io::push_bytes(keys_, {begin, in.at});
  ShapeNode node;
  node.path = path_of(parent, {reinterpret_cast<const char*>(name.data()), name.size()});
  item::Cursor behind = in;
  if (item::skip(behind) != item::Fault::kNone || paths_.size() > kBlockPathsMax) return false;
  ColumnType type = ColumnType::kNil;
  if (item::Cursor map = in; item::take_map(map, pairs)) {
    node.pairs = pairs;
    in = map;
  } else {
    type = type_of(in, node.path);
    node.column = column_of(node.path, type);
    in = behind;
  }
  matchers_.back().types.push_back(type);
  shapes_.back().nodes.push_back(node);
  return columns_.size() <= kBlockColumnsMax;
}

// Nothing says what would be in an empty list: it is taken for what others of its name are.
ColumnType MapSplitter::type_of(item::Cursor in, std::uint32_t path) const {
  std::uint32_t count = 0;
  item::Cursor array = in;
  if (item::take_array(array, count) && count == 0) {
    for (const Column& column : columns_) {
      if (column.path == path && is_list(column.type)) return column.type;
    }
  }
  return type_of_value(in);
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
