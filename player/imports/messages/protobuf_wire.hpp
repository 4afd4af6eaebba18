// The encoding of Protocol Buffers (protobuf.dev/programming-guides/encoding), field by field.
//
//   ByteInput in(message);
//   while (in.left() > 0 && take_wire_field(in, field)) ...
//
// Pure; for bytes of strangers.
#pragma once

#include <cstdint>
#include <span>

#include "schemas/byte_io.hpp"

namespace zbag {

enum class WireType : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,  // a text, bytes, a message, or numbers behind each other
  kGroup = 3,  // a message between two marks
  kGroupEnd = 4,
  kFixed32 = 5,
};

struct WireField {
  std::uint32_t number = 0;
  WireType wire{};
  std::uint64_t value = 0;              // of the numbers, as their bits
  std::span<const std::uint8_t> bytes;  // of the others; a view
};

// False: malformed, or the bytes end before it does.
bool take_wire_field(ByteInput& in, WireField& field);

}  // namespace zbag
