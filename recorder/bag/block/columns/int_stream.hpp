// A sequence of 64-bit integers as few bytes: what every numeric column ends as (FORMAT.md, Integer
// streams).
//
// The encoder measures what differences and packing would cost and takes the cheapest, or what was
// the cheapest in the blocks before; it looks at each value a few times and allocates nothing once
// its buffers have grown. All arithmetic wraps
// around 2^64, so every bit pattern survives, signed or unsigned.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "schemas/byte_io.hpp"

namespace zbag {

// What the bytes meet afterwards: an entropy coder (zstd) makes little of sparse byte planes that
// lz4 or nothing would leave as they are.
enum class Squeeze : std::uint8_t { kPack, kEntropy };

// The form a stream was given when all of them were compared last.
struct StreamHabit {
  std::uint8_t form = 0;  // the stream's first byte
  std::size_t count = 0;  // of the values; 0: nothing is known
  std::size_t bytes = 0;  // they took
};

// The habits of a sequence of streams that is encoded again and again, block after block. Not
// thread-safe.
class StreamHabits {
 public:
  void forget() { habits_.clear(); }
  // Goes to the stream number `at`.
  void go_to(std::size_t at) { at_ = at; }
  // The next one's; lent until the next call.
  StreamHabit& next() {
    if (at_ >= habits_.size()) habits_.resize(at_ + 1);
    return habits_[at_++];
  }

 private:
  std::vector<StreamHabit> habits_;
  std::size_t at_ = 0;
};

// What is known about the streams to encode before their values are looked at.
struct StreamAdvice {
  StreamAdvice(Squeeze wanted) : squeeze(wanted) {}
  StreamAdvice(Squeeze wanted, StreamHabits& known) : squeeze(wanted), habits(&known) {}

  Squeeze squeeze;
  StreamHabits* habits = nullptr;  // every stream takes the next; nullptr: there are none
};

// Not thread-safe; reused from column to column.
class IntStreamEncoder {
 public:
  // Appends `values` to `out`. `stride` is how many values a point has, 1 when that varies: arrays
  // of equal length are also tried element by element against the point before. A habit is
  // followed without a look at the other forms as long as it serves as well as when it was formed.
  // REQUIRES: stride > 0 divides the number of values.
  void encode(std::span<const std::uint64_t> values, std::size_t stride, StreamAdvice advice,
              Bytes& out);

 private:
  struct Plan;
  bool follow(const StreamHabit& habit, std::span<const std::uint64_t> values, std::size_t stride,
              Squeeze squeeze, Bytes& out);
  void choose(std::span<const std::uint64_t> values, std::size_t stride, Squeeze squeeze,
              Bytes& out);
  Plan plan_numbers(std::span<const std::uint64_t> values, std::size_t stride, Squeeze squeeze);
  std::span<const std::uint64_t> residuals(std::span<const std::uint64_t> values, const Plan& plan,
                                           std::vector<std::uint64_t>& room) const;
  void write_numbers(std::span<const std::uint64_t> values, const Plan& plan, Bytes& out);
  bool find_distinct(std::span<const std::uint64_t> values);
  void write_dictionary(std::span<const std::uint64_t> values, Squeeze squeeze, Bytes& out);

  std::vector<std::uint64_t> residuals_;
  std::vector<std::uint64_t> distinct_;  // ascending
  std::vector<std::uint64_t> codes_;
};

// Fills `out` with the stream at `in`, `stride` as it was encoded with. False when the bytes are
// no such stream. REQUIRES: stride > 0 divides out.size().
bool decode_ints(ByteInput& in, std::size_t stride, std::span<std::uint64_t> out);

}  // namespace zbag
