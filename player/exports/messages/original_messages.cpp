#include "player/exports/messages/original_messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "player/exports/messages/cdr_sink.hpp"
#include "player/exports/messages/field_value.hpp"
#include "player/messages/message_type.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/map_member.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using field_value::Item;

Scalar scalar_of(MemberType type) {
  switch (type) {
    case MemberType::kBool:
      return Scalar::kBool;
    case MemberType::kInt8:
      return Scalar::kInt8;
    case MemberType::kUint8:
    case MemberType::kByte:
      return Scalar::kUint8;
    case MemberType::kInt16:
      return Scalar::kInt16;
    case MemberType::kUint16:
      return Scalar::kUint16;
    case MemberType::kInt32:
      return Scalar::kInt32;
    case MemberType::kUint32:
      return Scalar::kUint32;
    case MemberType::kInt64:
      return Scalar::kInt64;
    case MemberType::kUint64:
      return Scalar::kUint64;
    case MemberType::kFloat32:
      return Scalar::kFloat32;
    case MemberType::kFloat64:
      return Scalar::kFloat64;
    case MemberType::kText:
      return Scalar::kString;
    case MemberType::kTime:
    case MemberType::kDuration:
      return Scalar::kTime;
    case MemberType::kMessage:
      return Scalar::kMessage;
  }
  return Scalar::kMessage;
}

bool is_bytes(const LayoutMember& member) {
  return member.is_list() &&
         (member.type == MemberType::kUint8 || member.type == MemberType::kByte);
}

std::string type_name(const MessageLayout& layout, const LayoutMember& member) {
  if (member.type == MemberType::kMessage) return layout.types[member.message].name;
  if (member.type == MemberType::kDuration) return "builtin_interfaces/Duration";
  if (member.type == MemberType::kByte) return member.is_list() ? "byte" : "int8";
  return type_text({.scalar = scalar_of(member.type)});
}

std::string members_text(const MessageLayout& layout, const MessageLayout::Type& type) {
  std::string text;
  for (const LayoutMember& member : type.members) {
    const std::string count = !member.is_list() ? ""
                              : member.count == LayoutMember::kMany
                                  ? "[]"
                                  : fmt::format("[{}]", member.count);
    text += fmt::format("{}{} {}\n", type_name(layout, member), count, member.name);
  }
  return text;
}

// As ROS 2 writes down what a definition of ROS 1 says.
std::string ros2_definition(const MessageLayout& layout) {
  const std::string border(80, '=');
  std::string text = members_text(layout, layout.types.front());
  std::set<std::string> times;
  for (std::size_t i = 0; i < layout.types.size(); ++i) {
    const MessageLayout::Type& type = layout.types[i];
    for (const LayoutMember& member : type.members) {
      const bool is_time = member.type == MemberType::kTime || member.type == MemberType::kDuration;
      if (is_time) times.insert(type_name(layout, member));
    }
    if (i > 0)
      text += fmt::format("{}\nMSG: {}\n{}", border, type.name, members_text(layout, type));
  }
  for (const std::string& name : times) {
    const char* const seconds = "int32 sec\nuint32 nanosec\n";
    text += fmt::format("{}\nMSG: {}\n{}", border, name, seconds);
  }
  return text;
}

class Writing {
 public:
  Writing(const MessageLayout& layout, std::string& out)
      : layout_(layout), out_(out), begin_(out.size()), sink_(out) {}

  // An empty `value`: it is not there.
  Status message(std::size_t type, Item value) {
    const std::vector<LayoutMember>& members = layout_.types[type].members;
    // A message without members has one that no definition shows.
    if (members.empty()) sink_.write_int(Scalar::kUint8, 0, false);
    for (const LayoutMember& member : members) {
      if (Status written = this->member(member, member_of(value, member.name)); !written)
        return written;
    }
    if (out_.size() - begin_ <= kFrameBytesMax) return {};
    return fail(ErrorCode::kInvalid, "a message of more than 64 MiB");
  }

 private:
  Status member(const LayoutMember& member, Item value) {
    if (is_bytes(member)) return bytes(member, value);
    if (!member.is_list()) return one(member, value);
    item::Cursor in(value);
    std::uint32_t count = 0;
    if (!value.empty() && !item::take_array(in, count)) return misfit(member, value);
    const bool is_fixed = member.count != LayoutMember::kMany;
    if (is_fixed && !value.empty() && count != member.count) return misfit(member, value);
    const std::size_t wanted = is_fixed ? member.count : count;
    sink_.begin_list(wanted, is_fixed);
    for (std::size_t i = 0; i < wanted; ++i) {
      Item element;
      if (!value.empty() && !item::take_whole(in, element)) return misfit(member, value);
      if (Status written = one(member, element); !written) return written;
      if (out_.size() - begin_ > kFrameBytesMax)
        return fail(ErrorCode::kInvalid, "a message of more than 64 MiB");
    }
    return {};
  }

  Status bytes(const LayoutMember& member, Item value) {
    item::Cursor in(value);
    std::span<const std::uint8_t> given;
    if (!value.empty() && !item::take_binary(in, given)) return misfit(member, value);
    if (member.count == LayoutMember::kMany) {
      sink_.write_bytes(given);
      return {};
    }
    const bool is_whole =
        value.empty() ? member.count <= kFrameBytesMax : given.size() == member.count;
    if (!is_whole) return misfit(member, value);
    if (value.empty())
      out_.append(member.count, '\0');
    else
      out_ += text_of(given);
    return {};
  }

  Status one(const LayoutMember& member, Item value) {
    const Scalar scalar = scalar_of(member.type);
    if (scalar == Scalar::kMessage) {
      if (!value.empty() && !open_map(value)) return misfit(member, value);
      return message(member.message, value);
    }
    if (scalar == Scalar::kString) {
      item::Cursor in(value);
      std::span<const std::uint8_t> text;
      if (!value.empty() && !item::take_text(in, text)) return misfit(member, value);
      sink_.write_text(text_of(text));
      return {};
    }
    if (scalar == Scalar::kTime) return time(member, value);
    if (scalar == Scalar::kFloat32 || scalar == Scalar::kFloat64) {
      const std::optional<double> number =
          value.empty() ? std::optional(0.0) : field_value::number_of(value);
      if (!number) return misfit(member, value);
      sink_.write_float(scalar, *number);
      return {};
    }
    const auto number =
        value.empty() ? std::optional(field_value::Int{}) : field_value::int_of(value);
    const bool is_byte = member.type == MemberType::kByte;
    const bool fits = number && (field_value::fits(scalar, *number) ||
                                 (is_byte && field_value::fits(Scalar::kInt8, *number)));
    if (!fits) return misfit(member, value);
    sink_.write_int(scalar, number->bits, number->is_above_int64);
    return {};
  }

  Status time(const LayoutMember& member, Item value) {
    const std::optional<std::int64_t> ns =
        value.empty() ? std::optional<std::int64_t>(0) : field_value::time_of(value);
    if (!ns) return misfit(member, value);
    sink_.write_time(*ns);
    return {};
  }

  tl::unexpected<Error> misfit(const LayoutMember& member, Item value) const {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("{} takes {}{}, not {}", printable(member.name), type_name(layout_, member),
                    member.is_list() ? "[]" : "", value.empty() ? "nothing" : type_text(value)));
  }

  const MessageLayout& layout_;
  std::string& out_;
  const std::size_t begin_;
  CdrSink sink_;
};

// Of headers, where ROS 2 has none. Whether there was one.
bool drop_seq(MessageLayout& layout) {
  std::size_t dropped = 0;
  for (MessageLayout::Type& type : layout.types) {
    if (type.name != "std_msgs/Header") continue;
    dropped += std::erase_if(type.members, [](const auto& one) { return one.name == "seq"; });
  }
  return dropped > 0;
}

// "sensor_msgs/Imu" is "sensor_msgs/msg/Imu".
std::string ros2_name(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || name.find('/', slash + 1) != std::string::npos) return name;
  return name.substr(0, slash) + "/msg" + name.substr(slash);
}

}  // namespace

Result<OriginalMessages> OriginalMessages::of(const OriginalSchema& original, RosForm form) {
  if (original.encoding != "ros1msg" && original.encoding != "ros2msg")
    return fail(ErrorCode::kUnsupported, "its messages were none of ROS");
  Result<MessageLayout> layout = parse_definition(original.name, original.text);
  if (!layout) return tl::unexpected(layout.error());
  OriginalMessages made;
  if (form == RosForm::kForRos2 && original.encoding == "ros1msg")
    made.has_lost_seq_ = drop_seq(*layout);
  made.name_ = ros2_name(original.name);
  made.definition_ = original.encoding == "ros2msg" ? original.text : ros2_definition(*layout);
  made.layout_ = std::move(*layout);
  return made;
}

Status OriginalMessages::write(std::span<const std::uint8_t> map, std::string& out) const {
  return Writing(layout_, out).message(0, map);
}

bool OriginalMessages::has_member(std::string_view field) const {
  return std::ranges::any_of(layout_.types.front().members,
                             [&](const LayoutMember& member) { return member.name == field; });
}

}  // namespace zbag
