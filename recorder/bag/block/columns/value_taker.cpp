#include "recorder/bag/block/columns/value_taker.hpp"

namespace zbag {
namespace {

// Takes the elements of an array while they are of one type. False: one was not.
template <class Take>
bool take_elements(item::Cursor& in, std::uint32_t count, ColumnValues& values, Take take) {
  const std::size_t before = values.numbers.size();
  if (count > in.left()) return false;
  values.numbers.resize(before + count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!take(in, values.numbers[before + i], before + i)) {
      values.numbers.resize(before);
      while (!values.unsigned_at.empty() && values.unsigned_at.back() >= before)
        values.unsigned_at.pop_back();
      return false;
    }
  }
  values.lengths.push_back(count);
  return true;
}

bool take_ints(item::Cursor& in, std::uint32_t count, ColumnValues& values) {
  return take_elements(in, count, values,
                       [&](item::Cursor& rest, std::uint64_t& bits, std::size_t at) {
                         bool above_signed = false;
                         if (!item::take_int(rest, bits, above_signed)) return false;
                         if (above_signed)
                           values.unsigned_at.push_back(static_cast<std::uint32_t>(at));
                         return true;
                       });
}

bool take_list(item::Cursor& in, ColumnType type, ColumnValues& values) {
  std::uint32_t count = 0;
  if (!item::take_array(in, count)) return false;
  if (type == ColumnType::kInts) return take_ints(in, count, values);
  return take_elements(in, count, values,
                       [type](item::Cursor& rest, std::uint64_t& bits, std::size_t) {
                         return type == ColumnType::kFloat64s ? item::take_float64(rest, bits)
                                                              : item::take_float32(rest, bits);
                       });
}

// The list type that all elements of an array share; kOther when there is none.
ColumnType list_type(item::Cursor in) {
  std::uint32_t count = 0;
  if (!item::take_array(in, count) || count == 0 || in.left() == 0) return ColumnType::kOther;
  const ColumnType type = in.is_at(item::Type::kFloat64)   ? ColumnType::kFloat64s
                          : in.is_at(item::Type::kFloat32) ? ColumnType::kFloat32s
                                                           : ColumnType::kInts;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint64_t bits = 0;
    bool above_signed = false;
    const bool fits = type == ColumnType::kFloat64s   ? item::take_float64(in, bits)
                      : type == ColumnType::kFloat32s ? item::take_float32(in, bits)
                                                      : item::take_int(in, bits, above_signed);
    if (!fits) return ColumnType::kOther;
  }
  return type;
}

void push_bytes_value(ColumnValues& values, std::span<const std::uint8_t> bytes) {
  values.lengths.push_back(bytes.size());
  byte_io::push_bytes(values.bytes, bytes);
}

bool take_other(item::Cursor& in, ColumnValues& values) {
  const bool is_other = in.is_at(item::Type::kExtension) ||
                        (in.is_at(item::Type::kArray) && list_type(in) == ColumnType::kOther);
  std::span<const std::uint8_t> bytes;
  if (!is_other || !item::take_whole(in, bytes)) return false;
  push_bytes_value(values, bytes);
  return true;
}

}  // namespace

bool take_value(ColumnType type, ColumnValues& values, item::Cursor& in) {
  std::uint64_t bits = 0;
  bool above_signed = false;
  std::span<const std::uint8_t> bytes;
  switch (type) {
    case ColumnType::kNil:
      return item::take_nil(in);
    case ColumnType::kBool:
      if (!item::take_bool(in, bits)) return false;
      break;
    case ColumnType::kInt:
      if (!item::take_int(in, bits, above_signed)) return false;
      if (above_signed)
        values.unsigned_at.push_back(static_cast<std::uint32_t>(values.numbers.size()));
      break;
    case ColumnType::kFloat32:
      if (!item::take_float32(in, bits)) return false;
      break;
    case ColumnType::kFloat64:
      if (!item::take_float64(in, bits)) return false;
      break;
    case ColumnType::kText:
      if (!item::take_text(in, bytes)) return false;
      push_bytes_value(values, bytes);
      return true;
    case ColumnType::kBinary:
      if (!item::take_binary(in, bytes)) return false;
      push_bytes_value(values, bytes);
      return true;
    case ColumnType::kOther:
      return take_other(in, values);
    default:
      return take_list(in, type, values);
  }
  values.numbers.push_back(bits);
  return true;
}

void drop_value(ColumnType type, ColumnValues& values) {
  std::size_t count = type == ColumnType::kNil ? 0 : 1;
  if (is_bytes(type) || is_list(type)) {
    count = values.lengths.back();
    values.lengths.pop_back();
  }
  if (is_bytes(type)) {
    values.bytes.resize(values.bytes.size() - count);
    return;
  }
  values.numbers.resize(values.numbers.size() - count);
  while (!values.unsigned_at.empty() && values.unsigned_at.back() >= values.numbers.size())
    values.unsigned_at.pop_back();
}

ColumnType type_of_value(item::Cursor in) {
  switch (item::kLeads[*in.at].type) {
    case item::Type::kNil:
      return ColumnType::kNil;
    case item::Type::kBool:
      return ColumnType::kBool;
    case item::Type::kInt:
      return ColumnType::kInt;
    case item::Type::kFloat32:
      return ColumnType::kFloat32;
    case item::Type::kFloat64:
      return ColumnType::kFloat64;
    case item::Type::kText:
      return ColumnType::kText;
    case item::Type::kBinary:
      return ColumnType::kBinary;
    default:
      return list_type(in);
  }
}

}  // namespace zbag
