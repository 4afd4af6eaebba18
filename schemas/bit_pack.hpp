// Numbers of equal width, bit after bit, lowest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "schemas/byte_io.hpp"

namespace zbag {

inline std::size_t packed_bytes(std::size_t count, unsigned width) {
  return (count * width + 7) / 8;
}

// Appends the low `width` bits of each `value - base`. REQUIRES: they fit; width <= 64.
inline void pack_bits(std::span<const std::uint64_t> values, std::uint64_t base, unsigned width,
                      Bytes& out) {
  if (width == 0) return;
  const std::size_t begin = out.size();
  const std::size_t size = packed_bytes(values.size(), width);
  out.resize(begin + size + sizeof(std::uint64_t));  // the last word is stored whole
  std::uint8_t* at = out.data() + begin;
  std::uint64_t word = 0;
  unsigned filled = 0;
  for (const std::uint64_t value : values) {
    const std::uint64_t bits = value - base;
    word |= bits << filled;
    filled += width;
    if (filled < 64) continue;
    byte_io::store(at, word);
    filled -= 64;
    word = filled == 0 ? 0 : bits >> (width - filled);
  }
  byte_io::store(at, word);
  out.resize(begin + size);
}

// The number `index` of those packed in `bytes`.
inline std::uint64_t packed_at(std::span<const std::uint8_t> bytes, std::size_t index,
                               unsigned width) {
  const std::size_t bit = index * width;
  const unsigned shift = bit % 8;
  std::uint8_t word[16] = {};
  const std::size_t left = bytes.size() - bit / 8;
  std::memcpy(word, bytes.data() + bit / 8, left < 9 ? left : 9);
  std::uint64_t value = byte_io::load<std::uint64_t>(word) >> shift;
  if (shift + width > 64) value |= static_cast<std::uint64_t>(word[8]) << (64 - shift);
  return width == 64 ? value : value & ((std::uint64_t{1} << width) - 1);
}

// Undoes pack_bits(). REQUIRES: bytes.size() == packed_bytes(out.size(), width), width <= 64.
inline void unpack_bits(std::span<const std::uint8_t> bytes, std::uint64_t base, unsigned width,
                        std::span<std::uint64_t> out) {
  std::size_t i = 0;
  if (width > 0 && width <= 57 && bytes.size() >= 8) {
    // While a whole word can be read there is no need to ask how far the bytes go.
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    const std::size_t safe = (bytes.size() - 8) * 8 / width;
    const std::size_t quick = safe < out.size() ? safe : out.size();
    for (std::size_t bit = 0; i < quick; ++i, bit += width) {
      out[i] = (byte_io::load<std::uint64_t>(bytes.data() + bit / 8) >> bit % 8 & mask) + base;
    }
  }
  for (; i < out.size(); ++i) out[i] = (width == 0 ? 0 : packed_at(bytes, i, width)) + base;
}

}  // namespace zbag
