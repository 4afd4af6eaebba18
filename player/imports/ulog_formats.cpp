#include "player/imports/ulog_formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>
#include <utility>

#include "player/imports/utf8_text.hpp"
#include "schemas/byte_io.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kDepthMax = 64;
constexpr std::size_t kTextBytesMax = 64u << 20;  // of all formats
constexpr std::size_t kFieldsMax = 1u << 18;      // likewise

// In the order of UlogFormats::Of.
struct PlainType {
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array kPlainTypes{
    PlainType{"int8_t", 1},   PlainType{"uint8_t", 1},  PlainType{"int16_t", 2},
    PlainType{"uint16_t", 2}, PlainType{"int32_t", 4},  PlainType{"uint32_t", 4},
    PlainType{"int64_t", 8},  PlainType{"uint64_t", 8}, PlainType{"float", 4},
    PlainType{"double", 8},   PlainType{"bool", 1},     PlainType{"char", 1},
};

}  // namespace

// Writes a message as a map. REQUIRES: the bytes were counted.
class UlogDecoding {
 public:
  using Formats = UlogFormats;

  UlogDecoding(const std::vector<Formats::Type>& types, ByteInput input, std::string& out)
      : types_(types), in_(input), out_(out) {}

  // `is_message`: its timestamp is read for itself.
  void fields(const std::vector<Formats::Field>& fields, bool is_message) {
    const auto is_shown = [&](const Formats::Field& field) {
      return !field.is_padding() && !(is_message && field.is_stamp());
    };
    const auto shown = static_cast<std::uint64_t>(std::ranges::count_if(fields, is_shown));
    head([&](std::uint8_t*& at) { item::put_map(at, shown); });
    for (const Formats::Field& field : fields) {
      if (is_shown(field)) {
        item::append_text(out_, field.name);
        value(field);
      } else if (field.is_padding()) {
        skip(field);
      } else {
        stamp_us_ = take<std::uint64_t>();
      }
    }
  }

  std::optional<std::uint64_t> stamp_us() const { return stamp_us_; }

 private:
  void value(const Formats::Field& field) {
    if (field.of == Formats::Of::kChar) return text(field.count.value_or(1));
    if (!field.count) return one(field);
    head([&](std::uint8_t*& at) { item::put_array(at, *field.count); });
    for (std::size_t n = 0; n < *field.count; ++n) one(field);
  }

  void one(const Formats::Field& field) {
    switch (field.of) {
      case Formats::Of::kInt8:
        return integer<std::int8_t>();
      case Formats::Of::kUint8:
        return integer<std::uint8_t>();
      case Formats::Of::kInt16:
        return integer<std::int16_t>();
      case Formats::Of::kUint16:
        return integer<std::uint16_t>();
      case Formats::Of::kInt32:
        return integer<std::int32_t>();
      case Formats::Of::kUint32:
        return integer<std::uint32_t>();
      case Formats::Of::kInt64:
        return integer<std::int64_t>();
      case Formats::Of::kUint64:
        return integer<std::uint64_t>();
      case Formats::Of::kFloat:
        return head([bits = take<std::uint32_t>()](auto& at) { item::put_float32(at, bits); });
      case Formats::Of::kDouble:
        return head([bits = take<std::uint64_t>()](auto& at) { item::put_float64(at, bits); });
      case Formats::Of::kBool:
        return head([is = take<std::uint8_t>() != 0](auto& at) { item::put_bool(at, is); });
      case Formats::Of::kFormat:
        return fields(types_[field.type].fields, false);
      case Formats::Of::kChar:
        break;
    }
  }

  template <class T>
  void integer() {
    head([value = take<T>()](std::uint8_t*& at) {
      if constexpr (std::is_signed_v<T>)
        item::put_signed(at, value);
      else
        item::put_unsigned(at, value);
    });
  }

  void text(std::size_t size) {
    std::span<const std::uint8_t> bytes;
    if (!in_.take(size, bytes)) return;
    const std::string_view text = text_of(bytes).substr(0, text_of(bytes).find('\0'));
    item::append_text(out_, utf8_text(text));
  }

  // Padding at the end of a message need not be there.
  void skip(const Formats::Field& field) {
    std::span<const std::uint8_t> bytes;
    const std::size_t one = field.of == Formats::Of::kFormat ? types_[field.type].size
                                                             : Formats::bytes_of_one(field.of);
    static_cast<void>(in_.take(std::min(in_.left(), one * field.count.value_or(1)), bytes));
  }

  template <class T>
  T take() {
    T value{};
    static_cast<void>(in_.fixed(value));
    return value;
  }
  template <class Put>
  void head(Put put) {
    item::append_item(out_, put);
  }

  const std::vector<Formats::Type>& types_;
  ByteInput in_;
  std::string& out_;
  std::optional<std::uint64_t> stamp_us_;
};

std::size_t UlogFormats::bytes_of_one(Of of) {
  return kPlainTypes[static_cast<std::size_t>(of)].bytes;
}

// "float[4] q"
std::optional<UlogFormats::Field> UlogFormats::parse_field(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos || blank + 1 == text.size()) return std::nullopt;
  Field field{.name = utf8_text(text.substr(blank + 1))};
  std::string_view type = text.substr(0, blank);
  const std::size_t bracket = type.find('[');
  if (bracket != std::string_view::npos) {
    const char* const end = type.data() + type.size();
    std::size_t count = 0;
    const auto [stop, error] = std::from_chars(type.data() + bracket + 1, end, count);
    if (error != std::errc() || stop + 1 != end || *stop != ']' || count == 0 ||
        count > kMessageBytesMax)
      return std::nullopt;
    field.count = count;
    type = type.substr(0, bracket);
  }
  if (type.empty()) return std::nullopt;
  const auto* const plain = std::ranges::find(kPlainTypes, type, &PlainType::name);
  field.of = static_cast<Of>(plain - kPlainTypes.begin());
  if (field.of == Of::kFormat) field.format = type;
  return field;
}

Status UlogFormats::add(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (colon == std::string_view::npos || name.empty())
    return fail(ErrorCode::kInvalid, "a format without a name");
  const auto known = places_.find(name);
  if (known != places_.end() && types_[known->second].text == text) return {};
  if (known != places_.end())
    return fail(ErrorCode::kInvalid,
                fmt::format("a second format with the name {}", printable(name)));
  text_bytes_ += text.size();
  if (text_bytes_ > kTextBytesMax)
    return fail(ErrorCode::kUnsupported,
                fmt::format("formats of more than {} MiB", kTextBytesMax >> 20));
  Type type{.text = std::string(text), .fields = {}};
  for (std::string_view rest = text.substr(colon + 1); !rest.empty();) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    if (end > 0) {
      std::optional<Field> field = parse_field(rest.substr(0, end));
      if (!field)
        return fail(ErrorCode::kInvalid, fmt::format("format {}: {} is no field", printable(name),
                                                     printable(rest.substr(0, end))));
      if (++fields_ > kFieldsMax)
        return fail(ErrorCode::kUnsupported,
                    fmt::format("formats of more than {} fields", kFieldsMax));
      type.fields.push_back(std::move(*field));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  places_.emplace(name, types_.size());
  types_.push_back(std::move(type));
  return {};
}

Result<std::size_t> UlogFormats::find(std::string_view name) {
  const auto found = places_.find(name);
  if (found == places_.end())
    return fail(ErrorCode::kInvalid, fmt::format("there is no format {}", printable(name)));
  if (Status whole = resolve(found->second, 0); !whole) return tl::unexpected(whole.error());
  return found->second;
}

// What is wrong is kept: it is asked for again with every message of its name.
Status UlogFormats::resolve(std::size_t place, std::size_t depth) {
  Type& type = types_[place];
  if (type.state == Type::State::kWhole) return {};
  if (type.state == Type::State::kBroken) return fail(ErrorCode::kInvalid, type.fault);
  const std::string name = type.text.substr(0, type.text.find(':'));
  if (type.state == Type::State::kBusy || depth > kDepthMax) {
    return fail(ErrorCode::kInvalid,
                fmt::format("format {} is made of itself, or more than {} deep", printable(name),
                            kDepthMax));
  }
  type.state = Type::State::kBusy;
  std::size_t size = 0;
  for (Field& field : type.fields) {
    const Result<std::size_t> more = size_of(field, depth);
    size += more.value_or(0);
    if (!more || size > kMessageBytesMax) {
      type.state = Type::State::kBroken;
      type.fault = more ? fmt::format("format {} is larger than a message", printable(name))
                        : more.error().message;
      return fail(ErrorCode::kInvalid, type.fault);
    }
    if (!field.is_padding()) type.needed = size;
  }
  type.size = size;
  type.state = size > 0 ? Type::State::kWhole : Type::State::kBroken;
  type.fault = fmt::format("format {} is of nothing", printable(name));
  return size > 0 ? Status() : fail(ErrorCode::kInvalid, type.fault);
}

Result<std::size_t> UlogFormats::size_of(Field& field, std::size_t depth) {
  std::size_t one = 0;
  if (field.of != Of::kFormat) {
    one = bytes_of_one(field.of);
  } else {
    const auto found = places_.find(field.format);
    if (found == places_.end()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("there is no format {}", printable(field.format)));
    }
    field.type = found->second;
    if (Status whole = resolve(field.type, depth + 1); !whole) return tl::unexpected(whole.error());
    one = types_[field.type].size;
  }
  return one * field.count.value_or(1);
}

Status UlogFormats::decode(std::size_t type, std::span<const std::uint8_t> message,
                           std::string& map, std::optional<std::uint64_t>& stamp_us) const {
  const Type& format = types_[type];
  if (message.size() < format.needed) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} bytes, where its format has {}", message.size(), format.needed));
  }
  map.clear();
  UlogDecoding decoding(types_, ByteInput(message), map);
  decoding.fields(format.fields, true);
  stamp_us = decoding.stamp_us();
  return {};
}

std::optional<std::string> UlogFormats::text_of(std::size_t type, std::size_t bytes_max) const {
  std::vector<std::size_t> order{type};
  std::set<std::size_t> seen{type};
  std::string text;
  for (std::size_t n = 0; n < order.size(); ++n) {
    const Type& format = types_[order[n]];
    if (format.text.size() > bytes_max - text.size()) return std::nullopt;
    text += format.text + '\n';
    if (text.size() > bytes_max) return std::nullopt;
    for (const Field& field : format.fields) {
      if (field.of == Of::kFormat && seen.insert(field.type).second) order.push_back(field.type);
    }
  }
  return text;
}

Result<std::pair<std::string, Value>> read_ulog_value(std::string_view key,
                                                      std::span<const std::uint8_t> bytes) {
  std::optional<UlogFormats::Field> field = UlogFormats::parse_field(key);
  if (!field || field->of == UlogFormats::Of::kFormat)
    return fail(ErrorCode::kInvalid, fmt::format("{} is no type and name", printable(key)));
  const std::size_t size = UlogFormats::bytes_of_one(field->of) * field->count.value_or(1);
  if (bytes.size() < size)
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: {} bytes of {}", printable(key), bytes.size(), size));
  std::string map;
  const std::string name = std::exchange(field->name, "value");
  const std::vector<UlogFormats::Type> none;
  UlogDecoding(none, ByteInput(bytes), map).fields({*field}, false);
  Result<Fields> fields = decode_fields(bytes_of(map));
  if (!fields) return tl::unexpected(fields.error());
  return std::pair(name, std::move(fields->front().second));
}

}  // namespace zbag
