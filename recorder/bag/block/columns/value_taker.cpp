#include "recorder/bag/block/columns/value_taker.hpp"

#include "schemas/frame_scan.hpp"

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
  const ColumnType type = *in.at == 0xcb   ? ColumnType::kFloat64s
                          : *in.at == 0xca ? ColumnType::kFloat32s
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

bool is_array(std::uint8_t lead) { return lead >> 4 == 9 || lead == 0xdc || lead == 0xdd; }
bool is_extension(std::uint8_t lead) {
  return (lead >= 0xc7 && lead <= 0xc9) || (lead >= 0xd4 && lead <= 0xd8);
}

void push_bytes_value(ColumnValues& values, std::span<const std::uint8_t> bytes) {
  values.lengths.push_back(bytes.size());
  push_bytes(values.bytes, bytes);
}

bool take_other(item::Cursor& in, ColumnValues& values) {
  if (in.left() == 0) return false;
  const bool is_other =
      is_extension(*in.at) || (is_array(*in.at) && list_type(in) == ColumnType::kOther);
  if (!is_other) return false;
  const std::span<const std::uint8_t> rest(in.at, in.left());
  const std::optional<std::size_t> size = value_size(rest);
  if (!size) return false;
  push_bytes_value(values, rest.first(*size));
  in.at += *size;
  return true;
}

}  // namespace

bool take_value(ColumnType type, ColumnValues& values, item::Cursor& in) {
  std::uint64_t bits = 0;
  bool above_signed = false;
  std::span<const std::uint8_t> bytes;
  switch (type) {
    case ColumnType::kNil:
      if (in.left() == 0 || *in.at != 0xc0) return false;
      ++in.at;
      return true;
    case ColumnType::kBool:
      if (in.left() == 0 || (*in.at & 0xfe) != 0xc2) return false;
      values.numbers.push_back(*in.at++ & 1);
      return true;
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
  const std::uint8_t lead = *in.at;
  if (lead < 0x80 || lead >= 0xe0 || (lead >= 0xcc && lead <= 0xd3)) return ColumnType::kInt;
  if (lead == 0xca) return ColumnType::kFloat32;
  if (lead == 0xcb) return ColumnType::kFloat64;
  if (lead == 0xc0) return ColumnType::kNil;
  if (lead == 0xc2 || lead == 0xc3) return ColumnType::kBool;
  if (lead >= 0xc4 && lead <= 0xc6) return ColumnType::kBinary;
  if (lead >> 5 == 5 || (lead >= 0xd9 && lead <= 0xdb)) return ColumnType::kText;
  return list_type(in);
}

}  // namespace zbag
