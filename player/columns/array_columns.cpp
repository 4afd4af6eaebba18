#include "player/columns/array_columns.hpp"

#include <algorithm>
#include <string_view>

namespace zbag {
namespace {

ColumnType scalar_of(ColumnType list) {
  if (list == ColumnType::kInts) return ColumnType::kInt;
  return list == ColumnType::kFloat32s ? ColumnType::kFloat32 : ColumnType::kFloat64;
}

void append_value(const FieldPart& lists, std::size_t at, FieldPart& out) {
  ++out.count;
  if (lists.type == ColumnType::kFloat64s) return out.doubles.push_back(lists.doubles[at]);
  if (lists.type == ColumnType::kFloat32s) return out.floats.push_back(lists.floats[at]);
  const auto& above = lists.unsigned_at;
  if (std::binary_search(above.begin(), above.end(), at))
    out.unsigned_at.push_back(out.ints.size());
  out.ints.push_back(lists.ints[at]);
}

}  // namespace

std::size_t longest_list(const FieldColumn& column) {
  std::uint64_t longest = 0;
  for (const FieldPart& part : column.parts) {
    if (!is_list(part.type)) continue;
    std::uint64_t begin = 0;
    for (const std::uint64_t end : part.ends) {
      longest = std::max(longest, end - begin);
      begin = end;
    }
  }
  return longest;
}

FieldColumn element_of(const FieldColumn& column, std::size_t element) {
  FieldColumn values;
  values.names = column.names;
  values.validity.assign(column.validity.size(), 0);
  values.parts.resize(column.parts.size());
  for (std::size_t i = 0; i < column.parts.size(); ++i)
    values.parts[i].type = scalar_of(column.parts[i].type);
  std::vector<std::size_t> next_of_part(column.parts.size());
  for (std::size_t point = 0; point < column.validity.size(); ++point) {
    const std::uint8_t code = column.validity[point];
    if (code == 0) continue;
    const FieldPart& part = column.parts[code - 1u];
    const std::size_t number = next_of_part[code - 1u]++;
    if (!is_list(part.type)) continue;
    const std::size_t at = (number == 0 ? 0 : part.ends[number - 1]) + element;
    if (at >= part.ends[number]) continue;
    values.validity[point] = code;
    append_value(part, at, values.parts[code - 1u]);
  }
  return values;
}

std::string element_suffix(std::size_t element, std::size_t longest) {
  if (longest > 3) return "_" + std::to_string(element);
  return std::string("_") + std::string_view("xyz")[element];
}

}  // namespace zbag
