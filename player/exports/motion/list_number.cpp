#include "player/exports/motion/list_number.hpp"

#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {

std::size_t list_length(const Cell& cell) {
  if (cell.is_absent()) return 0;
  if (is_list(cell.type())) return cell.list_size();
  if (cell.type() != ColumnType::kOther) return 1;
  item::Cursor in(bytes_of(cell.bytes()));
  std::uint32_t count = 0;
  return item::take_array(in, count) ? count : 1;
}

std::optional<double> list_number(const Cell& cell, std::size_t place) {
  if (place >= list_length(cell)) return std::nullopt;
  if (is_list(cell.type())) return cell.list_number(place);
  if (is_number(cell.type())) return cell.number();
  if (cell.type() != ColumnType::kOther) return std::nullopt;
  item::Cursor in(bytes_of(cell.bytes()));
  std::uint32_t count = 0;
  double number = 0;
  if (!item::take_array(in, count)) return std::nullopt;
  for (std::size_t n = 0; n < place; ++n) item::skip(in);
  return item::take_number(in, number) ? std::optional(number) : std::nullopt;
}

}  // namespace zbag
