// Words as planes of their bytes: the lowest byte of all of them, then the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "schemas/byte_io.hpp"

namespace zbag {

// Byte k of word i becomes byte i of word k. Its own inverse.
inline void turn_bytes(std::array<std::uint64_t, 8>& words) {
  const auto swap = [&words](std::size_t low, std::size_t high, unsigned shift,
                             std::uint64_t mask) {
    const std::uint64_t differs = (words[low] >> shift ^ words[high]) & mask;
    words[high] ^= differs;
    words[low] ^= differs << shift;
  };
  // Written out, since the compiler keeps the words in registers only then.
  constexpr std::uint64_t kHalves = 0x00000000ffffffff;
  constexpr std::uint64_t kQuarters = 0x0000ffff0000ffff;
  constexpr std::uint64_t kBytes = 0x00ff00ff00ff00ff;
  swap(0, 4, 32, kHalves);
  swap(1, 5, 32, kHalves);
  swap(2, 6, 32, kHalves);
  swap(3, 7, 32, kHalves);
  swap(0, 2, 16, kQuarters);
  swap(1, 3, 16, kQuarters);
  swap(4, 6, 16, kQuarters);
  swap(5, 7, 16, kQuarters);
  swap(0, 1, 8, kBytes);
  swap(2, 3, 8, kBytes);
  swap(4, 5, 8, kBytes);
  swap(6, 7, 8, kBytes);
}

// Writes the low `width` bytes of the words that word(i) gives for each i below `count`.
// REQUIRES: width <= 8; `out` has room for count * width bytes.
template <class Word>
void write_byte_planes(std::size_t count, unsigned width, Word word, std::uint8_t* out) {
  std::size_t i = 0;
  std::array<std::uint64_t, 8> words{};
  for (; i + 8 <= count; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) words[k] = word(i + k);
    turn_bytes(words);
    for (unsigned plane = 0; plane < width; ++plane)
      std::memcpy(out + plane * count + i, &words[plane], 8);
  }
  for (; i < count; ++i) {
    const std::uint64_t rest = word(i);
    for (unsigned plane = 0; plane < width; ++plane)
      out[plane * count + i] = static_cast<std::uint8_t>(rest >> plane * 8);
  }
}

// Undoes write_byte_planes(): gives each word to take(i, word). REQUIRES: width <= 8;
// bytes.size() == count * width.
template <class Take>
void read_byte_planes(std::span<const std::uint8_t> bytes, std::size_t count, unsigned width,
                      Take take) {
  std::size_t i = 0;
  std::array<std::uint64_t, 8> words;
  for (; i + 8 <= count; i += 8) {
    words = {};
    for (unsigned plane = 0; plane < width; ++plane)
      words[plane] = byte_io::load<std::uint64_t>(bytes.data() + plane * count + i);
    turn_bytes(words);
    for (std::size_t k = 0; k < 8; ++k) take(i + k, words[k]);
  }
  for (; i < count; ++i) {
    std::uint64_t word = 0;
    for (unsigned plane = 0; plane < width; ++plane)
      word |= std::uint64_t{bytes[plane * count + i]} << plane * 8;
    take(i, word);
  }
}

}  // namespace zbag
