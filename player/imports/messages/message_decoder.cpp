#include "player/imports/messages/message_decoder.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "schemas/frame_scan.hpp"
#include "schemas/put_item.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// The bytes of a message, with the rules that its numbers lie by.
struct MessageInput {
  std::span<const std::uint8_t> bytes;  // alignment counts from their begin
  std::size_t at = 0;
  std::size_t align_max = 1;  // 1: numbers lie behind each other
  bool is_big_endian = false;
  bool has_end_of_text = false;  // a text has a zero behind it, which its length counts

  std::size_t left() const { return bytes.size() - at; }
  bool align(std::size_t size) {
    const std::size_t to = std::min(size, align_max);
    const std::size_t aligned = (at + to - 1) / to * to;
    if (aligned > bytes.size()) return false;
    at = aligned;
    return true;
  }
  template <class T>
  bool number(T& value) {
    if (!align(sizeof value) || left() < sizeof value) return false;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
    if (is_big_endian) value = swapped(value);
    return true;
  }
  bool take(std::size_t size, std::span<const std::uint8_t>& taken) {
    if (left() < size) return false;
    taken = bytes.subspan(at, size);
    at += size;
    return true;
  }

  template <class T>
  static T swapped(T value) {
    if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
    if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
    return value;
  }
};

class Decoding {
 public:
  Decoding(const MessageLayout& layout, MessageInput input, std::size_t values_max,
           std::string& out)
      : layout_(layout), in_(input), left_(values_max), out_(out) {}

  bool message(std::size_t type) {
    const std::vector<LayoutMember>& members = layout_.types[type].members;
    head([&](std::uint8_t*& at) { item::put_map(at, members.size()); });
    for (const LayoutMember& member : members) {
      const std::span name(reinterpret_cast<const std::uint8_t*>(member.name.data()),
                           member.name.size());
      head([&](std::uint8_t*& at) { item::put_text(at, name.size()); });
      append(name);
      // Lists of messages that are nothing are as long as their names.
      has_too_many_ = has_too_many_ || out_.size() > kFrameBytesMax;
      if (has_too_many_ || !this->member(member)) {
        if (place_.empty()) place_ = layout_.types[type].name + '.' + member.name;
        return false;
      }
    }
    // A message without members has one that no definition shows.
    std::uint8_t ignored = 0;
    return !members.empty() || in_.align_max == 1 || in_.number(ignored);
  }

  const std::string& place() const { return place_; }
  std::size_t left() const { return in_.left(); }
  bool has_too_many() const { return has_too_many_; }

 private:
  bool member(const LayoutMember& member) {
    if (!member.is_list()) return one(member);
    std::size_t count = member.count;
    if (count == LayoutMember::kMany) {
      std::uint32_t size = 0;
      if (!in_.number(size)) return false;
      count = size;
    }
    if (member.type == MemberType::kUint8 || member.type == MemberType::kByte) return binary(count);
    if (count > UINT32_MAX || !counts(count)) return false;
    // No list is longer than what is left, but one of messages that are nothing.
    if (member.type != MemberType::kMessage && count > in_.left()) return false;
    head([&](std::uint8_t*& at) { item::put_array(at, count); });
    for (std::size_t i = 0; i < count; ++i) {
      if (!one(member)) return false;
    }
    return true;
  }

  bool one(const LayoutMember& member) {
    switch (member.type) {
      case MemberType::kBool:
        return number<std::uint8_t>(
            [](std::uint8_t*& at, std::uint8_t value) { item::put_bool(at, value != 0); });
      case MemberType::kInt8:
        return integer<std::int8_t, std::uint8_t>();
      case MemberType::kUint8:
        return integer<std::uint8_t, std::uint8_t>();
      case MemberType::kByte:
        return in_.align_max == 1 ? integer<std::int8_t, std::uint8_t>()
                                  : integer<std::uint8_t, std::uint8_t>();
      case MemberType::kInt16:
        return integer<std::int16_t, std::uint16_t>();
      case MemberType::kUint16:
        return integer<std::uint16_t, std::uint16_t>();
      case MemberType::kInt32:
        return integer<std::int32_t, std::uint32_t>();
      case MemberType::kUint32:
        return integer<std::uint32_t, std::uint32_t>();
      case MemberType::kInt64:
        return integer<std::int64_t, std::uint64_t>();
      case MemberType::kUint64:
        return integer<std::uint64_t, std::uint64_t>();
      case MemberType::kFloat32:
        return number<std::uint32_t>(item::put_float32);
      case MemberType::kFloat64:
        return number<std::uint64_t>(item::put_float64);
      case MemberType::kText:
        return text();
      case MemberType::kTime:
      case MemberType::kDuration:
        return time(member.type == MemberType::kTime);
      case MemberType::kMessage:
        return counts(layout_.types[member.message].members.size()) && message(member.message);
    }
    return false;
  }

  template <class Bits, class Put>
  bool number(Put put) {
    Bits bits{};
    if (!in_.number(bits)) return false;
    head([&](std::uint8_t*& at) { put(at, bits); });
    return true;
  }
  template <class T, class Bits>
  bool integer() {
    return number<Bits>([](std::uint8_t*& at, Bits bits) {
      if constexpr (std::is_signed_v<T>)
        item::put_signed(at, static_cast<T>(bits));
      else
        item::put_unsigned(at, bits);
    });
  }

  bool text() {
    std::uint32_t size = 0;
    std::span<const std::uint8_t> bytes;
    if (!in_.number(size) || !in_.take(size, bytes)) return false;
    if (in_.has_end_of_text && !bytes.empty() && bytes.back() == 0)
      bytes = bytes.first(bytes.size() - 1);
    head([&](std::uint8_t*& at) { item::put_text(at, bytes.size()); });
    append(bytes);
    return true;
  }

  bool binary(std::size_t count) {
    std::span<const std::uint8_t> bytes;
    if (!in_.take(count, bytes)) return false;
    head([&](std::uint8_t*& at) { item::put_binary(at, bytes.size()); });
    append(bytes);
    return true;
  }

  // ROS 1 counts the seconds of a time without a sign, ROS 2 with one.
  bool time(bool is_time) {
    std::uint32_t seconds = 0;
    std::uint32_t rest = 0;
    if (!in_.number(seconds) || !in_.number(rest)) return false;
    const bool is_unsigned = is_time && in_.align_max == 1;
    const bool has_signed_rest = !is_time && in_.align_max == 1;
    const std::int64_t whole =
        is_unsigned ? std::int64_t{seconds} : std::int64_t{static_cast<std::int32_t>(seconds)};
    const std::int64_t ns =
        has_signed_rest ? std::int64_t{static_cast<std::int32_t>(rest)} : std::int64_t{rest};
    head([&](std::uint8_t*& at) { item::put_signed(at, whole * kNsPerSecond + ns); });
    return true;
  }

  bool counts(std::size_t values) {
    has_too_many_ = has_too_many_ || values > left_;
    if (has_too_many_) return false;
    left_ -= values;
    return true;
  }

  template <class Put>
  void head(Put put) {
    item::append_item(out_, put);
  }
  void append(std::span<const std::uint8_t> bytes) {
    out_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  const MessageLayout& layout_;
  MessageInput in_;
  std::size_t left_;  // of the values that a message may have
  std::string& out_;
  std::string place_;  // of what does not fit
  bool has_too_many_ = false;
};

// The form of CDR that the first four bytes speak of.
Result<MessageInput> cdr_input(std::span<const std::uint8_t> message) {
  constexpr std::size_t kHead = 4;
  if (message.size() < kHead) return fail(ErrorCode::kInvalid, "shorter than the head of CDR");
  MessageInput input{.bytes = message.subspan(kHead), .has_end_of_text = true};
  const unsigned form = message[0] * 256u + message[1];
  input.is_big_endian = (form & 1u) == 0;
  const bool is_cdr1 = form <= 1;
  const bool is_cdr2 = form == 6 || form == 7 || form == 0x10 || form == 0x11;
  if (!is_cdr1 && !is_cdr2)
    return fail(ErrorCode::kUnsupported, fmt::format("CDR of the form {:#06x} is not read", form));
  input.align_max = is_cdr1 ? 8 : 4;
  return input;
}

// Of a header that is the first member: where its stamp lies is known then.
std::optional<std::int64_t> stamp_of(const MessageLayout& layout, MessageInput in) {
  const auto& members = layout.types.front().members;
  if (members.empty() || members.front().type != MemberType::kMessage || members.front().is_list())
    return std::nullopt;
  const MessageLayout::Type& header = layout.types[members.front().message];
  if (header.name != "std_msgs/Header") return std::nullopt;
  for (const LayoutMember& member : header.members) {
    std::uint32_t seconds = 0;
    std::uint32_t rest = 0;
    if (member.type == MemberType::kTime && !member.is_list()) {
      if (!in.number(seconds) || !in.number(rest)) return std::nullopt;
      const std::int64_t whole = in.align_max == 1
                                     ? std::int64_t{seconds}
                                     : std::int64_t{static_cast<std::int32_t>(seconds)};
      return whole * kNsPerSecond + rest;
    }
    if (member.type != MemberType::kUint32 || member.is_list() || !in.number(seconds))
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Status MessageDecoder::decode(std::span<const std::uint8_t> message, std::string& map,
                              std::optional<std::int64_t>& stamp_ns) {
  constexpr std::size_t kPaddingMax = 3;  // of CDR, up to four bytes
  map.clear();
  stamp_ns.reset();
  MessageInput input{.bytes = message};
  if (encoding_ == MessageEncoding::kCdr) {
    const Result<MessageInput> cdr = cdr_input(message);
    if (!cdr) return tl::unexpected(cdr.error());
    input = *cdr;
  }
  Decoding decoding(layout_, input, values_max_, map);
  if (decoding.message(0)) {
    stamp_ns = stamp_of(layout_, input);
    const std::size_t padding = encoding_ == MessageEncoding::kCdr ? kPaddingMax : 0;
    left_over_ = decoding.left() - std::min(decoding.left(), padding);
    return {};
  }
  if (decoding.has_too_many())
    return fail(ErrorCode::kInvalid,
                fmt::format("more than {} values, or than a frame holds", values_max_));
  return fail(ErrorCode::kInvalid,
              fmt::format("it does not fit its definition at {}", printable(decoding.place())));
}

}  // namespace zbag
