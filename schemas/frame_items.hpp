// The items a MessagePack frame is made of, for those who walk its bytes.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "schemas/frame_scan.hpp"

namespace zbag {

// A big-endian number, wherever it lies.
template <class T>
T load_be(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  return value;
}

// How one MessagePack item goes on behind its first byte, by that byte (msgpack spec, Formats).
enum class ItemForm : std::uint8_t {
  kFixed,   // `bytes` more
  kFixStr,  // str of the length in the low 5 bits
  kFixArray,
  kFixMap,
  kSized8,
  kSized16,
  kSized32,  // a length, then that many bytes plus `bytes` (1 for ext)
  kArray16,
  kArray32,
  kMap16,
  kMap32,
  kNever,  // 0xc1
};
struct ItemShape {
  ItemForm form;
  std::uint8_t bytes;
};

constexpr ItemShape item_shape_of(unsigned byte) {
  if (byte < 0x80 || byte >= 0xe0) return {ItemForm::kFixed, 0};
  if (byte < 0x90) return {ItemForm::kFixMap, 0};
  if (byte < 0xa0) return {ItemForm::kFixArray, 0};
  if (byte < 0xc0) return {ItemForm::kFixStr, 0};
  switch (byte) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return {ItemForm::kFixed, 0};
    case 0xc4:
    case 0xd9:
      return {ItemForm::kSized8, 0};
    case 0xc5:
    case 0xda:
      return {ItemForm::kSized16, 0};
    case 0xc6:
    case 0xdb:
      return {ItemForm::kSized32, 0};
    case 0xc7:
      return {ItemForm::kSized8, 1};
    case 0xc8:
      return {ItemForm::kSized16, 1};
    case 0xc9:
      return {ItemForm::kSized32, 1};
    case 0xca:
    case 0xce:
    case 0xd2:
      return {ItemForm::kFixed, 4};
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return {ItemForm::kFixed, 8};
    case 0xcc:
    case 0xd0:
      return {ItemForm::kFixed, 1};
    case 0xcd:
    case 0xd1:
    case 0xd4:
      return {ItemForm::kFixed, 2};
    case 0xd5:
      return {ItemForm::kFixed, 3};
    case 0xd6:
      return {ItemForm::kFixed, 5};
    case 0xd7:
      return {ItemForm::kFixed, 9};
    case 0xd8:
      return {ItemForm::kFixed, 17};
    case 0xdc:
      return {ItemForm::kArray16, 0};
    case 0xdd:
      return {ItemForm::kArray32, 0};
    case 0xde:
      return {ItemForm::kMap16, 0};
    case 0xdf:
      return {ItemForm::kMap32, 0};
    default:
      return {ItemForm::kNever, 0};
  }
}

inline constexpr std::array<ItemShape, 256> kItemShapes = [] {
  std::array<ItemShape, 256> shapes{};
  for (unsigned byte = 0; byte < shapes.size(); ++byte) shapes[byte] = item_shape_of(byte);
  return shapes;
}();

// REQUIRES, both: `value` is one whole item.
// A uint in any of its forms.
std::optional<std::uint64_t> unsigned_of(std::span<const std::uint8_t> value);
// Notes what `_ts` says; false when it is no stamp.
bool read_stamp(std::span<const std::uint8_t> value, FrameScan& scan);

}  // namespace zbag
