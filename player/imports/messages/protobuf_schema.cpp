#include "player/imports/messages/protobuf_schema.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "player/imports/messages/protobuf_wire.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kCountMax = 65'536;
constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kNameMax = 1'024;  // of a type, with what is around it
constexpr std::size_t kScopesMax = 64;

// Numbers of fields of descriptor.proto.
constexpr std::uint32_t kSetFile = 1;
constexpr std::uint32_t kFilePackage = 2;
constexpr std::uint32_t kFileMessage = 4;
constexpr std::uint32_t kFileEnum = 5;
constexpr std::uint32_t kFileSyntax = 12;
constexpr std::uint32_t kMessageName = 1;
constexpr std::uint32_t kMessageField = 2;
constexpr std::uint32_t kMessageNested = 3;
constexpr std::uint32_t kMessageEnum = 4;
constexpr std::uint32_t kMessageOptions = 7;
constexpr std::uint32_t kMessageOneof = 8;
constexpr std::uint32_t kOptionsMapEntry = 7;
constexpr std::uint32_t kEnumName = 1;
constexpr std::uint32_t kEnumValue = 2;
constexpr std::uint32_t kValueName = 1;
constexpr std::uint32_t kValueNumber = 2;
constexpr std::uint32_t kFieldName = 1;
constexpr std::uint32_t kFieldNumber = 3;
constexpr std::uint32_t kFieldLabel = 4;
constexpr std::uint32_t kFieldType = 5;
constexpr std::uint32_t kFieldTypeName = 6;
constexpr std::uint32_t kFieldOneof = 9;
constexpr std::uint64_t kLabelRepeated = 3;

using Item = std::span<const std::uint8_t>;

// Calls `take` with every field of a message; false: one is malformed, or not taken.
template <class Take>
bool each_field(Item message, Take take) {
  ByteInput in(message);
  WireField field;
  while (in.left() > 0) {
    if (!take_wire_field(in, field) || !take(field)) return false;
  }
  return true;
}

std::string_view text_in(Item message, std::uint32_t number) {
  std::string_view text;
  each_field(message, [&](const WireField& field) {
    if (field.number == number) text = text_of(field.bytes);
    return true;
  });
  return text;
}

std::string name_within(const std::string& scope, std::string_view name) {
  return scope.empty() ? std::string(name) : fmt::format("{}.{}", scope, name);
}

class Parser {
 public:
  Result<ProtobufSchema> parse(std::string_view name, Item set) {
    const bool is_whole = each_field(
        set, [&](const WireField& field) { return field.number != kSetFile || file(field.bytes); });
    if (!is_whole) {
      return fail(ErrorCode::kInvalid, has_too_many_
                                           ? "a FileDescriptorSet of too many or too deep types"
                                           : "no FileDescriptorSet");
    }
    if (Status linked = link(); !linked) return tl::unexpected(linked.error());
    const auto root = messages_.find(std::string(name));
    if (root == messages_.end()) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("its schema does not say what {} is", printable(name)));
    }
    schema_.root = root->second;
    return std::move(schema_);
  }

 private:
  // A field's type by its name, which may be said further behind.
  struct Link {
    std::size_t message;
    std::size_t field;
    std::string type;
  };

  bool file(Item bytes) {
    const std::string package(text_in(bytes, kFilePackage));
    if (!fits(package)) return false;
    has_presence_ = text_in(bytes, kFileSyntax) != "proto3";
    return each_field(bytes, [&](const WireField& field) {
      if (field.number == kFileMessage) return message(field.bytes, package, 0);
      return field.number != kFileEnum || enumeration(field.bytes, package);
    });
  }

  bool counts(std::size_t count) {
    has_too_many_ = has_too_many_ || count >= kCountMax;
    return !has_too_many_;
  }
  bool fits(const std::string& name) {
    has_too_many_ = has_too_many_ || name.size() > kNameMax;
    return !has_too_many_;
  }

  bool message(Item bytes, const std::string& scope, std::size_t depth) {
    has_too_many_ = has_too_many_ || depth > kDepthMax;
    if (!counts(schema_.messages.size())) return false;
    const std::string name = name_within(scope, text_in(bytes, kMessageName));
    if (!fits(name)) return false;
    const std::size_t at = schema_.messages.size();
    schema_.messages.push_back({.name = name});
    messages_.emplace(name, at);
    if (name == "google.protobuf.Timestamp")
      schema_.messages[at].known = ProtobufSchema::Known::kTimestamp;
    if (name == "google.protobuf.Duration")
      schema_.messages[at].known = ProtobufSchema::Known::kDuration;
    return each_field(bytes, [&](const WireField& field) {
      switch (field.number) {
        case kMessageField:
          return this->field(field.bytes, at);
        case kMessageNested:
          return message(field.bytes, name, depth + 1);
        case kMessageEnum:
          return enumeration(field.bytes, name);
        case kMessageOneof:
          return counts(schema_.messages[at].oneofs++);
        case kMessageOptions:
          return each_field(field.bytes, [&](const WireField& option) {
            if (option.number == kOptionsMapEntry)
              schema_.messages[at].is_map_entry = option.value != 0;
            return true;
          });
        default:
          return true;
      }
    });
  }

  bool enumeration(Item bytes, const std::string& scope) {
    if (!counts(schema_.enums.size())) return false;
    std::string name = name_within(scope, text_in(bytes, kEnumName));
    if (!fits(name)) return false;
    enums_.emplace(std::move(name), schema_.enums.size());
    ProtobufSchema::Enum& made = schema_.enums.emplace_back();
    return each_field(bytes, [&](const WireField& field) {
      if (field.number != kEnumValue) return true;
      if (!counts(enum_values_++)) return false;
      std::int32_t number = 0;
      const bool is_whole = each_field(field.bytes, [&](const WireField& of_value) {
        if (of_value.number == kValueNumber) number = static_cast<std::int32_t>(of_value.value);
        return true;
      });
      if (made.names.empty()) made.first = number;
      made.names.emplace(number, text_in(field.bytes, kValueName));
      return is_whole;
    });
  }

  bool field(Item bytes, std::size_t message) {
    if (!counts(fields_++)) return false;
    ProtobufField made;
    std::string type;
    std::uint64_t type_number = 0;
    const bool is_whole = each_field(bytes, [&](const WireField& field) {
      if (field.number == kFieldName) made.name = text_of(field.bytes);
      if (field.number == kFieldNumber) made.number = static_cast<std::uint32_t>(field.value);
      if (field.number == kFieldLabel) made.is_list = field.value == kLabelRepeated;
      if (field.number == kFieldType) type_number = field.value;
      if (field.number == kFieldTypeName) type = text_of(field.bytes);
      if (field.number == kFieldOneof) made.oneof = field.value;
      return true;
    });
    constexpr auto kLast = static_cast<std::uint64_t>(ProtobufType::kSint64);
    if (!is_whole || type_number > kLast || (type_number == 0 && type.empty())) return false;
    if (!fits(type)) return false;
    made.type = static_cast<ProtobufType>(type_number);
    made.may_be_absent = has_presence_ || made.oneof != ProtobufField::kNoOneof;
    ProtobufSchema::Message& of = schema_.messages[message];
    const bool is_named = made.is_message() || made.type == ProtobufType::kEnum || type_number == 0;
    if (is_named) links_.push_back({message, of.fields.size(), std::move(type)});
    of.by_number.emplace(made.number, of.fields.size());
    of.fields.push_back(std::move(made));
    return true;
  }

  Status link() {
    for (const Link& one : links_) {
      ProtobufSchema::Message& message = schema_.messages[one.message];
      ProtobufField& field = message.fields[one.field];
      if (!find_type(message.name, one.type, field)) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("its schema does not say what {} is", printable(one.type)));
      }
      if (!field.is_message()) continue;
      field.may_be_absent = true;
      field.is_map = field.is_list && schema_.messages[field.of].is_map_entry;
    }
    for (ProtobufSchema::Message& message : schema_.messages) {
      for (const ProtobufField& field : message.fields) {
        if (field.oneof != ProtobufField::kNoOneof && field.oneof >= message.oneofs)
          return fail(ErrorCode::kInvalid, "no FileDescriptorSet");
      }
    }
    return {};
  }

  // ".a.b.T" is that; "T" is of the scope that it is named in, or of one around that.
  bool find_type(std::string scope, const std::string& type, ProtobufField& field) const {
    if (type.starts_with('.')) return find_type(type.substr(1), field);
    for (std::size_t i = 0; i < kScopesMax; ++i) {
      if (find_type(name_within(scope, type), field)) return true;
      if (scope.empty()) return false;
      const std::size_t dot = scope.rfind('.');
      scope.resize(dot == std::string::npos ? 0 : dot);
    }
    return false;
  }
  bool find_type(const std::string& name, ProtobufField& field) const {
    const bool may_be_enum = field.type == ProtobufType::kEnum || !field.is_message();
    const auto message = messages_.find(name);
    const auto enumeration = enums_.find(name);
    if (field.type != ProtobufType::kEnum && message != messages_.end()) {
      if (!field.is_message()) field.type = ProtobufType::kMessage;
      field.of = message->second;
      return true;
    }
    if (!may_be_enum || enumeration == enums_.end()) return false;
    field.type = ProtobufType::kEnum;
    field.of = enumeration->second;
    return true;
  }

  ProtobufSchema schema_;
  std::map<std::string, std::size_t> messages_;
  std::map<std::string, std::size_t> enums_;
  std::vector<Link> links_;
  std::size_t fields_ = 0;
  std::size_t enum_values_ = 0;
  bool has_presence_ = false;  // of fields of the file that is read
  bool has_too_many_ = false;
};

}  // namespace

Result<ProtobufSchema> parse_descriptors(std::string_view name, std::string_view descriptors) {
  return Parser().parse(name, bytes_of(descriptors));
}

}  // namespace zbag
