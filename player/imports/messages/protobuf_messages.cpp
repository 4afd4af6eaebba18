#include "player/imports/messages/protobuf_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <vector>

#include "player/imports/messages/own_stamp.hpp"
#include "player/imports/messages/protobuf_schema.hpp"
#include "player/imports/messages/protobuf_wire.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

// Whether a field of the type is written so; numbers of a list also behind each other.
WireType wire_of(ProtobufType type) {
  switch (type) {
    case ProtobufType::kDouble:
    case ProtobufType::kFixed64:
    case ProtobufType::kSfixed64:
      return WireType::kFixed64;
    case ProtobufType::kFloat:
    case ProtobufType::kFixed32:
    case ProtobufType::kSfixed32:
      return WireType::kFixed32;
    case ProtobufType::kText:
    case ProtobufType::kMessage:
    case ProtobufType::kBytes:
      return WireType::kBytes;
    case ProtobufType::kGroup:
      return WireType::kGroup;
    default:
      return WireType::kVarint;
  }
}

bool take_number(ByteInput& in, WireType wire, std::uint64_t& value) {
  if (wire == WireType::kVarint) return in.varint(value);
  if (wire == WireType::kFixed64) return in.fixed(value);
  std::uint32_t half = 0;
  if (!in.fixed(half)) return false;
  value = half;
  return true;
}

class Decoding {
 public:
  using Item = std::span<const std::uint8_t>;

  Decoding(const ProtobufSchema& schema, std::size_t values_max, std::string& out)
      : schema_(schema), left_(values_max), out_(out) {}

  // `parts`: of one message, which are as good as one behind the other.
  bool message(std::size_t type, std::span<const Item> parts, int depth) {
    const ProtobufSchema::Message& message = schema_.messages[type];
    if (message.known != ProtobufSchema::Known::kNone) return time(parts);
    if (depth > item::kDepthMax) return refuse("it is nested deeper than 32");
    Written written;
    if (!collect(message, parts, written)) return false;
    std::size_t count = 0;
    for (std::size_t i = 0; i < message.fields.size(); ++i)
      count += is_there(message.fields[i], written.fields[i]) ? 1u : 0u;
    head([&](std::uint8_t*& at) { item::put_map(at, count); });
    for (std::size_t i = 0; i < message.fields.size(); ++i) {
      const ProtobufField& field = message.fields[i];
      if (!is_there(field, written.fields[i])) continue;
      if (out_.size() > kFrameBytesMax) return refuse("it is larger than a frame may be");
      text(bytes_of(field.name));
      if (!this->field(field, written.fields[i], depth)) {
        refuse(fmt::format("it does not fit its definition at {}.{}", printable(message.name),
                           printable(field.name)));
        return false;
      }
    }
    return out_.size() <= kFrameBytesMax || refuse("it is larger than a frame may be");
  }

  const std::string& why() const { return why_; }
  bool has_unknown() const { return has_unknown_; }

 private:
  // What is written of each field, in order.
  struct Written {
    std::vector<std::vector<WireField>> fields;
    std::vector<std::size_t> of_oneof;  // which of its fields is set
  };

  static bool is_there(const ProtobufField& field, const std::vector<WireField>& written) {
    return !written.empty() || field.is_list || !field.may_be_absent;
  }

  // What is of no field, or of another type, belongs to a later version and is read over.
  bool collect(const ProtobufSchema::Message& message, std::span<const Item> parts,
               Written& written) {
    if (!counts(std::max(message.fields.size(), message.oneofs))) return false;
    written.fields.resize(message.fields.size());
    written.of_oneof.assign(message.oneofs, SIZE_MAX);
    for (const Item part : parts) {
      ByteInput in(part);
      WireField one;
      while (in.left() > 0) {
        if (!take_wire_field(in, one)) return refuse("it is not whole");
        const auto found = message.by_number.find(one.number);
        if (found == message.by_number.end()) {
          has_unknown_ = true;
          continue;
        }
        const ProtobufField& field = message.fields[found->second];
        const WireType wire = wire_of(field.type);
        const bool is_packed =
            field.is_list && one.wire == WireType::kBytes && wire != WireType::kGroup;
        if (one.wire != wire && !is_packed) {
          has_unknown_ = true;
          continue;
        }
        if (field.oneof != ProtobufField::kNoOneof) set_oneof(found->second, field.oneof, written);
        auto& of_field = written.fields[found->second];
        if (!field.is_list && !field.is_message()) of_field.clear();  // the last one counts
        const bool is_one_more = field.is_list || !of_field.empty();
        if (is_one_more && !counts(1)) return false;
        of_field.push_back(one);
      }
    }
    return true;
  }

  static void set_oneof(std::size_t field, std::size_t oneof, Written& written) {
    std::size_t& set = written.of_oneof[oneof];
    if (set != field && set != SIZE_MAX) written.fields[set].clear();
    set = field;
  }

  bool field(const ProtobufField& field, const std::vector<WireField>& written, int depth) {
    if (field.is_map) return map(field, written, depth);
    if (field.is_list) return list(field, written, depth);
    if (!field.is_message()) return one(field, written.empty() ? WireField{} : written.back());
    std::vector<Item> parts;
    for (const WireField& part : written) parts.push_back(part.bytes);
    return message(field.of, parts, depth + 1);
  }

  // The numbers that stand behind each other in one field count as so many.
  bool list(const ProtobufField& field, const std::vector<WireField>& written, int depth) {
    const WireType wire = wire_of(field.type);
    std::vector<WireField> all;
    for (const WireField& one : written) {
      if (one.wire == wire) {
        all.push_back(one);
        continue;
      }
      ByteInput in(one.bytes);
      WireField number;
      number.wire = wire;
      while (in.left() > 0) {
        if (!take_number(in, wire, number.value) || !counts(1)) return false;
        all.push_back(number);
      }
    }
    head([&](std::uint8_t*& at) { item::put_array(at, all.size()); });
    return std::ranges::all_of(all, [&](const WireField& one) {
      return field.is_message() ? message(field.of, {&one.bytes, 1}, depth + 2)
                                : this->one(field, one);
    });
  }

  // Of several entries of a key the last one counts.
  bool map(const ProtobufField& field, const std::vector<WireField>& written, int depth) {
    const ProtobufSchema::Message& entry = schema_.messages[field.of];
    const auto key = entry.by_number.find(1);
    const auto value = entry.by_number.find(2);
    if (key == entry.by_number.end() || value == entry.by_number.end()) return false;
    std::map<std::string, std::vector<WireField>> entries;
    for (const WireField& one : written) {
      Written parts;
      if (!collect(entry, {&one.bytes, 1}, parts)) return false;
      const auto& keys = parts.fields[key->second];
      entries.insert_or_assign(
          key_text(entry.fields[key->second], keys.empty() ? WireField{} : keys.back()),
          std::move(parts.fields[value->second]));
    }
    head([&](std::uint8_t*& at) { item::put_map(at, entries.size()); });
    return std::ranges::all_of(entries, [&](const auto& one) {
      text(bytes_of(one.first));
      return this->field(entry.fields[value->second], one.second, depth + 1);
    });
  }

  static std::string key_text(const ProtobufField& field, const WireField& key) {
    if (field.type == ProtobufType::kText) return std::string(text_of(key.bytes));
    if (field.type == ProtobufType::kBool) return key.value != 0 ? "true" : "false";
    if (is_unsigned(field.type)) return std::to_string(key.value);
    return std::to_string(signed_of(field.type, key.value));
  }

  static bool is_unsigned(ProtobufType type) {
    return type == ProtobufType::kUint64 || type == ProtobufType::kFixed64 ||
           type == ProtobufType::kUint32 || type == ProtobufType::kFixed32;
  }
  static std::int64_t signed_of(ProtobufType type, std::uint64_t bits) {
    switch (type) {
      case ProtobufType::kSint32:
      case ProtobufType::kSint64:
        return byte_io::unzigzag(bits);
      case ProtobufType::kInt64:
      case ProtobufType::kSfixed64:
        return static_cast<std::int64_t>(bits);
      default:
        return static_cast<std::int32_t>(bits);
    }
  }

  bool one(const ProtobufField& field, const WireField& written) {
    const std::uint64_t bits = written.value;
    switch (field.type) {
      case ProtobufType::kDouble:
        head([&](std::uint8_t*& at) { item::put_float64(at, bits); });
        return true;
      case ProtobufType::kFloat:
        head([&](std::uint8_t*& at) { item::put_float32(at, static_cast<std::uint32_t>(bits)); });
        return true;
      case ProtobufType::kBool:
        head([&](std::uint8_t*& at) { item::put_bool(at, bits != 0); });
        return true;
      case ProtobufType::kText:
        text(written.bytes);
        return true;
      case ProtobufType::kBytes:
        head([&](std::uint8_t*& at) { item::put_binary(at, written.bytes.size()); });
        out_ += text_of(written.bytes);
        return true;
      case ProtobufType::kEnum:
        return enumeration(schema_.enums[field.of], written);
      default:
        head([&](std::uint8_t*& at) { put_integer(at, field.type, bits); });
        return true;
    }
  }

  static void put_integer(std::uint8_t*& at, ProtobufType type, std::uint64_t bits) {
    const bool is_narrow = type == ProtobufType::kUint32 || type == ProtobufType::kFixed32;
    if (is_narrow) return item::put_unsigned(at, static_cast<std::uint32_t>(bits));
    if (is_unsigned(type)) return item::put_unsigned(at, bits);
    item::put_signed(at, signed_of(type, bits));
  }

  bool enumeration(const ProtobufSchema::Enum& of, const WireField& written) {
    const bool is_default = written.number == 0 && written.value == 0;
    const std::int32_t number =
        is_default && !of.names.contains(0) ? of.first : static_cast<std::int32_t>(written.value);
    const auto name = of.names.find(number);
    if (name == of.names.end())
      head([&](std::uint8_t*& at) { item::put_signed(at, number); });
    else
      text(bytes_of(name->second));
    return true;
  }

  // google.protobuf.Timestamp or Duration: seconds and nanoseconds.
  bool time(std::span<const Item> parts) {
    std::int64_t seconds = 0;
    std::int64_t rest = 0;
    for (const Item part : parts) {
      ByteInput in(part);
      WireField one;
      while (in.left() > 0) {
        if (!take_wire_field(in, one)) return refuse("it is not whole");
        if (one.wire != WireType::kVarint) continue;
        if (one.number == 1) seconds = static_cast<std::int64_t>(one.value);
        if (one.number == 2) rest = static_cast<std::int32_t>(one.value);
      }
    }
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(seconds, kNsPerSecond, &ns) || __builtin_add_overflow(ns, rest, &ns))
      return refuse("a time that 64 bits of nanoseconds do not hold");
    head([&](std::uint8_t*& at) { item::put_signed(at, ns); });
    return true;
  }

  bool counts(std::size_t values) {
    if (values > left_) return refuse("it has more values than a frame may have");
    left_ -= values;
    return true;
  }
  // The first reason is what is told.
  bool refuse(std::string why) {
    if (why_.empty()) why_ = std::move(why);
    return false;
  }

  void text(Item bytes) {
    head([&](std::uint8_t*& at) { item::put_text(at, bytes.size()); });
    out_ += text_of(bytes);
  }
  template <class Put>
  void head(Put put) {
    std::uint8_t bytes[item::kHeadMax];
    std::uint8_t* at = bytes;
    put(at);
    out_ += text_of({bytes, at});
  }

  const ProtobufSchema& schema_;
  std::size_t left_;  // of the values that a message may have
  std::string& out_;
  std::string why_;
  bool has_unknown_ = false;  // fields that the definition does not have so
};

class ProtobufMessages : public PayloadDecoder {
 public:
  ProtobufMessages(ProtobufSchema schema, std::size_t values_max)
      : schema_(std::move(schema)), values_max_(values_max) {
    for (const ProtobufField& field : schema_.messages[schema_.root].fields) {
      has_timestamp_ |= field.name == "timestamp" && field.is_message() && !field.is_list &&
                        schema_.messages[field.of].known == ProtobufSchema::Known::kTimestamp;
    }
  }

  Status decode(std::span<const std::uint8_t> message, std::string& map,
                std::optional<std::int64_t>& stamp_ns) override {
    map.clear();
    stamp_ns.reset();
    Decoding decoding(schema_, values_max_, map);
    if (!decoding.message(schema_.root, {&message, 1}, 1))
      return fail(ErrorCode::kInvalid, decoding.why());
    has_unknown_ = has_unknown_ || decoding.has_unknown();
    stamp_ns = own_stamp_of(bytes_of(map), has_timestamp_);
    return {};
  }
  std::string passed_over() const override { return has_unknown_ ? "fields" : ""; }

 private:
  const ProtobufSchema schema_;
  const std::size_t values_max_;
  bool has_timestamp_ = false;  // a field `timestamp` that is one
  bool has_unknown_ = false;
};

}  // namespace

Result<std::unique_ptr<PayloadDecoder>> protobuf_decoder(const OriginalSchema& schema,
                                                         std::size_t values_max) {
  Result<ProtobufSchema> parsed = parse_descriptors(schema.name, schema.text);
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->messages[parsed->root].known != ProtobufSchema::Known::kNone)
    return fail(ErrorCode::kUnsupported, "messages that are a time alone are not read");
  return std::make_unique<ProtobufMessages>(std::move(*parsed), values_max);
}

}  // namespace zbag
