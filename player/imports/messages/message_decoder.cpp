#include "player/imports/messages/message_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    value = aligned_number<T>();
    return true;
  }
  // REQUIRES: it is there, and where it is aligned.
  template <class T>
  T aligned_number() {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    at += sizeof value;
    return is_big_endian ? swapped(value) : value;
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

// A string that is written to where it lies, since most of what goes into it is a few bytes long.
class Output {
 public:
  // `expected`: bytes that it will have, about.
  Output(std::string& bytes, std::size_t expected) : bytes_(bytes) { bytes_.resize(expected); }

  // Where up to `size` bytes may go; wrote() says up to where they did.
  std::uint8_t* room(std::size_t size) {
    if (bytes_.size() - used_ < size) bytes_.resize(std::max(2 * bytes_.size(), used_ + size));
    return begin() + used_;
  }
  void wrote(const std::uint8_t* end) { used_ = static_cast<std::size_t>(end - begin()); }
  template <class Put>
  void head(Put put) {
    std::uint8_t* at = room(item::kHeadMax);
    put(at);
    wrote(at);
  }
  void append(std::span<const std::uint8_t> bytes) {
    wrote(std::copy(bytes.begin(), bytes.end(), room(bytes.size())));
  }
  std::size_t size() const { return used_; }
  void finish() { bytes_.resize(used_); }

 private:
  std::uint8_t* begin() { return reinterpret_cast<std::uint8_t*>(bytes_.data()); }

  std::string& bytes_;
  std::size_t used_ = 0;
};

class Decoding {
 public:
  Decoding(const MessageLayout& layout, MessageInput input, std::size_t values_max, Output& out)
      : layout_(layout), in_(input), left_(values_max), out_(out) {}

  bool message(std::size_t type) {
    const std::vector<LayoutMember>& members = layout_.types[type].members;
    out_.head([&](std::uint8_t*& at) { item::put_map(at, members.size()); });
    for (const LayoutMember& member : members) {
      text(
          std::span(reinterpret_cast<const std::uint8_t*>(member.name.data()), member.name.size()));
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
    if (!member.is_list()) return values(member, 1);
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
    out_.head([&](std::uint8_t*& at) { item::put_array(at, count); });
    return values(member, count);
  }

  bool values(const LayoutMember& member, std::size_t count) {
    switch (member.type) {
      case MemberType::kBool:
        return numbers<std::uint8_t>(
            count, [](std::uint8_t*& at, std::uint8_t value) { item::put_bool(at, value != 0); });
      case MemberType::kInt8:
        return integers<std::int8_t, std::uint8_t>(count);
      case MemberType::kUint8:
        return integers<std::uint8_t, std::uint8_t>(count);
      case MemberType::kByte:
        return in_.align_max == 1 ? integers<std::int8_t, std::uint8_t>(count)
                                  : integers<std::uint8_t, std::uint8_t>(count);
      case MemberType::kInt16:
        return integers<std::int16_t, std::uint16_t>(count);
      case MemberType::kUint16:
        return integers<std::uint16_t, std::uint16_t>(count);
      case MemberType::kInt32:
        return integers<std::int32_t, std::uint32_t>(count);
      case MemberType::kUint32:
        return integers<std::uint32_t, std::uint32_t>(count);
      case MemberType::kInt64:
        return integers<std::int64_t, std::uint64_t>(count);
      case MemberType::kUint64:
        return integers<std::uint64_t, std::uint64_t>(count);
      case MemberType::kFloat32:
        return numbers<std::uint32_t>(count, item::put_float32);
      case MemberType::kFloat64:
        return numbers<std::uint64_t>(count, item::put_float64);
      case MemberType::kText:
        return each(count, [&] { return text(); });
      case MemberType::kTime:
      case MemberType::kDuration:
        return each(count, [&] { return time(member.type == MemberType::kTime); });
      case MemberType::kMessage:
        return each(count, [&] {
          return counts(layout_.types[member.message].members.size()) && message(member.message);
        });
    }
    return false;
  }

  template <class Take>
  bool each(std::size_t count, Take take) {
    for (std::size_t i = 0; i < count; ++i) {
      if (!take()) return false;
    }
    return true;
  }

  // A number is its bits and a byte before them at most. REQUIRES: `count` was taken from the limit
  // on values, which bounds what room is made for.
  template <class Bits, class Put>
  bool numbers(std::size_t count, Put put) {
    if (count == 0) return true;
    if (!in_.align(sizeof(Bits)) || in_.left() / sizeof(Bits) < count) return false;
    std::uint8_t* at = out_.room(count * (1 + sizeof(Bits)));
    for (std::size_t i = 0; i < count; ++i) put(at, in_.aligned_number<Bits>());
    out_.wrote(at);
    return true;
  }
  template <class T, class Bits>
  bool integers(std::size_t count) {
    return numbers<Bits>(count, [](std::uint8_t*& at, Bits bits) {
      if constexpr (std::is_signed_v<T>)
        item::put_signed(at, static_cast<T>(bits));
      else
        item::put_unsigned(at, bits);
    });
  }

  void text(std::span<const std::uint8_t> bytes) {
    out_.head([&](std::uint8_t*& at) { item::put_text(at, bytes.size()); });
    out_.append(bytes);
  }
  bool text() {
    std::uint32_t size = 0;
    std::span<const std::uint8_t> bytes;
    if (!in_.number(size) || !in_.take(size, bytes)) return false;
    if (in_.has_end_of_text && !bytes.empty() && bytes.back() == 0)
      bytes = bytes.first(bytes.size() - 1);
    text(bytes);
    return true;
  }

  bool binary(std::size_t count) {
    std::span<const std::uint8_t> bytes;
    if (!in_.take(count, bytes)) return false;
    out_.head([&](std::uint8_t*& at) { item::put_binary(at, bytes.size()); });
    out_.append(bytes);
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
    out_.head([&](std::uint8_t*& at) { item::put_signed(at, whole * kNsPerSecond + ns); });
    return true;
  }

  bool counts(std::size_t values) {
    has_too_many_ = has_too_many_ || values > left_;
    if (has_too_many_) return false;
    left_ -= values;
    return true;
  }

  const MessageLayout& layout_;
  MessageInput in_;
  std::size_t left_;  // of the values that a message may have
  Output& out_;
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
  constexpr std::size_t kNames = 512;     // bytes that they may take
  stamp_ns.reset();
  MessageInput input{.bytes = message};
  if (encoding_ == MessageEncoding::kCdr) {
    const Result<MessageInput> cdr = cdr_input(message);
    if (!cdr) return tl::unexpected(cdr.error());
    input = *cdr;
  }
  Output out(map, message.size() + message.size() / 4 + kNames);
  Decoding decoding(layout_, input, values_max_, out);
  const bool is_decoded = decoding.message(0);
  out.finish();
  if (is_decoded) {
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
