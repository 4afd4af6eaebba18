#include "player/query/value_rows.hpp"

#include <string>
#include <utility>

namespace zbag {

void ValueRows::begin(std::int64_t key, double seconds) {
  chunk_.keys.push_back(key);
  chunk_.seconds.push_back(seconds);
}

void ValueRows::put(std::size_t column, const Value& value) {
  if (value.is_nil()) {
    chunk_.fields[column].validity.push_back(0);
  } else if (const auto* const flag = value.get_if<bool>()) {
    part_of(column, ColumnType::kBool).bools.push_back(*flag ? 1 : 0);
  } else if (const auto* const number = value.get_if<std::int64_t>()) {
    part_of(column, ColumnType::kInt).ints.push_back(*number);
  } else if (const auto* const count = value.get_if<std::uint64_t>()) {
    FieldPart& part = part_of(column, ColumnType::kInt);
    if (*count > INT64_MAX) part.unsigned_at.push_back(part.ints.size());
    part.ints.push_back(static_cast<std::int64_t>(*count));
  } else if (const auto* const real = value.get_if<double>()) {
    part_of(column, ColumnType::kFloat64).doubles.push_back(*real);
  } else if (const auto* const text = value.get_if<std::string>()) {
    put_bytes(column, ColumnType::kText, *text);
  } else {
    std::string item;
    encode_value(value, item);
    put_item(column, item);
  }
}

void ValueRows::put_item(std::size_t column, std::string_view item) {
  put_bytes(column, ColumnType::kOther, item);
}

void ValueRows::put_bytes(std::size_t column, ColumnType type, std::string_view bytes) {
  FieldPart& part = part_of(column, type);
  part.bytes.insert(part.bytes.end(), bytes.begin(), bytes.end());
  part.ends.push_back(part.bytes.size());
  bytes_ += bytes.size();
}

// Says that the row has a value of that type there.
FieldPart& ValueRows::part_of(std::size_t column, ColumnType type) {
  FieldColumn& field = chunk_.fields[column];
  std::size_t at = 0;
  while (at < field.parts.size() && field.parts[at].type != type) ++at;
  if (at == field.parts.size()) field.parts.emplace_back().type = type;
  field.validity.push_back(static_cast<std::uint8_t>(at + 1));
  ++field.parts[at].count;
  return field.parts[at];
}

ColumnChunk ValueRows::take() {
  ColumnChunk empty;
  empty.fields.resize(chunk_.fields.size());
  bytes_ = 0;
  return std::exchange(chunk_, std::move(empty));
}

}  // namespace zbag
