#include "player/exports/hdf5/column_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <type_traits>

#include "schemas/track_name.hpp"

namespace zbag::hdf5 {
namespace {

// Where each value or list begins in its part, as far as it is there as the dataset has it.
const void* begin_of(const FieldPart& part, Element element) {
  const bool is_of_ints = part.type == ColumnType::kInt || part.type == ColumnType::kInts;
  switch (element) {
    case Element::kBool:
      return part.type == ColumnType::kBool ? part.bools.data() : nullptr;
    case Element::kInt64:
      return is_of_ints && part.unsigned_at.empty() ? part.ints.data() : nullptr;
    case Element::kFloat32:
      return part.floats.empty() ? nullptr : part.floats.data();
    case Element::kFloat64:
      return part.doubles.empty() ? nullptr : part.doubles.data();
    default:
      return nullptr;
  }
}

bool is_of_width(const FieldPart& part, std::size_t first, std::size_t count, std::uint64_t width) {
  if (part.ends.size() < first + count) return false;
  for (std::size_t row = 0; row < first + count; ++row) {
    if (part.ends[row] != (row + 1) * width) return false;
  }
  return true;
}

// The value of a cell, and one of its list; false: it is of another type.
bool take(const Cell& cell, std::uint8_t& value) {
  if (cell.type() != ColumnType::kBool) return false;
  value = cell.boolean() ? 1 : 0;
  return true;
}
bool take(const Cell& cell, std::int64_t& value) {
  if (cell.type() != ColumnType::kInt || cell.is_above_int64()) return false;
  value = cell.integer();
  return true;
}
bool take(const Cell& cell, std::uint64_t& value) {
  if (cell.type() != ColumnType::kInt || (cell.integer() < 0 && !cell.is_above_int64()))
    return false;
  value = static_cast<std::uint64_t>(cell.integer());
  return true;
}
bool take(const Cell& cell, float& value) {
  if (cell.type() != ColumnType::kFloat32) return false;
  value = static_cast<float>(cell.number());
  return true;
}
bool take(const Cell& cell, double& value) {
  if (!takes(ColumnKind::kDouble, cell.type())) return false;
  value = cell.number();
  return true;
}

bool take(const Cell& cell, std::size_t i, std::int64_t& value) {
  if (cell.type() != ColumnType::kInts || cell.is_list_above_int64(i)) return false;
  value = cell.list_integer(i);
  return true;
}
bool take(const Cell& cell, std::size_t i, std::uint64_t& value) {
  if (cell.type() != ColumnType::kInts) return false;
  if (cell.list_integer(i) < 0 && !cell.is_list_above_int64(i)) return false;
  value = static_cast<std::uint64_t>(cell.list_integer(i));
  return true;
}
bool take(const Cell& cell, std::size_t i, float& value) {
  if (cell.type() != ColumnType::kFloat32s) return false;
  value = static_cast<float>(cell.list_number(i));
  return true;
}
bool take(const Cell& cell, std::size_t i, double& value) {
  if (!is_list(cell.type())) return false;
  value = cell.list_number(i);
  return true;
}

}  // namespace

Result<ColumnDataset> ColumnDataset::create(Group& group, ColumnName name, const ColumnForm& form,
                                            std::uint64_t chunk_rows) {
  Result<Dataset> data = group.dataset(name.name, form.row, {.chunk_rows = chunk_rows});
  if (!data) return tl::unexpected(data.error());
  return ColumnDataset(group, std::move(name), form, chunk_rows, std::move(*data));
}

Status ColumnDataset::append(const FieldColumn& column, Cells& cells, std::size_t first,
                             std::size_t count) {
  std::vector<Cell> rows(count);
  for (Cell& row : rows) row = cells.next();
  const void* const whole = whole_rows(column, first, count);
  Status written = whole != nullptr ? data_.append(whole, count) : append_cells(rows);
  return written ? note_missing(rows) : written;
}

// Where those rows lie as the dataset has them; null: they do not.
const void* ColumnDataset::whole_rows(const FieldColumn& column, std::size_t first,
                                      std::size_t count) const {
  const RowType& row = form_.row;
  if (row.shape == RowShape::kAnyList || form_.text != ColumnForm::Text::kNone) return nullptr;
  if (!column.is_everywhere()) return nullptr;
  const FieldPart& part = column.parts.front();
  const bool is_of_lists = row.shape == RowShape::kList;
  if (is_of_lists != is_list(part.type)) return nullptr;
  if (is_of_lists && !is_of_width(part, first, count, row.width)) return nullptr;
  const void* const begin = begin_of(part, row.element);
  if (begin == nullptr) return nullptr;
  return static_cast<const std::uint8_t*>(begin) + first * row.bytes();
}

Status ColumnDataset::append_cells(const std::vector<Cell>& cells) {
  if (form_.text == ColumnForm::Text::kPlain || form_.text == ColumnForm::Text::kJson)
    return append_texts(cells);
  const bool is_of_lists = form_.row.shape != RowShape::kOne;
  switch (form_.row.element) {
    case Element::kBool:
      return append_values<std::uint8_t>(cells, 0);
    case Element::kInt64:
      return is_of_lists ? append_lists<std::int64_t>(cells, 0)
                         : append_values<std::int64_t>(cells, 0);
    case Element::kUint64:
      return is_of_lists ? append_lists<std::uint64_t>(cells, 0)
                         : append_values<std::uint64_t>(cells, 0);
    case Element::kFloat32: {
      constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
      return is_of_lists ? append_lists(cells, kNone) : append_values(cells, kNone);
    }
    case Element::kFloat64: {
      constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
      return is_of_lists ? append_lists(cells, kNone) : append_values(cells, kNone);
    }
    case Element::kUint8:
    case Element::kText:
      break;
  }
  return append_bytes(cells);
}

template <class T>
Status ColumnDataset::append_values(const std::vector<Cell>& cells, T missing) {
  std::vector<T> values(cells.size(), missing);
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (!cells[row].is_absent() && !take(cells[row], values[row])) return tl::unexpected(changed());
  }
  return data_.append(values.data(), cells.size());
}

template <class T>
Status ColumnDataset::append_lists(const std::vector<Cell>& cells, T missing) {
  const bool is_any = form_.row.shape == RowShape::kAnyList;
  std::vector<T> values;
  std::vector<std::uint64_t> sizes;
  for (const Cell& cell : cells) {
    // What is called other there is an empty list (kind_of()).
    const bool is_empty = cell.type() == ColumnType::kOther;
    const bool is_list = !cell.is_absent() && (is_empty || zbag::is_list(cell.type()));
    if (!cell.is_absent() && !is_list) return tl::unexpected(changed());
    const std::uint64_t size = is_list && !is_empty ? cell.list_size() : 0;
    if (is_list && !is_any && size != form_.row.width) return tl::unexpected(changed());
    for (std::uint64_t i = 0; i < size; ++i) {
      T value{};
      if (!take(cell, i, value)) return tl::unexpected(changed());
      values.push_back(value);
    }
    sizes.push_back(size);
    if (!is_any && !is_list) values.insert(values.end(), form_.row.width, missing);
  }
  if (!is_any) return data_.append(values.data(), cells.size());
  std::vector<hvl_t> rows;
  T* begin = values.data();
  for (const std::uint64_t size : sizes) {
    rows.push_back({size, size == 0 ? nullptr : begin});
    begin += size;
  }
  return data_.append(rows.data(), rows.size());
}

Status ColumnDataset::append_texts(const std::vector<Cell>& cells) {
  const bool is_json = form_.text == ColumnForm::Text::kJson;
  std::string texts;
  std::vector<std::size_t> begins;
  for (const Cell& cell : cells) {
    begins.push_back(texts.size());
    if (!cell.is_absent() && is_json) {
      cell.append_json(texts);
    } else if (!cell.is_absent()) {
      if (cell.type() != ColumnType::kText || !is_plain_text(cell.bytes()))
        return tl::unexpected(changed());
      texts += cell.bytes();
    }
    texts += '\0';
  }
  std::vector<const char*> rows;
  rows.reserve(begins.size());
  for (const std::size_t begin : begins) rows.push_back(texts.data() + begin);
  return data_.append(rows.data(), rows.size());
}

Status ColumnDataset::append_bytes(const std::vector<Cell>& cells) {
  const ColumnType wanted =
      form_.text == ColumnForm::Text::kAsBytes ? ColumnType::kText : ColumnType::kBinary;
  std::vector<hvl_t> rows(cells.size(), {0, nullptr});
  for (std::size_t row = 0; row < cells.size(); ++row) {
    const Cell& cell = cells[row];
    if (cell.is_absent()) continue;
    if (cell.type() != wanted) return tl::unexpected(changed());
    const std::string_view bytes = cell.bytes();
    // The library reads it alone.
    rows[row] = {bytes.size(), const_cast<char*>(bytes.data())};
  }
  return data_.append(rows.data(), rows.size());
}

Status ColumnDataset::note_missing(const std::vector<Cell>& cells) {
  const bool is_missing =
      std::any_of(cells.begin(), cells.end(), [](const Cell& cell) { return cell.is_absent(); });
  if (!valid_ && !is_missing) return {};
  if (!valid_) {
    Result<Dataset> made = group_->dataset(name_.valid, {.element = Element::kBool},
                                           {.chunk_rows = chunk_rows_, .is_true = true});
    if (!made) return tl::unexpected(made.error());
    valid_.emplace(std::move(*made));
    if (Status said = data_.set("valid", name_.valid); !said) return said;
    if (Status grown = valid_->grow_to(data_.rows() - cells.size()); !grown) return grown;
  }
  std::vector<std::uint8_t> flags;
  flags.reserve(cells.size());
  for (const Cell& cell : cells) flags.push_back(cell.is_absent() ? 0 : 1);
  return valid_->append(flags.data(), flags.size());
}

Error ColumnDataset::changed() const {
  return {ErrorCode::kUnsupported,
          fmt::format("column {} has got values of another type or length meanwhile: export it "
                      "again",
                      printable(name_.name))};
}

}  // namespace zbag::hdf5
