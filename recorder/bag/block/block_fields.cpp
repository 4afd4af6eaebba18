#include "recorder/bag/block/block_fields.hpp"

#include <algorithm>

#include "recorder/bag/block/columns/value_taker.hpp"
#include "schemas/map_member.hpp"

namespace zbag {
namespace {

using Names = std::vector<std::string>;

bool is_path(const ColumnsBody& body, std::uint32_t path, const Names& names) {
  for (std::size_t i = names.size(); i-- > 0;) {
    if (body.paths()[path].name != names[i]) return false;
    const std::uint32_t parent = body.paths()[path].parent;
    if (i == 0 || parent == 0) return i == 0 && parent == 0;
    path = parent - 1;
  }
  return false;
}

void note_ends(BlockField::Source& source) {
  std::uint64_t end = 0;
  for (const std::uint64_t length : source.values.lengths) source.ends.push_back(end += length);
}

// Fills places; a field that one column holds for every point needs none.
void place_points(const ColumnsBody& body, const std::vector<std::size_t>& columns,
                  BlockField& field) {
  std::vector<std::uint32_t> of_shape(body.shapes().size());  // the source; 0: absent
  for (std::size_t shape = 0; shape < of_shape.size(); ++shape) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (body.has_column(shape, columns[i])) of_shape[shape] = static_cast<std::uint32_t>(i + 1);
    }
  }
  const bool is_everywhere = columns.size() == 1 && std::all_of(of_shape.begin(), of_shape.end(),
                                                                [](auto s) { return s == 1; });
  if (is_everywhere) return;
  std::vector<std::uint32_t> numbers(columns.size() + 1);
  field.places.reserve(body.codes().size());
  for (const std::uint64_t code : body.codes()) {
    const std::uint32_t source = of_shape[code];
    field.places.push_back({source, numbers[source]++});
  }
}

Result<BlockField> read_from_columns(ColumnsBody& body, const Names& names) {
  BlockField field;
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < body.columns().size(); ++i) {
    if (!is_path(body, body.columns()[i].path, names)) continue;
    columns.push_back(i);
    BlockField::Source& source = field.sources.emplace_back();
    source.type = body.columns()[i].type;
    if (!body.read(i, source.values)) return fail(ErrorCode::kDamaged, "a column does not decode");
    note_ends(source);
  }
  place_points(body, columns, field);
  return field;
}

// The value of a field in a map that was validated; empty when absent or itself a map.
std::span<const std::uint8_t> find_value(std::span<const std::uint8_t> map, const Names& names) {
  for (const std::string& name : names) {
    map = member_of(map, name);
    if (map.empty()) return {};
  }
  return open_map(map) ? std::span<const std::uint8_t>() : map;
}

BlockField::Place add_value(BlockField& field, item::Cursor in) {
  const auto begin = in.at;
  for (std::size_t i = 0; i <= field.sources.size(); ++i) {
    if (i == field.sources.size()) field.sources.emplace_back().type = type_of_value(in);
    BlockField::Source& source = field.sources[i];
    in.at = begin;
    if (!take_value(source.type, source.values, in)) continue;
    return {static_cast<std::uint32_t>(i + 1), 0};
  }
  return {};
}

}  // namespace

Result<BlockField> read_block_field(Block& block, const std::vector<std::string>& names) {
  if (ColumnsBody* const body = block.columns()) return read_from_columns(*body, names);
  for (const StoredPoint& point : block.points()) {
    if (!check_map(point.map)) return fail(ErrorCode::kDamaged, "a map is malformed");
  }
  return read_map_field(block.points(), names);
}

BlockField read_map_field(std::span<const StoredPoint> points, const Names& names) {
  BlockField field;
  std::vector<std::uint32_t> numbers(kColumnTypeCount + 1);
  field.places.reserve(points.size());
  for (const StoredPoint& point : points) {
    const auto value = find_value(point.map, names);
    BlockField::Place place;
    if (!value.empty()) place = add_value(field, item::Cursor(value));
    if (place.source > 0) place.number = numbers[place.source]++;
    field.places.push_back(place);
  }
  for (BlockField::Source& source : field.sources) note_ends(source);
  return field;
}

}  // namespace zbag
