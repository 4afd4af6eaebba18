#include "player/query/column_feed.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "player/columns/cells.hpp"
#include "player/query/part_numbers.hpp"
#include "recorder/bag/read/field_values.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

duckdb_type type_id_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return DUCKDB_TYPE_BOOLEAN;
    case ColumnKind::kInt:
    case ColumnKind::kInts:
      return DUCKDB_TYPE_BIGINT;
    case ColumnKind::kUnsigned:
    case ColumnKind::kUnsigneds:
      return DUCKDB_TYPE_UBIGINT;
    case ColumnKind::kDouble:
    case ColumnKind::kDoubles:
      return DUCKDB_TYPE_DOUBLE;
    case ColumnKind::kBinary:
      return DUCKDB_TYPE_BLOB;
    default:
      return DUCKDB_TYPE_VARCHAR;
  }
}

const Error& other_type() {
  static const Error kError{ErrorCode::kUnsupported,
                            "a field has got another type meanwhile: ask again"};
  return kError;
}

template <class T>
Status append_list(duckdb_vector vector, std::size_t row, const FieldPart& part, std::size_t at) {
  const std::size_t begin = at == 0 ? 0 : part.ends[at - 1];
  const bool is_other = part.type == ColumnType::kOther;
  if (is_other && !is_empty_list({part.bytes.data() + begin, part.ends[at] - begin}))
    return tl::unexpected(other_type());
  const std::size_t size = is_other ? 0 : part.ends[at] - begin;
  const std::size_t before = duckdb().list_vector_get_size(vector);
  const bool has_room = duckdb().list_vector_reserve(vector, before + size) == DuckDBSuccess &&
                        duckdb().list_vector_set_size(vector, before + size) == DuckDBSuccess;
  if (!has_room) return fail(ErrorCode::kUnsupported, "a list is too long");
  static_cast<duckdb_list_entry*>(duckdb().vector_get_data(vector))[row] = {before, size};
  if (size == 0) return {};
  auto* const values =
      static_cast<T*>(duckdb().vector_get_data(duckdb().list_vector_get_child(vector)));
  return copy_numbers(part, begin, std::span<T>(values + before, size));
}

}  // namespace

DuckdbType type_of(ColumnKind kind) {
  // Wide enough for both ends. Not HUGEINT: DuckDB writes that into Parquet as rounded doubles.
  constexpr std::uint8_t kHugeDigits = 20;
  if (kind == ColumnKind::kHuge) return DuckdbType(duckdb().create_decimal_type(kHugeDigits, 0));
  DuckdbType type(duckdb().create_logical_type(type_id_of(kind)));
  if (kind == ColumnKind::kJson) duckdb().logical_type_set_alias(type.get(), "JSON");
  return is_of_lists(kind) ? DuckdbType(duckdb().create_list_type(type.get())) : std::move(type);
}

Status ColumnFeed::fill(duckdb_vector vector, std::size_t count) {
  switch (kind_) {
    case ColumnKind::kBool:
      return fill_numbers<bool>(vector, count);
    case ColumnKind::kInt:
      return fill_numbers<std::int64_t>(vector, count);
    case ColumnKind::kDouble:
      return fill_numbers<double>(vector, count);
    case ColumnKind::kUnsigned:
      return fill_numbers<std::uint64_t>(vector, count);
    case ColumnKind::kHuge:
      return fill_numbers<duckdb_hugeint>(vector, count);
    case ColumnKind::kInts:
    case ColumnKind::kUnsigneds:
    case ColumnKind::kDoubles:
      return fill_lists(vector, count);
    default:
      return fill_texts(vector, count);
  }
}

template <class Take>
Status ColumnFeed::each_row(duckdb_vector vector, std::size_t count, Take take) {
  std::uint64_t* validity = nullptr;
  for (std::size_t row = 0; row < count; ++row) {
    const std::uint8_t code = column_->validity[row_ + row];
    const FieldPart* const part = code == 0 ? nullptr : &column_->parts[code - 1u];
    const std::size_t at = part == nullptr ? 0 : at_[code - 1u]++;
    if (part != nullptr && part->type != ColumnType::kNil) {
      if (!takes(kind_, part->type)) return tl::unexpected(other_type());
      if (Status status = take(row, *part, at); !status) return status;
      continue;
    }
    if (validity == nullptr) {
      duckdb().vector_ensure_validity_writable(vector);
      validity = duckdb().vector_get_validity(vector);
    }
    duckdb().validity_set_row_invalid(validity, row);
  }
  row_ += count;
  return {};
}

template <class T>
Status ColumnFeed::fill_numbers(duckdb_vector vector, std::size_t count) {
  auto* const values = static_cast<T*>(duckdb().vector_get_data(vector));
  if (column_->is_everywhere() && takes(kind_, column_->parts[0].type)) {
    const std::size_t at = at_[0];
    at_[0] += count;
    row_ += count;
    return copy_numbers(column_->parts[0], at, std::span<T>(values, count));
  }
  return each_row(vector, count, [&](std::size_t row, const FieldPart& part, std::size_t at) {
    return copy_numbers(part, at, std::span<T>(values + row, 1));
  });
}

Status ColumnFeed::fill_lists(duckdb_vector vector, std::size_t count) {
  return each_row(vector, count, [&](std::size_t row, const FieldPart& part, std::size_t at) {
    if (kind_ == ColumnKind::kInts) return append_list<std::int64_t>(vector, row, part, at);
    if (kind_ == ColumnKind::kUnsigneds) return append_list<std::uint64_t>(vector, row, part, at);
    return append_list<double>(vector, row, part, at);
  });
}

Status ColumnFeed::fill_texts(duckdb_vector vector, std::size_t count) {
  std::string json;
  return each_row(vector, count, [&](std::size_t row, const FieldPart& part, std::size_t at) {
    const Cell cell(part, at);
    const bool is_as_it_is =
        kind_ == ColumnKind::kBinary ||
        (kind_ == ColumnKind::kText && cell.type() == ColumnType::kText && is_utf8(cell.bytes()));
    json.clear();
    if (!is_as_it_is) cell.append_json(json);
    const std::string_view text = is_as_it_is ? cell.bytes() : json;
    duckdb().vector_assign_string_element_len(vector, row, text.data(), text.size());
    return Status();
  });
}

}  // namespace zbag
