#include "recorder/refusal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/map_member.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr const char* kSend =
    "send two parts, the topic and a MessagePack map such as {\"_ts\": seconds, \"x\": 1.0}";

// The first characters, so that a sentence stays one.
std::string short_text(std::string_view text) {
  constexpr std::size_t kShown = 32;
  return printable(text.substr(0, kShown)) + (text.size() > kShown ? "..." : "");
}

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Text of any language; a str of MessagePack is none, though its bytes may look like it.
bool is_plain_text(std::string_view text) {
  const bool has_control = std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) && c != '\t' && c != '\n' &&
           c != '\r';
  });
  if (text.empty() || has_control || !is_utf8(text)) return false;
  const Bytes bytes = bytes_of(text);
  item::Cursor in(bytes);
  const bool is_item = item::skip(in) == item::Fault::kNone && in.left() == 0;
  return bytes[0] < 0x80 || text.starts_with(kByteOrderMark) || !is_item;
}

// Of protocol 2 on: a mark and the protocol, and a stop at the end.
bool looks_like_pickle(Bytes bytes) {
  return bytes.size() > 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5 &&
         bytes.back() == '.';
}

const char* type_word(item::Type type) {
  switch (type) {
    case item::Type::kMap:
      return "a map";
    case item::Type::kArray:
      return "an array";
    case item::Type::kInt:
      return "an int";
    case item::Type::kText:
      return "a str";
    case item::Type::kBinary:
      return "a bin";
    case item::Type::kFloat32:
    case item::Type::kFloat64:
      return "a float";
    case item::Type::kNil:
      return "nil";
    case item::Type::kBool:
      return "a bool";
    case item::Type::kExtension:
      return "an extension";
    default:
      return "no MessagePack";
  }
}

item::Type type_at(const item::Cursor& in) {
  return in.left() == 0 ? item::Type::kNever : item::kLeads[*in.at].type;
}

// What is there instead of a map.
std::string not_a_map_text(Bytes frame) {
  const std::string_view text = text_of(frame);
  if (text.starts_with("\x89PNG") || text.starts_with("\xff\xd8\xff"))
    return "it is a bare image; send it as a bin field of a map: {\"_ts\": seconds, \"data\": "
           "bytes}";
  if (is_plain_text(text)) {
    const std::size_t mark = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    const char first = text[text.find_first_not_of(" \t\r\n", mark) % text.size()];
    const bool is_json = first == '{' || first == '[' || first == '"';
    return fmt::format("'{}' is {}; {}", short_text(text), is_json ? "JSON text" : "plain text",
                       is_json ? "pack the same object with msgpack instead of json"
                               : "send a MessagePack map: {\"_ts\": seconds, \"text\": \"...\"}");
  }
  return fmt::format(
      "it is {}; send a map of named fields: {{\"_ts\": seconds, \"values\": [...]}}",
      type_word(type_at(item::Cursor(frame))));
}

// The first key that is not a str, in maps at any depth.
std::optional<item::Cursor> bad_key_of(Bytes frame) {
  item::Cursor in(frame);
  return item::skip(in) == item::Fault::kBadKey ? std::optional(in) : std::nullopt;
}

std::string bad_key_text(Bytes frame) {
  std::optional<item::Cursor> at = bad_key_of(frame);
  if (!at) return "a key of a map is not a str; send str keys";
  std::uint64_t bits = 0;
  bool above_signed = false;
  Bytes bytes;
  if (item::take_int(*at, bits, above_signed)) {
    return above_signed ? fmt::format("a key is the int {0}; keys are str: send \"{0}\"", bits)
                        : fmt::format("a key is the int {0}; keys are str: send \"{0}\"",
                                      static_cast<std::int64_t>(bits));
  }
  if (!item::take_binary(*at, bytes))
    return fmt::format("a key is {}; keys are str", type_word(type_at(*at)));
  const std::string_view name = text_of(bytes);
  if (name == "nd" || name == "type" || name == "kind" || name == "shape" || name == "complex") {
    return "a field looks like an array of msgpack-numpy, whose keys are bin; send array.tolist(), "
           "or array.tobytes() with shape and dtype beside it";
  }
  return fmt::format(
      "the key '{0}' is a bin; keys are str: pack with use_bin_type=True and send "
      "\"{0}\"",
      short_text(name));
}

// A number of seconds of about today, in a finer unit.
const char* unit_of(double number) {
  const double size = std::abs(number);
  if (size >= 1e11 && size < 1e14) return "milliseconds; send seconds: _ts / 1e3";
  if (size >= 1e14 && size < 1e17) return "microseconds; send seconds: _ts / 1e6";
  if (size >= 1e17 && size < 1e20) return "nanoseconds; send seconds: _ts / 1e9";
  return nullptr;
}

std::string number_stamp_text(const std::string& shown, double number) {
  if (const char* const unit = unit_of(number))
    return fmt::format("_ts is {}, which looks like {}", shown, unit);
  return fmt::format("_ts is {}, which is no time; send seconds since 1970", shown);
}

bool looks_like_iso(std::string_view text) {
  const auto digits = [&](std::size_t from, std::size_t count) {
    return text.size() >= from + count &&
           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from),
                       text.begin() + static_cast<std::ptrdiff_t>(from + count),
                       [](char c) { return c >= '0' && c <= '9'; });
  };
  return digits(0, 4) && text.size() >= 10 && text[4] == '-' && digits(5, 2) && text[7] == '-' &&
         digits(8, 2);
}

// A map with "sec" and "nanosec", or "secs" and "nsecs", in any order; or both numbers as a list.
bool looks_like_ros(Bytes value) {
  if (const std::optional<MapBytes> map = open_map(value)) {
    PairWalk walk(map->pairs, map->count);
    while (const std::optional<PairBytes> pair = walk.next()) {
      if (pair->name == "sec" || pair->name == "secs") return true;
    }
    return false;
  }
  item::Cursor in(value);
  std::uint32_t count = 0;
  std::uint64_t bits = 0;
  bool above_signed = false;
  return item::take_array(in, count) && count == 2 && item::take_int(in, bits, above_signed) &&
         item::take_int(in, bits, above_signed);
}

std::string bad_stamp_text(Bytes value) {
  item::Cursor in(value);
  std::uint64_t bits = 0;
  bool above_signed = false;
  Bytes text;
  if (item::take_text(in, text)) {
    return fmt::format("_ts is the str '{}'{}; send seconds since 1970 as a float",
                       short_text(text_of(text)),
                       looks_like_iso(text_of(text))
                           ? ", which looks like ISO 8601 (datetime.timestamp() gives a float)"
                           : "");
  }
  if (looks_like_ros(value)) {
    return fmt::format(
        "_ts is {}, which looks like a time of ROS; send one float: sec + nanosec * 1e-9",
        type_word(type_at(in)));
  }
  if (item::take_float64(in, bits))
    return number_stamp_text(fmt::format("{}", std::bit_cast<double>(bits)),
                             std::bit_cast<double>(bits));
  if (item::take_float32(in, bits)) {
    const auto number = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    return number_stamp_text(fmt::format("{}", number), number);
  }
  if (item::take_int(in, bits, above_signed)) {
    const auto number = static_cast<std::int64_t>(bits);
    return above_signed ? number_stamp_text(fmt::format("{}", bits), static_cast<double>(bits))
                        : number_stamp_text(fmt::format("{}", number), static_cast<double>(number));
  }
  return fmt::format("_ts is {}; send seconds since 1970 as a float", type_word(type_at(in)));
}

// The value of `_ts`; the whole frame where there is none. REQUIRES: a scan came as far.
Bytes stamp_of(Bytes frame) {
  const std::optional<MapBytes> map = open_map(frame);
  if (!map) return frame;
  return find_member(*map, "_ts").value_or(frame);
}

std::string reason_text(Refusal refusal, std::string_view topic, Bytes frame,
                        std::size_t more_bytes) {
  switch (refusal) {
    case Refusal::kNotAMap:
      return not_a_map_text(frame);
    case Refusal::kTrailingBytes:
      if (looks_like_pickle(frame))
        return "it looks like a pickle of Python; pack the same object with msgpack instead";
      return "there are bytes behind its map; send one map a message";
    case Refusal::kDuplicateKey:
      return "a key is there twice; send each field once";
    case Refusal::kBadTimestamp:
      return bad_stamp_text(stamp_of(frame));
    case Refusal::kBadName: {
      const char* const fault = track_name_fault(plain_name(topic));
      return fmt::format("the name {}; a name is like robot/arm/imu",
                         fault == nullptr ? "is none" : fault);
    }
    case Refusal::kTooDeep:
      return fmt::format("maps and arrays are more than {} deep", item::kDepthMax);
    case Refusal::kTooLarge:
      return fmt::format("it has {} bytes{}; a frame has at most {}", frame.size() + more_bytes,
                         more_bytes > 0 ? " in all its parts" : "", kFrameBytesMax);
    case Refusal::kTruncated:
      return frame.empty() ? fmt::format("it is empty; {}", kSend)
                           : "it ends in the middle of a value; send the map whole";
    case Refusal::kBadKey:
      return bad_key_text(frame);
    case Refusal::kBadType:
      return "it has the byte 0xc1, which MessagePack never uses; it is no MessagePack";
    case Refusal::kNothingToInherit:
      return "_ts is -1, the stamp used last, and none of this publisher is known; send a stamp "
             "first, and a _src";
    case Refusal::kNoTimestamp:
      return "it has no _ts, which --timestamps require asks for";
    case Refusal::kLate:
      return "its point is written already, and --late-merge is reject";
    case Refusal::kTooManyTracks:
      return "there are as many tracks as a recording may have";
    case Refusal::kBadMessage:
    case Refusal::kOnePart:
      return fmt::format("a message of one part has no frame; {}", kSend);
    case Refusal::kTooManyItems:
      return "it holds more values than --max-items; send large arrays as bin, such as "
             "array.tobytes()";
  }
  return {};
}

}  // namespace

std::string refusal_text(Refusal refusal, std::string_view topic, Bytes frame,
                         std::size_t more_bytes) {
  if (refusal == Refusal::kOnePart) {
    return fmt::format("'{}' was refused ({}): {}", short_text(topic), refusal_name(refusal),
                       reason_text(refusal, topic, frame, more_bytes));
  }
  return fmt::format("track {}: a frame was refused ({}): {}", printable(topic),
                     refusal_name(refusal), reason_text(refusal, topic, frame, more_bytes));
}

std::string float32_text(std::string_view track, double stamp) {
  const auto coarse = static_cast<float>(stamp);
  const double step = std::nextafter(std::abs(coarse), HUGE_VALF) - std::abs(coarse);
  return fmt::format(
      "track {}: many frames have one stamp, {}: _ts is a float32, which can not "
      "tell times less than {} s apart there; send a float64",
      track, seconds_text(stamp), step);
}

}  // namespace zbag
