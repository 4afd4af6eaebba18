// When two values are the same, as `zbag diff` has it.
//
// Without a tolerance: of one type and equal, as same_value() (map_bytes.hpp) has it: ints however
// they are encoded, floats by their bits (0.0 is not -0.0), pairs of maps in any order. But every
// NaN is every other of its size. With a tolerance numbers of all types (int, float32, float64), in
// lists and maps, too, are the same when they lie no further apart than that: 1 and 1.0 do at a
// tolerance of 0. NaN is then the same as NaN of any size, and as no number.
//
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "recorder/bag/block/columns/column_set.hpp"

namespace zbag {

// An int or a float as columns hold it (ColumnValues).
struct NumberBits {
  ColumnType type = ColumnType::kInt;  // kInt, kFloat32 or kFloat64
  std::uint64_t bits = 0;
  bool is_above_int64 = false;  // of ints: `bits` is unsigned
};

// How far apart; NaN: one of them is NaN.
double distance_of(const NumberBits& a, const NumberBits& b);
// The same of two items that are numbers, or lists of one length: by the numbers in them that lie
// farthest apart. NaN: there are none. REQUIRES: both were validated, or are empty.
double distance_of(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b);

class Likeness {
 public:
  // `tolerance` is absolute. REQUIRES: it is not negative, nor NaN.
  explicit Likeness(std::optional<double> tolerance) : tolerance_(tolerance) {}

  bool are_alike(const NumberBits& a, const NumberBits& b) const;
  // REQUIRES: whole items, both validated.
  bool are_alike(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) const;

 private:
  std::optional<double> tolerance_;
};

}  // namespace zbag
