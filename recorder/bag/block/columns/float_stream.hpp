// Floating-point numbers as integers, then as an integer stream (FORMAT.md, Float streams).
//
// Most measurements are short decimals or multiples of a power of two: those are stored as the
// integer i of value = i / scale wherever that gives back the very bits; what does not fit (NaN,
// -0.0, a stray value) is kept beside it. All else is stored by its bits. The idea of scaled
// decimals with exceptions is ALP's (Afroozeh, Kuffo, Boncz: ALP: Adaptive Lossless floating-Point
// compression, SIGMOD 2023); the code is our own.
//
// Every value is decoded again while it is encoded, so no bit is ever lost.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recorder/bag/block/columns/int_stream.hpp"

namespace zbag {

enum class FloatSize : std::uint8_t { k32, k64 };

// Not thread-safe; reused from column to column.
class FloatStreamEncoder {
 public:
  // Appends the values whose bits these are (of float32 in the low half). `stride` as in
  // IntStreamEncoder.
  void encode(std::span<const std::uint64_t> bits, FloatSize size, std::size_t stride,
              StreamAdvice advice, Bytes& out);

 private:
  struct Scale;
  Scale choose_scale(std::span<const std::uint64_t> bits, FloatSize size) const;
  bool to_scaled(std::span<const std::uint64_t> bits, FloatSize size, std::size_t stride,
                 const Scale& scale);
  bool to_narrow(std::span<const std::uint64_t> bits);

  struct Run {  // values that the scale does not give back, one after another and alike
    std::size_t gap;
    std::size_t length;
    std::uint64_t bits;
  };
  IntStreamEncoder ints_;
  std::vector<std::uint64_t> mapped_;
  std::vector<Run> runs_;
};

// Fills `out` with the bits of the values at `in`. False when the bytes are no such stream.
bool decode_floats(ByteInput& in, FloatSize size, std::size_t stride, std::span<std::uint64_t> out);

}  // namespace zbag
