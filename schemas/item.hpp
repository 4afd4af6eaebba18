// Single MessagePack items as a row's bytes hold them (msgpack spec, Formats): read for columns,
// written from them in their shortest form.
//
// take_*() return false, having moved by nothing the caller may rely on, when the item is of
// another type or the bytes end; nothing outside [at, end) is read.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "schemas/byte_io.hpp"
#include "schemas/frame_items.hpp"

namespace zbag::item {

// What is left of a row.
struct Cursor {
  const std::uint8_t* at;
  const std::uint8_t* end;

  std::size_t left() const { return static_cast<std::size_t>(end - at); }
};

// Whether an int is to be read as unsigned: only above INT64_MAX does it matter.
inline bool take_int(Cursor& in, std::uint64_t& bits, bool& above_signed) {
  above_signed = false;
  if (in.left() == 0) return false;
  const std::uint8_t lead = *in.at;
  if (lead < 0x80 || lead >= 0xe0) {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(lead)));
    ++in.at;
    return true;
  }
  if (lead < 0xcc || lead > 0xd3) return false;
  const std::size_t size = std::size_t{1} << (lead & 3u);
  if (in.left() < 1 + size) return false;
  const std::uint8_t* const from = in.at + 1;
  in.at += 1 + size;
  const auto sign = [&](auto value) {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  };
  switch (lead) {
    case 0xcc:
      bits = *from;
      break;
    case 0xcd:
      bits = load_be<std::uint16_t>(from);
      break;
    case 0xce:
      bits = load_be<std::uint32_t>(from);
      break;
    case 0xcf:
      bits = load_be<std::uint64_t>(from);
      above_signed = bits >> 63 != 0;
      break;
    case 0xd0:
      sign(static_cast<std::int8_t>(*from));
      break;
    case 0xd1:
      sign(static_cast<std::int16_t>(load_be<std::uint16_t>(from)));
      break;
    case 0xd2:
      sign(static_cast<std::int32_t>(load_be<std::uint32_t>(from)));
      break;
    default:
      bits = load_be<std::uint64_t>(from);
      break;
  }
  return true;
}

inline bool take_float64(Cursor& in, std::uint64_t& bits) {
  if (in.left() < 9 || *in.at != 0xcb) return false;
  bits = load_be<std::uint64_t>(in.at + 1);
  in.at += 9;
  return true;
}
inline bool take_float32(Cursor& in, std::uint64_t& bits) {
  if (in.left() < 5 || *in.at != 0xca) return false;
  bits = load_be<std::uint32_t>(in.at + 1);
  in.at += 5;
  return true;
}

// A header that is one byte with the count in its low bits (`fix`, `fix_bits`), or `wide` and two
// bytes, or `wide` + 1 and four; `narrow` (0: there is none) and one.
inline bool take_header(Cursor& in, std::uint8_t fix, unsigned fix_bits, std::uint8_t narrow,
                        std::uint8_t wide, std::uint32_t& count) {
  if (in.left() == 0) return false;
  const std::uint8_t lead = *in.at;
  if (fix != 0 && lead >> fix_bits == fix >> fix_bits) {
    count = lead & ((1u << fix_bits) - 1);
    ++in.at;
    return true;
  }
  if (narrow != 0 && lead == narrow && in.left() >= 2) {
    count = in.at[1];
    in.at += 2;
    return true;
  }
  if (lead == wide && in.left() >= 3) {
    count = load_be<std::uint16_t>(in.at + 1);
    in.at += 3;
    return true;
  }
  if (lead != wide + 1 || in.left() < 5) return false;
  count = load_be<std::uint32_t>(in.at + 1);
  in.at += 5;
  return true;
}
inline bool take_map(Cursor& in, std::uint32_t& pairs) {
  return take_header(in, 0x80, 4, 0, 0xde, pairs);
}
inline bool take_array(Cursor& in, std::uint32_t& count) {
  return take_header(in, 0x90, 4, 0, 0xdc, count);
}

inline bool take_payload(Cursor& in, std::uint32_t size, std::span<const std::uint8_t>& bytes) {
  if (in.left() < size) return false;
  bytes = {in.at, size};
  in.at += size;
  return true;
}
inline bool take_text(Cursor& in, std::span<const std::uint8_t>& bytes) {
  std::uint32_t size = 0;
  return take_header(in, 0xa0, 5, 0xd9, 0xda, size) && take_payload(in, size, bytes);
}
inline bool take_binary(Cursor& in, std::span<const std::uint8_t>& bytes) {
  std::uint32_t size = 0;
  return take_header(in, 0, 0, 0xc4, 0xc5, size) && take_payload(in, size, bytes);
}

// Writes to `at`, which has room for kHeadMax bytes, and moves it.
inline constexpr std::size_t kHeadMax = 9;

template <class T>
void put_be(std::uint8_t*& at, std::uint8_t lead, T value) {
  *at++ = lead;
  if constexpr (sizeof(T) == 1) store(at, value);
  if constexpr (sizeof(T) == 2) store(at, __builtin_bswap16(value));
  if constexpr (sizeof(T) == 4) store(at, __builtin_bswap32(value));
  if constexpr (sizeof(T) == 8) store(at, __builtin_bswap64(value));
}

inline void put_unsigned(std::uint8_t*& at, std::uint64_t value) {
  if (value < 0x80) {
    *at++ = static_cast<std::uint8_t>(value);
  } else if (value <= 0xff) {
    put_be(at, 0xcc, static_cast<std::uint8_t>(value));
  } else if (value <= 0xffff) {
    put_be(at, 0xcd, static_cast<std::uint16_t>(value));
  } else if (value <= 0xffffffff) {
    put_be(at, 0xce, static_cast<std::uint32_t>(value));
  } else {
    put_be(at, 0xcf, value);
  }
}
inline void put_signed(std::uint8_t*& at, std::int64_t value) {
  if (value >= 0) return put_unsigned(at, static_cast<std::uint64_t>(value));
  if (value >= -32) {
    *at++ = static_cast<std::uint8_t>(value);
  } else if (value >= INT8_MIN) {
    put_be(at, 0xd0, static_cast<std::uint8_t>(value));
  } else if (value >= INT16_MIN) {
    put_be(at, 0xd1, static_cast<std::uint16_t>(value));
  } else if (value >= INT32_MIN) {
    put_be(at, 0xd2, static_cast<std::uint32_t>(value));
  } else {
    put_be(at, 0xd3, static_cast<std::uint64_t>(value));
  }
}
inline void put_header(std::uint8_t*& at, std::uint64_t count, std::uint8_t fix,
                       std::uint64_t fix_limit, std::uint8_t narrow, std::uint8_t wide) {
  if (count < fix_limit) {
    *at++ = static_cast<std::uint8_t>(fix | count);
  } else if (narrow != 0 && count <= 0xff) {
    put_be(at, narrow, static_cast<std::uint8_t>(count));
  } else if (count <= 0xffff) {
    put_be(at, wide, static_cast<std::uint16_t>(count));
  } else {
    put_be(at, static_cast<std::uint8_t>(wide + 1), static_cast<std::uint32_t>(count));
  }
}
inline void put_map(std::uint8_t*& at, std::uint64_t pairs) {
  put_header(at, pairs, 0x80, 16, 0, 0xde);
}
inline void put_array(std::uint8_t*& at, std::uint64_t count) {
  put_header(at, count, 0x90, 16, 0, 0xdc);
}
inline void put_text(std::uint8_t*& at, std::uint64_t size) {
  put_header(at, size, 0xa0, 32, 0xd9, 0xda);
}
inline void put_binary(std::uint8_t*& at, std::uint64_t size) {
  put_header(at, size, 0, 0, 0xc4, 0xc5);
}

}  // namespace zbag::item
