#include "player/query/result_items.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "schemas/put_item.hpp"

namespace zbag {
namespace {

using Int128 = __int128;

Int128 whole_of(duckdb_hugeint number) {
  return (static_cast<Int128>(number.upper) << 64) + static_cast<Int128>(number.lower);
}

void append_double(double number, std::string& out) {
  item::append_item(
      out, [&](std::uint8_t*& at) { item::put_float64(at, std::bit_cast<std::uint64_t>(number)); });
}

std::string digits_of(Int128 number) {
  const bool is_negative = number < 0;
  auto rest = is_negative ? -static_cast<unsigned __int128>(number)
                          : static_cast<unsigned __int128>(number);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest > 0);
  return (is_negative ? "-" : "") + digits;
}

// As a whole number, where 64 bits hold it; else the nearest float64.
void append_int(Int128 number, std::string& out, unsigned scale = 0) {
  const bool is_int = scale == 0 && number >= INT64_MIN && number <= INT64_MAX;
  const bool is_unsigned = scale == 0 && number > INT64_MAX && number <= UINT64_MAX;
  if (is_int || is_unsigned) {
    return item::append_item(out, [&](std::uint8_t*& at) {
      if (is_int) return item::put_signed(at, static_cast<std::int64_t>(number));
      item::put_unsigned(at, static_cast<std::uint64_t>(number));
    });
  }
  const std::string digits = fmt::format("{}e-{}", digits_of(number), scale);
  double real = 0.0;
  std::from_chars(digits.data(), digits.data() + digits.size(), real);
  append_double(real, out);
}

void append_day(std::int32_t days, std::string& out) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{days}}};
  item::append_text(
      out, fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                       static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day())));
}

void append_uuid(duckdb_hugeint number, std::string& out) {
  // Stored so that it sorts as a signed number.
  const std::uint64_t high = static_cast<std::uint64_t>(number.upper) ^ (1ull << 63);
  const std::uint64_t low = number.lower;
  item::append_text(
      out, fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, (high >> 16) & 0xffff,
                       high & 0xffff, low >> 48, low & 0xffffffffffff));
}

// How many of a second's billionth a unit of the type has; 0: it is no time.
std::int64_t nanos_of(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_TIMESTAMP_S:
      return 1'000'000'000;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return 1'000'000;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
    case DUCKDB_TYPE_TIME:
      return 1'000;
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIME_NS:
      return 1;
    default:
      return 0;
  }
}

bool is_plain(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
    case DUCKDB_TYPE_DATE:
    case DUCKDB_TYPE_UUID:
    case DUCKDB_TYPE_SQLNULL:
      return true;
    default:
      return nanos_of(type) > 0;
  }
}

}  // namespace

ResultItems::ResultItems(duckdb_vector vector)
    : values_(duckdb().vector_get_data(vector)), validity_(duckdb().vector_get_validity(vector)) {}

Result<ResultItems> ResultItems::of(duckdb_vector vector) {
  ResultItems items(vector);
  const DuckdbType type(duckdb().vector_get_column_type(vector));
  items.type_ = duckdb().get_type_id(type.get());
  if (is_plain(items.type_)) return items;
  if (items.type_ == DUCKDB_TYPE_DECIMAL) {
    items.scale_ = duckdb().decimal_scale(type.get());
    items.whole_ = duckdb().decimal_internal_type(type.get());
    return items;
  }
  if (Status added = items.add_children(vector, type.get()); !added)
    return tl::unexpected(added.error());
  return items;
}

Status ResultItems::add_children(duckdb_vector vector, duckdb_logical_type type) {
  switch (type_) {
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_MAP:
      return add_child(duckdb().list_vector_get_child(vector));
    case DUCKDB_TYPE_ARRAY:
      array_size_ = duckdb().array_type_array_size(type);
      return add_child(duckdb().array_vector_get_child(vector));
    case DUCKDB_TYPE_STRUCT:
      for (idx_t i = 0; i < duckdb().struct_type_child_count(type); ++i) {
        names_.push_back(take_text(duckdb().struct_type_child_name(type, i)));
        if (Status added = add_child(duckdb().struct_vector_get_child(vector, i)); !added)
          return added;
      }
      return {};
    default:
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("of a type that is not read (number {} of DuckDB)", static_cast<int>(type_)));
  }
}

Status ResultItems::add_child(duckdb_vector vector) {
  Result<ResultItems> child = of(vector);
  if (!child) return tl::unexpected(child.error());
  children_.push_back(std::move(*child));
  return {};
}

bool ResultItems::is_null(idx_t row) const {
  return type_ == DUCKDB_TYPE_SQLNULL ||
         (validity_ != nullptr && !duckdb().validity_row_is_valid(validity_, row));
}

void ResultItems::append_or_nil(idx_t row, std::string& out) const {
  if (is_null(row)) return item::append_item(out, item::put_nil);
  append(row, out);
}

void ResultItems::append(idx_t row, std::string& out) const {
  if (is_null(row)) return;
  switch (type_) {
    case DUCKDB_TYPE_BOOLEAN:
      return item::append_item(out, [&](auto*& at) { item::put_bool(at, value<bool>(row)); });
    case DUCKDB_TYPE_FLOAT:
      return item::append_item(out, [&](auto*& at) {
        item::put_float32(at, std::bit_cast<std::uint32_t>(value<float>(row)));
      });
    case DUCKDB_TYPE_DOUBLE:
      return append_double(value<double>(row), out);
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB: {
      duckdb_string_t& text = static_cast<duckdb_string_t*>(values_)[row];
      const std::string_view bytes(duckdb().string_t_data(&text), duckdb().string_t_length(text));
      if (type_ == DUCKDB_TYPE_VARCHAR) return item::append_text(out, bytes);
      item::append_item(out, [&](auto*& at) { item::put_binary(at, bytes.size()); });
      out += bytes;
      return;
    }
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_MAP: {
      const auto extent = value<duckdb_list_entry>(row);
      if (type_ == DUCKDB_TYPE_LIST) return append_list(extent.offset, extent.length, out);
      return append_map(extent.offset, extent.length, out);
    }
    case DUCKDB_TYPE_ARRAY:
      return append_list(row * array_size_, array_size_, out);
    case DUCKDB_TYPE_STRUCT:
      return append_struct(row, out);
    case DUCKDB_TYPE_DECIMAL:
      return append_decimal(row, out);
    case DUCKDB_TYPE_DATE:
      return append_day(value<std::int32_t>(row), out);
    case DUCKDB_TYPE_UUID:
      return append_uuid(value<duckdb_hugeint>(row), out);
    default:
      return append_whole(row, out);
  }
}

void ResultItems::append_whole(idx_t row, std::string& out) const {
  switch (type_) {
    case DUCKDB_TYPE_TINYINT:
      return append_int(value<std::int8_t>(row), out);
    case DUCKDB_TYPE_SMALLINT:
      return append_int(value<std::int16_t>(row), out);
    case DUCKDB_TYPE_INTEGER:
      return append_int(value<std::int32_t>(row), out);
    case DUCKDB_TYPE_BIGINT:
      return append_int(value<std::int64_t>(row), out);
    case DUCKDB_TYPE_UTINYINT:
      return append_int(value<std::uint8_t>(row), out);
    case DUCKDB_TYPE_USMALLINT:
      return append_int(value<std::uint16_t>(row), out);
    case DUCKDB_TYPE_UINTEGER:
      return append_int(value<std::uint32_t>(row), out);
    case DUCKDB_TYPE_UBIGINT:
      return append_int(value<std::uint64_t>(row), out);
    case DUCKDB_TYPE_HUGEINT:
      return append_int(whole_of(value<duckdb_hugeint>(row)), out);
    default:
      return append_int(static_cast<Int128>(value<std::int64_t>(row)) * nanos_of(type_), out);
  }
}

void ResultItems::append_list(idx_t begin, idx_t length, std::string& out) const {
  item::append_item(out, [&](auto*& at) { item::put_array(at, length); });
  for (idx_t i = 0; i < length; ++i) children_[0].append_or_nil(begin + i, out);
}

void ResultItems::append_struct(idx_t row, std::string& out) const {
  std::uint64_t present = 0;
  for (const ResultItems& child : children_) present += child.is_null(row) ? 0 : 1;
  item::append_item(out, [&](auto*& at) { item::put_map(at, present); });
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (children_[i].is_null(row)) continue;
    item::append_text(out, names_[i]);
    children_[i].append(row, out);
  }
}

void ResultItems::append_map(idx_t begin, idx_t length, std::string& out) const {
  const ResultItems& keys = children_[0].children_[0];
  const ResultItems& values = children_[0].children_[1];
  if (keys.type_ != DUCKDB_TYPE_VARCHAR) return append_list(begin, length, out);
  item::append_item(out, [&](auto*& at) { item::put_map(at, length); });
  for (idx_t i = begin; i < begin + length; ++i) {
    keys.append(i, out);
    values.append_or_nil(i, out);
  }
}

void ResultItems::append_decimal(idx_t row, std::string& out) const {
  switch (whole_) {
    case DUCKDB_TYPE_SMALLINT:
      return append_int(value<std::int16_t>(row), out, scale_);
    case DUCKDB_TYPE_INTEGER:
      return append_int(value<std::int32_t>(row), out, scale_);
    case DUCKDB_TYPE_BIGINT:
      return append_int(value<std::int64_t>(row), out, scale_);
    default:
      return append_int(whole_of(value<duckdb_hugeint>(row)), out, scale_);
  }
}

}  // namespace zbag
