#include "player/columns/cells.hpp"

#include <algorithm>

#include "schemas/json_text.hpp"
#include "schemas/points/point.hpp"
#include "schemas/shortest_text.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// What is called other was not looked at when its block was decoded, which may be a stranger's: as
// the value of a map it is, by who knows all about maps.
void append_other(std::string_view value, std::string& out) {
  constexpr std::string_view kMapOfNoName = "\x81\xa0";
  const std::string map = std::string(kMapOfNoName).append(value);
  if (!check_map(bytes_of(map))) {
    out += "null";
    return;
  }
  write_json_item(bytes_of(value), out);
}

}  // namespace

std::string_view Cell::bytes() const { return text_of(part_->bytes).substr(begin(), list_size()); }

bool Cell::is_above_at(std::uint64_t position) const {
  const auto& above = part_->unsigned_at;
  return !above.empty() && std::binary_search(above.begin(), above.end(), position);
}

double Cell::number_at(std::uint64_t position) const {
  switch (part_->type) {
    case ColumnType::kFloat32:
    case ColumnType::kFloat32s:
      return part_->floats[position];
    case ColumnType::kFloat64:
    case ColumnType::kFloat64s:
      return part_->doubles[position];
    default: {
      const std::int64_t value = part_->ints[position];
      return is_above_at(position) ? static_cast<double>(static_cast<std::uint64_t>(value))
                                   : static_cast<double>(value);
    }
  }
}

void Cell::append_number(std::uint64_t position, std::string& out) const {
  const bool is_int = part_->type == ColumnType::kInt || part_->type == ColumnType::kInts;
  if (!is_int) return write_json_float(number_at(position), out);
  const std::int64_t value = part_->ints[position];
  if (is_above_at(position)) return append_shortest(static_cast<std::uint64_t>(value), out);
  append_shortest(value, out);
}

void Cell::append_json(std::string& out) const {
  if (is_absent()) {
    out += "null";
  } else if (is_list(type())) {
    out += '[';
    for (std::uint64_t i = begin(); i < end(); ++i) {
      if (i > begin()) out += ',';
      append_number(i, out);
    }
    out += ']';
  } else if (type() == ColumnType::kBool) {
    out += boolean() ? "true" : "false";
  } else if (type() == ColumnType::kText) {
    write_json(Value(std::string(bytes())), out);
  } else if (type() == ColumnType::kBinary) {
    write_json(Value(Binary{std::string(bytes())}), out);
  } else if (type() == ColumnType::kOther) {
    append_other(bytes(), out);
  } else {
    append_number(at_, out);
  }
}

}  // namespace zbag
