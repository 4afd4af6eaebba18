// Writes single MessagePack items, each in its shortest form (schemas/item.hpp has the grammar).
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "schemas/item.hpp"

namespace zbag::item {

// put_*() write to `at`, which has room for kHeadMax bytes, and move it.
inline constexpr std::size_t kHeadMax = 9;

template <class T>
void put_be(std::uint8_t*& at, unsigned lead, T value) {
  *at++ = static_cast<std::uint8_t>(lead);
  if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

inline void put_nil(std::uint8_t*& at) { *at++ = kNil; }
inline void put_bool(std::uint8_t*& at, bool value) { *at++ = value ? kTrue : kFalse; }
inline void put_float64(std::uint8_t*& at, std::uint64_t bits) { put_be(at, kFloat64, bits); }
inline void put_float32(std::uint8_t*& at, std::uint32_t bits) { put_be(at, kFloat32, bits); }
inline void put_unsigned(std::uint8_t*& at, std::uint64_t value) {
  if (value < kFixMap) {
    *at++ = static_cast<std::uint8_t>(value);
  } else if (value <= 0xff) {
    put_be(at, kUint8, static_cast<std::uint8_t>(value));
  } else if (value <= 0xffff) {
    put_be(at, kUint8 + 1, static_cast<std::uint16_t>(value));
  } else if (value <= 0xffffffff) {
    put_be(at, kUint8 + 2, static_cast<std::uint32_t>(value));
  } else {
    put_be(at, kUint8 + 3, value);
  }
}
inline void put_signed(std::uint8_t*& at, std::int64_t value) {
  if (value >= 0) return put_unsigned(at, static_cast<std::uint64_t>(value));
  if (value >= -32) {
    *at++ = static_cast<std::uint8_t>(value);
  } else if (value >= INT8_MIN) {
    put_be(at, kInt8, static_cast<std::uint8_t>(value));
  } else if (value >= INT16_MIN) {
    put_be(at, kInt8 + 1, static_cast<std::uint16_t>(value));
  } else if (value >= INT32_MIN) {
    put_be(at, kInt8 + 2, static_cast<std::uint32_t>(value));
  } else {
    put_be(at, kInt8 + 3, static_cast<std::uint64_t>(value));
  }
}
// `narrow` with one byte of length (0: there is none), `wide` with two, the one behind it with
// four.
inline void put_length(std::uint8_t*& at, std::uint64_t length, unsigned narrow, unsigned wide) {
  if (narrow != 0 && length <= 0xff) {
    put_be(at, narrow, static_cast<std::uint8_t>(length));
  } else if (length <= 0xffff) {
    put_be(at, wide, static_cast<std::uint16_t>(length));
  } else {
    put_be(at, wide + 1, static_cast<std::uint32_t>(length));
  }
}
// Heads: what they speak of is to follow. REQUIRES: a length below 2^32.
inline void put_map(std::uint8_t*& at, std::uint64_t pairs) {
  if (pairs >= 16) return put_length(at, pairs, 0, kMap16);
  *at++ = static_cast<std::uint8_t>(kFixMap | pairs);
}
inline void put_array(std::uint8_t*& at, std::uint64_t count) {
  if (count >= 16) return put_length(at, count, 0, kArray16);
  *at++ = static_cast<std::uint8_t>(kFixArray | count);
}
inline void put_text(std::uint8_t*& at, std::uint64_t size) {
  if (size >= 32) return put_length(at, size, kText8, kText8 + 1);
  *at++ = static_cast<std::uint8_t>(kFixText | size);
}
inline void put_binary(std::uint8_t*& at, std::uint64_t size) {
  put_length(at, size, kBinary8, kBinary8 + 1);
}
inline void put_extension(std::uint8_t*& at, std::int8_t type, std::uint64_t size) {
  const bool is_fixed = size == 1 || size == 2 || size == 4 || size == 8 || size == 16;
  if (is_fixed) {
    *at++ = static_cast<std::uint8_t>(kFixExtension1 + __builtin_ctzll(size));
  } else {
    put_length(at, size, kExtension8, kExtension8 + 1);
  }
  *at++ = static_cast<std::uint8_t>(type);
}

// Appends what `put`, called with a place to write to, puts there.
template <class Put>
void append_item(std::string& out, Put put) {
  std::uint8_t bytes[kHeadMax];
  std::uint8_t* at = bytes;
  put(at);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(at - bytes));
}
// A text with its head. REQUIRES: shorter than 4 GiB.
inline void append_text(std::string& out, std::string_view text) {
  append_item(out, [&](std::uint8_t*& at) { put_text(at, text.size()); });
  out += text;
}

}  // namespace zbag::item
