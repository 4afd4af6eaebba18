// The one MessagePack grammar (msgpack spec, Formats): what an item's first byte says, and single
// items read from bytes; put_item.hpp writes them. Nobody else knows first bytes.
//
// take_*() read bytes of strangers: they return false, having moved by nothing the caller may rely
// on, when the item is of another type or the bytes end; nothing outside [at, end) is read, nothing
// is allocated.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>

namespace zbag::item {

enum class Type : std::uint8_t {
  kNever,  // the one byte MessagePack never uses
  kMap,
  kArray,
  kInt,  // from here on no container
  kText,
  kBinary,
  kFloat32,
  kFloat64,
  kNil,
  kBool,
  kExtension
};

// What an item's first byte says of it.
struct Lead {
  Type type;
  std::uint8_t head;    // bytes before what it holds: this one, a length, the type of an extension
  std::uint8_t length;  // how many of them say a length or count: 0, 1, 2 or 4
  std::uint8_t held;    // where none does: bytes behind the head; of containers items or pairs
};

inline constexpr std::uint8_t kNil = 0xc0;
inline constexpr std::uint8_t kFalse = 0xc2;
inline constexpr std::uint8_t kTrue = 0xc3;
inline constexpr std::uint8_t kBinary8 = 0xc4;     // and 16, 32 behind it, as all that follow
inline constexpr std::uint8_t kExtension8 = 0xc7;  // and the rest
inline constexpr std::uint8_t kFloat32 = 0xca;
inline constexpr std::uint8_t kFloat64 = 0xcb;
inline constexpr std::uint8_t kUint8 = 0xcc;
inline constexpr std::uint8_t kInt8 = 0xd0;
inline constexpr std::uint8_t kFixExtension1 = 0xd4;  // 2, 4, 8, 16
inline constexpr std::uint8_t kText8 = 0xd9;
inline constexpr std::uint8_t kArray16 = 0xdc;
inline constexpr std::uint8_t kMap16 = 0xde;
inline constexpr std::uint8_t kFixMap = 0x80;  // the low bits count
inline constexpr std::uint8_t kFixArray = 0x90;
inline constexpr std::uint8_t kFixText = 0xa0;
inline constexpr std::uint8_t kFixNegative = 0xe0;  // from here to 0xff: -32 to -1

constexpr Lead lead_of(unsigned byte) {
  const auto fixed = [](Type type, unsigned head, unsigned held) {
    return Lead{type, static_cast<std::uint8_t>(head), 0, static_cast<std::uint8_t>(held)};
  };
  // Of 1 << `power` bytes of length, and `more` behind them.
  const auto sized = [](Type type, unsigned power, unsigned more = 0) {
    const unsigned length = 1u << power;
    return Lead{type, static_cast<std::uint8_t>(1 + length + more),
                static_cast<std::uint8_t>(length), 0};
  };
  if (byte < kFixMap || byte >= kFixNegative) return fixed(Type::kInt, 1, 0);
  if (byte < kFixArray) return fixed(Type::kMap, 1, byte - kFixMap);
  if (byte < kFixText) return fixed(Type::kArray, 1, byte - kFixArray);
  if (byte < kNil) return fixed(Type::kText, 1, byte - kFixText);
  if (byte == kNil) return fixed(Type::kNil, 1, 0);
  if (byte == kFalse || byte == kTrue) return fixed(Type::kBool, 1, 0);
  if (byte < kBinary8) return fixed(Type::kNever, 1, 0);
  if (byte < kExtension8) return sized(Type::kBinary, byte - kBinary8);
  if (byte < kFloat32) return sized(Type::kExtension, byte - kExtension8, 1);
  if (byte == kFloat32) return fixed(Type::kFloat32, 1, 4);
  if (byte == kFloat64) return fixed(Type::kFloat64, 1, 8);
  if (byte < kFixExtension1) return fixed(Type::kInt, 1, 1u << (byte & 3u));
  if (byte < kText8) return fixed(Type::kExtension, 2, 1u << (byte - kFixExtension1));
  if (byte < kArray16) return sized(Type::kText, byte - kText8);
  if (byte < kMap16) return sized(Type::kArray, byte - kArray16 + 1);
  return sized(Type::kMap, byte - kMap16 + 1);
}

inline constexpr std::array<Lead, 256> kLeads = [] {
  std::array<Lead, 256> leads{};
  for (unsigned byte = 0; byte < leads.size(); ++byte) leads[byte] = lead_of(byte);
  return leads;
}();

// The bits of a first byte that say what the item is and how long; the others are its value.
inline std::uint8_t kind_bits(std::uint8_t lead) {
  if (lead < kFixMap) return 0x80;
  if (lead >= kFixNegative) return 0xe0;
  return lead == kFalse || lead == kTrue ? 0xfe : 0xff;
}

// A big-endian number, wherever it lies.
template <class T>
T load_be(const std::uint8_t* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
  return value;
}

// The bytes left to read.
struct Cursor {
  const std::uint8_t* at;
  const std::uint8_t* end;

  explicit Cursor(std::span<const std::uint8_t> bytes) : at(bytes.data()), end(at + bytes.size()) {}
  std::size_t left() const { return static_cast<std::size_t>(end - at); }
  bool is_at(Type type) const { return at < end && kLeads[*at].type == type; }
  // Moves over what a head has spoken of.
  bool take(std::size_t size, std::span<const std::uint8_t>& bytes) {
    if (left() < size) return false;
    bytes = {at, size};
    at += size;
    return true;
  }
};

// The head of any item, of which `held` bytes, items or pairs follow.
inline bool take_head(Cursor& in, Type& type, std::uint32_t& held) {
  if (in.left() == 0) return false;
  const Lead lead = kLeads[*in.at];
  if (in.left() < lead.head) return false;
  type = lead.type;
  held = lead.length == 0   ? lead.held
         : lead.length == 1 ? in.at[1]
         : lead.length == 2 ? load_be<std::uint16_t>(in.at + 1)
                            : load_be<std::uint32_t>(in.at + 1);
  in.at += lead.head;
  return true;
}
inline bool take_head_of(Type wanted, Cursor& in, std::uint32_t& held) {
  Type type = Type::kNever;
  return in.is_at(wanted) && take_head(in, type, held);
}
inline bool take_map(Cursor& in, std::uint32_t& pairs) {
  return take_head_of(Type::kMap, in, pairs);
}
inline bool take_array(Cursor& in, std::uint32_t& count) {
  return take_head_of(Type::kArray, in, count);
}
// The head and all that it speaks of, or nothing.
inline bool take_bytes_of(Type wanted, Cursor& in, std::span<const std::uint8_t>& bytes) {
  Cursor ahead = in;
  std::uint32_t size = 0;
  if (!take_head_of(wanted, ahead, size) || !ahead.take(size, bytes)) return false;
  in = ahead;
  return true;
}
inline bool take_text(Cursor& in, std::span<const std::uint8_t>& bytes) {
  return take_bytes_of(Type::kText, in, bytes);
}
inline bool take_binary(Cursor& in, std::span<const std::uint8_t>& bytes) {
  return take_bytes_of(Type::kBinary, in, bytes);
}
inline bool take_extension(Cursor& in, std::int8_t& type, std::span<const std::uint8_t>& bytes) {
  if (!take_bytes_of(Type::kExtension, in, bytes)) return false;
  type = static_cast<std::int8_t>(bytes.data()[-1]);  // the last byte of its head
  return true;
}

// As two's complement, and whether it is to be read as unsigned: only above INT64_MAX does it
// matter.
inline bool take_int(Cursor& in, std::uint64_t& bits, bool& above_signed) {
  above_signed = false;
  if (in.left() == 0) return false;
  const std::uint8_t lead = *in.at;
  const auto sign = [&](auto value) {
    bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
  };
  if (lead < kFixMap || lead >= kFixNegative) {
    sign(static_cast<std::int8_t>(lead));
    ++in.at;
    return true;
  }
  if (lead < kUint8 || lead >= kFixExtension1) return false;
  const std::size_t size = std::size_t{1} << (lead & 3u);
  if (in.left() < 1 + size) return false;
  const std::uint8_t* const from = in.at + 1;
  in.at += 1 + size;
  switch (lead) {
    case kUint8:
      bits = *from;
      break;
    case kUint8 + 1:
      bits = load_be<std::uint16_t>(from);
      break;
    case kUint8 + 2:
      bits = load_be<std::uint32_t>(from);
      break;
    case kUint8 + 3:
      bits = load_be<std::uint64_t>(from);
      above_signed = bits >> 63 != 0;
      break;
    case kInt8:
      sign(static_cast<std::int8_t>(*from));
      break;
    case kInt8 + 1:
      sign(static_cast<std::int16_t>(load_be<std::uint16_t>(from)));
      break;
    case kInt8 + 2:
      sign(static_cast<std::int32_t>(load_be<std::uint32_t>(from)));
      break;
    default:
      bits = load_be<std::uint64_t>(from);
      break;
  }
  return true;
}
// An int in one of its unsigned forms.
inline bool take_unsigned(Cursor& in, std::uint64_t& value) {
  bool above_signed = false;
  const bool is_unsigned = in.left() > 0 && (*in.at < kFixMap || (*in.at & 0xfcu) == kUint8);
  return is_unsigned && take_int(in, value, above_signed);
}
inline bool take_float64(Cursor& in, std::uint64_t& bits) {
  if (in.left() < 9 || *in.at != kFloat64) return false;
  bits = load_be<std::uint64_t>(in.at + 1);
  in.at += 9;
  return true;
}
inline bool take_float32(Cursor& in, std::uint64_t& bits) {
  if (in.left() < 5 || *in.at != kFloat32) return false;
  bits = load_be<std::uint32_t>(in.at + 1);
  in.at += 5;
  return true;
}
// An int or a float of any size, as a double.
inline bool take_number(Cursor& in, double& number) {
  std::uint64_t bits = 0;
  bool above_signed = false;
  if (take_float64(in, bits)) {
    number = std::bit_cast<double>(bits);
  } else if (take_float32(in, bits)) {
    number = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  } else if (take_int(in, bits, above_signed)) {
    number = above_signed ? static_cast<double>(bits)
                          : static_cast<double>(static_cast<std::int64_t>(bits));
  } else {
    return false;
  }
  return true;
}
inline bool take_bool(Cursor& in, std::uint64_t& value) {
  if (!in.is_at(Type::kBool)) return false;
  value = *in.at++ == kTrue ? 1 : 0;
  return true;
}
inline bool take_nil(Cursor& in) {
  if (!in.is_at(Type::kNil)) return false;
  ++in.at;
  return true;
}

// Why an item cannot be passed over.
enum class Fault : std::uint8_t { kNone, kTruncated, kTooDeep, kBadKey, kBadType, kTooMany };
inline constexpr int kDepthMax = 32;
// Passes over a whole item with all it holds, keys of maps being texts. `depth` containers are open
// around it. No recursion; linear in the bytes. At kBadKey `in` is at the key.
Fault skip(Cursor& in, int depth = 0);
// The same, as long as what containers hold, keys counted apart, is no more than `items_left`, from
// which it is taken.
Fault skip(Cursor& in, int depth, std::uint64_t& items_left);
// The same, with its bytes.
bool take_whole(Cursor& in, std::span<const std::uint8_t>& bytes);

}  // namespace zbag::item
