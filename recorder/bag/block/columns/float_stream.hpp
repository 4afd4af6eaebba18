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

// How the numbers of a stream stand as integers. On disk: append only.
enum class FloatMapping : std::uint8_t { kBits = 0, kNarrow = 1, kDecimal = 2, kBinary = 3 };

struct FloatForm {
  FloatMapping mapping = FloatMapping::kBits;
  std::uint8_t exponent = 0;  // of decimals and multiples of a power of two

  bool is_scaled() const { return mapping >= FloatMapping::kDecimal; }
};

// Makes `form` what `mapping` and the exponent that it asks for, from `in`, say. False: there is
// none.
bool take_form(std::uint8_t mapping, ByteInput& in, FloatForm& form);

// The integer that stands for `bits`, in the order of the numbers. False: the form has none that
// gives back the very bits; kBits has one for all. REQUIRES: of float32 not kNarrow.
bool to_integer(std::uint64_t bits, FloatSize size, const FloatForm& form, std::uint64_t& integer);
std::uint64_t from_integer(std::uint64_t integer, FloatSize size, const FloatForm& form);

// Not thread-safe; reused from column to column.
class FloatStreamEncoder {
 public:
  // Appends the values whose bits these are (of float32 in the low half). `stride` as in
  // IntStreamEncoder.
  void encode(std::span<const std::uint64_t> bits, FloatSize size, std::size_t stride,
              StreamAdvice advice, Bytes& out);

 private:
  FloatForm choose_form(std::span<const std::uint64_t> bits, FloatSize size) const;
  bool to_scaled(std::span<const std::uint64_t> bits, FloatSize size, std::size_t stride,
                 const FloatForm& form);
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
