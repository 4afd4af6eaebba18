#include "recorder/bag/read/column_append.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "schemas/item.hpp"

namespace zbag {
namespace {

FieldPart& part_of(FieldColumn& column, ColumnType type, std::uint8_t& code) {
  for (std::size_t i = 0; i < column.parts.size(); ++i) {
    code = static_cast<std::uint8_t>(i + 1);
    if (column.parts[i].type == type) return column.parts[i];
  }
  column.parts.emplace_back().type = type;
  code = static_cast<std::uint8_t>(column.parts.size());
  return column.parts.back();
}

// Appends the numbers [begin, end) of `values`.
void append_numbers(const ColumnValues& values, ColumnType type, std::size_t begin, std::size_t end,
                    FieldPart& part) {
  const auto append = [&](auto& to, auto convert) {
    const std::size_t before = to.size();
    to.resize(before + end - begin);
    std::transform(values.numbers.data() + begin, values.numbers.data() + end, to.data() + before,
                   convert);
  };
  switch (type) {
    case ColumnType::kBool:
      append(part.bools, [](std::uint64_t bits) { return static_cast<std::uint8_t>(bits); });
      break;
    case ColumnType::kFloat32:
    case ColumnType::kFloat32s:
      append(part.floats, [](std::uint64_t bits) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
      });
      break;
    case ColumnType::kFloat64:
    case ColumnType::kFloat64s:
      append(part.doubles, [](std::uint64_t bits) { return std::bit_cast<double>(bits); });
      break;
    default: {
      const std::size_t before = part.ints.size();
      append(part.ints, [](std::uint64_t bits) { return static_cast<std::int64_t>(bits); });
      const auto& above = values.unsigned_at;
      for (auto it = std::lower_bound(above.begin(), above.end(), begin);
           it != above.end() && *it < end; ++it) {
        part.unsigned_at.push_back(before + *it - begin);
      }
    }
  }
}

// Appends the values of the source's points [begin, end).
void append_source(const BlockField::Source& source, std::size_t begin, std::size_t end,
                   FieldPart& part) {
  part.count += end - begin;
  if (source.type == ColumnType::kNil || begin == end) return;
  if (!is_list(source.type) && !is_bytes(source.type)) {
    append_numbers(source.values, source.type, begin, end, part);
    return;
  }
  const std::uint64_t from = begin == 0 ? 0 : source.ends[begin - 1];
  const std::uint64_t to = source.ends[end - 1];
  const std::uint64_t before = part.ends.empty() ? 0 : part.ends.back();
  for (std::size_t i = begin; i < end; ++i) part.ends.push_back(before + source.ends[i] - from);
  if (is_list(source.type)) {
    append_numbers(source.values, source.type, from, to, part);
  } else {
    byte_io::push_bytes(part.bytes, std::span(source.values.bytes).subspan(from, to - from));
  }
}

// A list of numbers of several types, as doubles; false: it is none, it is empty, or a double would
// round one of them.
bool take_mixed_list(std::span<const std::uint8_t> value, std::vector<double>& numbers) {
  constexpr double kExactMax = 9007199254740992.0;  // 2^53
  item::Cursor in(value);
  std::uint32_t count = 0;
  if (!item::take_array(in, count) || count == 0) return false;
  numbers.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool is_whole = in.left() > 0 && in.is_at(item::Type::kInt);
    double number = 0;
    if (!item::take_number(in, number)) return false;
    if (is_whole && std::abs(number) >= kExactMax) return false;
    numbers.push_back(number);
  }
  return true;
}

// Appends the value `at` of the source; the code of its part.
std::uint8_t append_value(const BlockField::Source& source, std::size_t at, FieldColumn& column,
                          std::vector<double>& numbers) {
  std::uint8_t code = 0;
  if (source.type == ColumnType::kOther) {
    const std::uint64_t from = at == 0 ? 0 : source.ends[at - 1];
    const std::span value = std::span(source.values.bytes).subspan(from, source.ends[at] - from);
    if (take_mixed_list(value, numbers)) {
      FieldPart& part = part_of(column, ColumnType::kFloat64s, code);
      ++part.count;
      part.doubles.insert(part.doubles.end(), numbers.begin(), numbers.end());
      part.ends.push_back(part.doubles.size());
      return code;
    }
  }
  append_source(source, at, at + 1, part_of(column, source.type, code));
  return code;
}

}  // namespace

void append_points(const BlockField& field, std::size_t begin, std::size_t end,
                   FieldColumn& column) {
  std::uint8_t code = 0;
  std::vector<double> numbers;
  if (field.places.empty() && field.sources[0].type != ColumnType::kOther) {
    const BlockField::Source& source = field.sources[0];
    append_source(source, begin, end, part_of(column, source.type, code));
    column.validity.insert(column.validity.end(), end - begin, code);
    return;
  }
  for (std::size_t i = begin; i < end; ++i) {
    if (field.places.empty()) {
      column.validity.push_back(append_value(field.sources[0], i, column, numbers));
      continue;
    }
    const BlockField::Place place = field.at(i);
    const bool is_there = place.source > 0;
    column.validity.push_back(
        is_there ? append_value(field.sources[place.source - 1], place.number, column, numbers)
                 : 0);
  }
}

void PointColumns::add(const PointView& point) {
  StoredPoint stored{point, 0, {}};
  maps_.emplace_back(point.map.begin(), point.map.end());
  stored.map = maps_.back();
  points_.push_back(stored);
  bytes_ += point.map.size();
}

ColumnChunk PointColumns::take() {
  ColumnChunk chunk;
  for (const StoredPoint& point : points_) {
    chunk.keys.push_back(point.key);
    chunk.seconds.push_back(point.seconds);
  }
  for (const FieldNames& names : fields_) {
    FieldColumn& column = chunk.fields.emplace_back();
    column.names = names;
    append_points(read_map_field(points_, names), 0, points_.size(), column);
  }
  points_.clear();
  maps_.clear();
  bytes_ = 0;
  return chunk;
}

}  // namespace zbag
