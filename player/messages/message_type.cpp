#include "player/messages/message_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "player/messages/message_definitions.hpp"
#include "schemas/check.hpp"

namespace zbag {
namespace {

struct ScalarName {
  Scalar scalar;
  const char* name;
  const char* json;
};
constexpr std::array kScalars{
    ScalarName{Scalar::kBool, "bool", "boolean"},
    ScalarName{Scalar::kInt8, "int8", "integer"},
    ScalarName{Scalar::kUint8, "uint8", "integer"},
    ScalarName{Scalar::kInt16, "int16", "integer"},
    ScalarName{Scalar::kUint16, "uint16", "integer"},
    ScalarName{Scalar::kInt32, "int32", "integer"},
    ScalarName{Scalar::kUint32, "uint32", "integer"},
    ScalarName{Scalar::kInt64, "int64", "integer"},
    ScalarName{Scalar::kUint64, "uint64", "integer"},
    ScalarName{Scalar::kFloat32, "float32", "number"},
    ScalarName{Scalar::kFloat64, "float64", "number"},
    ScalarName{Scalar::kString, "string", "string"},
    ScalarName{Scalar::kTime, "builtin_interfaces/Time", "object"},
};

const ScalarName& name_of(Scalar scalar) {
  return *std::find_if(kScalars.begin(), kScalars.end(),
                       [&](const ScalarName& one) { return one.scalar == scalar; });
}

struct AbsentName {
  const char* name;
  Absent absent;
};
constexpr std::array kAbsent{
    AbsentName{"", Absent::kZero},
    AbsentName{"1", Absent::kOne},
    AbsentName{"nan", Absent::kNan},
    AbsentName{"optional", Absent::kLeftOut},
    AbsentName{"infinite", Absent::kInfinite},
    AbsentName{"right", Absent::kRight},
    AbsentName{"left", Absent::kLeft},
    AbsentName{"beams", Absent::kBeamAngle},
    AbsentName{"rows", Absent::kRowBytes},
    AbsentName{"points", Absent::kPoints},
    AbsentName{"unknown", Absent::kUnknown},
};

Absent absent_of(std::string_view word) {
  const auto* const found = std::find_if(kAbsent.begin(), kAbsent.end(),
                                         [&](const AbsentName& one) { return one.name == word; });
  ZBAG_CHECK(found != kAbsent.end());
  return found->absent;
}

// Up to the next blank, and what is behind it.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

// Types that `type` is made of, each once, behind those in `found`.
void find_parts(const MessageType& type, std::vector<const MessageType*>& found, bool& has_time) {
  for (const MessageMember& member : type.members) {
    has_time |= member.scalar == Scalar::kTime;
    if (member.type == nullptr) continue;
    if (std::find(found.begin(), found.end(), member.type) != found.end()) continue;
    found.push_back(member.type);
    find_parts(*member.type, found, has_time);
  }
}

std::string members_text(const MessageType& type) {
  std::string text;
  for (const MessageMember& member : type.members) {
    text += fmt::format("{} {}\n", type_text(member), member.name);
  }
  return text;
}

std::string schema_of(const MessageType& type);

std::string schema_of(const MessageMember& member) {
  if (member.is_bytes()) return R"({"type":"string","contentEncoding":"base64"})";
  std::string one = member.type != nullptr
                        ? schema_of(*member.type)
                        : fmt::format(R"({{"type":"{}"}})", name_of(member.scalar).json);
  if (member.scalar == Scalar::kTime) {
    one = R"({"type":"object","title":"time","properties":)"
          R"({"sec":{"type":"integer"},"nsec":{"type":"integer"}}})";
  }
  return member.is_list() ? fmt::format(R"({{"type":"array","items":{}}})", one) : one;
}

std::string schema_of(const MessageType& type) {
  std::string members;
  for (const MessageMember& member : type.members) {
    if (!members.empty()) members += ',';
    members += fmt::format(R"("{}":{})", member.name, schema_of(member));
  }
  return fmt::format(R"({{"type":"object","title":"{}","properties":{{{}}}}})", type.name, members);
}

}  // namespace

MessageTypes::MessageTypes() {
  for (const MessageDefinition& definition : message_definitions())
    add(definition.name, definition.members);
}

const MessageType* MessageTypes::find(std::string_view name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : &found->second;
}

const MessageType& MessageTypes::at(std::string_view name) const {
  const MessageType* const found = find(name);
  ZBAG_CHECK(found != nullptr);
  return *found;
}

// Lines of TYPE NAME [WORD], a word being what an absent member is.
void MessageTypes::add(std::string_view name, std::string_view definition) {
  MessageType type{std::string(name), {}};
  while (!definition.empty()) {
    const std::size_t end = std::min(definition.find('\n'), definition.size());
    std::string_view line = definition.substr(0, end);
    definition.remove_prefix(std::min(end + 1, definition.size()));
    std::string_view of = take_word(line);
    MessageMember member{.name = std::string(take_word(line))};
    member.absent = absent_of(line);
    if (const std::size_t at = of.find('['); at != std::string_view::npos) {
      member.count = MessageMember::kMany;
      std::from_chars(of.data() + at + 1, of.data() + of.size(), member.count);
      of = of.substr(0, at);
    }
    const auto* const scalar = std::find_if(kScalars.begin(), kScalars.end(),
                                            [&](const ScalarName& one) { return one.name == of; });
    if (scalar != kScalars.end()) {
      member.scalar = scalar->scalar;
    } else {
      member.type = &at(of);
    }
    type.members.push_back(std::move(member));
  }
  types_.emplace(type.name, std::move(type));
}

std::string type_text(const MessageMember& member) {
  std::string text = member.type != nullptr ? member.type->name : name_of(member.scalar).name;
  if (member.count == MessageMember::kMany)
    text += "[]";
  else if (member.is_list())
    text += fmt::format("[{}]", member.count);
  return text;
}

std::string ros_name(const MessageType& type) {
  const std::size_t at = type.name.find('/');
  return type.name.substr(0, at) + "/msg" + type.name.substr(at);
}

std::string ros_definition(const MessageType& type) {
  const std::string border(80, '=');
  std::vector<const MessageType*> parts;
  bool has_time = false;
  find_parts(type, parts, has_time);
  std::string text = members_text(type);
  for (const MessageType* const part : parts)
    text += fmt::format("{}\nMSG: {}\n{}", border, part->name, members_text(*part));
  if (has_time) {
    text += fmt::format("{}\nMSG: {}\nint32 sec\nuint32 nanosec\n", border,
                        name_of(Scalar::kTime).name);
  }
  return text;
}

std::string json_schema_of_type(const MessageType& type) { return schema_of(type); }

}  // namespace zbag
