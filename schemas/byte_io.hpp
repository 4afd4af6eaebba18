// Little-endian numbers, varints and bounded reading, as blocks are made of them (FORMAT.md).
//
// Writing appends and never fails. Reading is of strangers' bytes: every take checks before it
// moves, returns false when the bytes end, and never allocates.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace zbag {

static_assert(std::endian::native == std::endian::little,
              "the format is little-endian, written as it lies");

using Bytes = std::vector<std::uint8_t>;

namespace byte_io {

template <class T>
void store(std::uint8_t*& at, T value) {
  std::memcpy(at, &value, sizeof value);
  at += sizeof value;
}

template <class T>
T load(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

inline std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}
// Differences of int64 wrap around: they are taken and undone in unsigned arithmetic.
inline std::int64_t wrapping_subtract(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t wrapping_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

inline void push_varint(Bytes& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<std::uint8_t>(value | 0x80u));
    value >>= 7;
  }
  out.push_back(static_cast<std::uint8_t>(value));
}
inline void push_zigzag(Bytes& out, std::int64_t value) { push_varint(out, zigzag(value)); }

template <class T>
void push_fixed(Bytes& out, T value) {
  const std::size_t end = out.size();
  out.resize(end + sizeof value);
  std::memcpy(out.data() + end, &value, sizeof value);
}

inline void push_bytes(Bytes& out, std::span<const std::uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

inline std::size_t varint_bytes(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1u)) + 6) / 7;
}

inline void store_varint(std::uint8_t*& at, std::uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<std::uint8_t>(value | 0x80u);
    value >>= 7;
  }
  *at++ = static_cast<std::uint8_t>(value);
}

inline void store_bytes(std::uint8_t*& at, std::span<const std::uint8_t> bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  at += bytes.size();
}

}  // namespace byte_io

// The bytes left to read. Lends them: they must outlive it.
class ByteInput {
 public:
  ByteInput() = default;
  explicit ByteInput(std::span<const std::uint8_t> bytes)
      : at_(bytes.data()), end_(at_ + bytes.size()) {}

  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  bool varint(std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ < end_; shift += 7) {
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint64_t>(byte & 0x7fu) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  // A varint no greater than `max`.
  template <class T>
  bool bounded(T& value, std::uint64_t max) {
    std::uint64_t wide = 0;
    if (!varint(wide) || wide > max) return false;
    value = static_cast<T>(wide);
    return true;
  }
  // Moves `running` on by a zigzag varint.
  bool delta(std::int64_t& running) {
    std::uint64_t value = 0;
    if (!varint(value)) return false;
    running = byte_io::wrapping_add(running, byte_io::unzigzag(value));
    return true;
  }
  template <class T>
  bool fixed(T& value) {
    if (left() < sizeof value) return false;
    value = byte_io::load<T>(at_);
    at_ += sizeof value;
    return true;
  }
  bool take(std::size_t count, std::span<const std::uint8_t>& bytes) {
    if (left() < count) return false;
    bytes = {at_, count};
    at_ += count;
    return true;
  }

 private:
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
};

}  // namespace zbag
