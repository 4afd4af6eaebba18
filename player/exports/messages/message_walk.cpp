#include "player/exports/messages/message_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <string>

#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

using field_value::number_of;
using Item = MessageWalk::Item;
using Node = MessageWalk::Node;
using Reading = MessageForm::Reading;

bool is_of(Item value, item::Type type) { return item::Cursor(value).is_at(type); }
bool is_float(Scalar scalar) { return scalar == Scalar::kFloat32 || scalar == Scalar::kFloat64; }

tl::unexpected<Error> misfit(const Node& node, Item value) {
  return fail(ErrorCode::kInvalid, fmt::format("{} takes {}, not {}", node.path,
                                               type_text(*node.member), type_text(value)));
}
tl::unexpected<Error> wrong_count(const Node& node, std::size_t wanted, std::size_t given) {
  return fail(ErrorCode::kInvalid,
              fmt::format("{} takes {} values, not {}", node.path, wanted, given));
}

std::uint32_t bytes_in(Item binary) {
  item::Cursor in(binary);
  std::uint32_t size = 0;
  item::take_head_of(item::Type::kBinary, in, size);
  return size;
}
std::uint32_t values_in(Item list) {
  item::Cursor in(list);
  std::uint32_t count = 0;
  item::take_array(in, count);
  return count;
}

}  // namespace

MessageWalk::Found MessageWalk::find(const Node& node, Item point) {
  for (const MessageForm::Source& source : node.sources) {
    const Item value = field_value::at(point, source.names);
    if (!value.empty()) return {value, &source};
  }
  return {};
}

bool MessageWalk::has(const Node& node, Item point) {
  if (node.member->type == nullptr || node.member->is_list())
    return !find(node, point).value.empty();
  return std::any_of(node.members.begin(), node.members.end(),
                     [&](const Node& member) { return has(member, point); }) ||
         is_of(find(node, point).value, item::Type::kArray);
}

Item MessageWalk::find_named(const Nodes& nodes, const char* name, Item point) {
  const auto found = std::find_if(nodes.begin(), nodes.end(),
                                  [&](const Node& one) { return one.member->name == name; });
  return found == nodes.end() ? Item() : find(*found, point).value;
}

Status MessageWalk::write(const Nodes& nodes, Item point) {
  for (const Node& node : nodes) {
    const bool may_be_left_out = node.member->absent == Absent::kLeftOut && sink_.has_gaps();
    if (may_be_left_out && find(node, point).value.empty()) continue;
    sink_.begin_member(node.member->name);
    if (Status written = write_member(node, nodes, point); !written) return written;
  }
  return {};
}

Status MessageWalk::write_member(const Node& node, const Nodes& siblings, Item point) {
  if (node.member->is_bytes()) return write_bytes(node, find(node, point).value);
  if (node.member->is_list()) return write_list(node, siblings, point);
  if (node.member->type != nullptr) {
    sink_.begin_message();
    Status written = write_message(node, point);
    sink_.end_message();
    return written;
  }
  const Found found = find(node, point);
  if (!found.value.empty()) return write_scalar(node, found);
  write_absent(node, siblings, point);
  return {};
}

// By its members, as a list of them, or as a turn alone.
Status MessageWalk::write_message(const Node& node, Item point) {
  for (const MessageForm::Source& source : node.sources) {
    const Item value = field_value::at(point, source.names);
    if (value.empty() || is_of(value, item::Type::kMap)) continue;
    if (is_of(value, item::Type::kArray)) return write_positions(node, value);
    const std::optional<double> yaw = number_of(value);
    if (source.reading != Reading::kYaw || !yaw) return misfit(node, value);
    if (has(node, point)) continue;
    write_turn(node.members, *yaw);
    return {};
  }
  return write(node.members, point);
}

// A message of numbers alone: a vector, a quaternion.
Status MessageWalk::write_positions(const Node& node, Item list) {
  item::Cursor in(list);
  std::uint32_t count = 0;
  item::take_array(in, count);
  if (count != node.members.size()) return wrong_count(node, node.members.size(), count);
  for (const Node& member : node.members) {
    Item value;
    const bool is_number = member.member->type == nullptr && !member.member->is_list();
    if (!is_number || !item::take_whole(in, value)) return misfit(node, list);
    sink_.begin_member(member.member->name);
    if (Status written = write_scalar(member, {value}); !written) return written;
  }
  return {};
}

void MessageWalk::write_turn(const Nodes& quaternion, double yaw) {
  for (const Node& member : quaternion) {
    const std::string& name = member.member->name;
    sink_.begin_member(name);
    const double number = name == "z" ? std::sin(yaw / 2) : name == "w" ? std::cos(yaw / 2) : 0.0;
    sink_.write_float(member.member->scalar, number);
  }
}

Status MessageWalk::write_list(const Node& node, const Nodes& siblings, Item point) {
  if (node.member->type != nullptr) return write_messages(node, point);
  const Found found = find(node, point);
  if (found.value.empty()) {
    write_absent_list(node, siblings, point);
    return {};
  }
  item::Cursor in(found.value);
  std::uint32_t count = 0;
  if (!item::take_array(in, count)) return misfit(node, found.value);
  const bool is_fixed = node.member->count != MessageMember::kMany;
  if (is_fixed && count != node.member->count) return wrong_count(node, node.member->count, count);
  sink_.begin_list(count, is_fixed);
  for (std::uint32_t i = 0; i < count; ++i) {
    Item element;
    if (!item::take_whole(in, element)) return misfit(node, found.value);
    sink_.begin_element();
    if (Status written = write_scalar(node, {element, found.source}); !written) return written;
  }
  sink_.end_list();
  return {};
}

Status MessageWalk::write_messages(const Node& node, Item point) {
  const Item list = find(node, point).value;
  if (list.empty() && node.is_zipped) return write_zipped(node, point);
  const bool is_one = list.empty() && node.is_whole_point;
  if (!list.empty() && !is_of(list, item::Type::kArray)) return misfit(node, list);
  item::Cursor in(list);
  std::uint32_t count = is_one ? 1 : 0;
  item::take_array(in, count);
  sink_.begin_list(count, false);
  for (std::uint32_t i = 0; i < count; ++i) {
    Item element = point;
    if (!is_one && !item::take_whole(in, element)) return misfit(node, list);
    if (!is_of(element, item::Type::kMap)) return misfit(node, list);
    sink_.begin_element();
    sink_.begin_message();
    if (Status written = write(node.members, element); !written) return written;
    sink_.end_message();
  }
  sink_.end_list();
  return {};
}

// As many messages as the longest of the lists has elements; of others one may be missing, or
// empty.
Status MessageWalk::write_zipped(const Node& node, Item point) {
  struct List {
    item::Cursor in;
    std::uint32_t count;
  };
  std::vector<List> lists;
  std::uint32_t count = 0;
  for (const Node& member : node.members) {
    const Item value = find(member, point).value;
    if (!value.empty() && !is_of(value, item::Type::kArray)) return misfit(node, value);
    item::Cursor in(value);
    std::uint32_t elements = 0;
    item::take_array(in, elements);
    lists.push_back({in, elements});
    count = std::max(count, elements);
  }
  for (const List& list : lists) {
    if (list.count != 0 && list.count != count) return wrong_count(node, count, list.count);
  }
  sink_.begin_list(count, false);
  for (std::uint32_t i = 0; i < count; ++i) {
    sink_.begin_element();
    sink_.begin_message();
    for (std::size_t k = 0; k < lists.size(); ++k) {
      const Node& member = node.members[k];
      Item element;
      const bool is_there = item::take_whole(lists[k].in, element);
      if (!is_there && member.member->absent == Absent::kLeftOut && sink_.has_gaps()) continue;
      sink_.begin_member(member.member->name);
      if (!is_there) write_absent(member, node.members, {});
      Status written = is_there ? write_scalar(member, {element}) : Status();
      if (!written) return written;
    }
    sink_.end_message();
  }
  sink_.end_list();
  return {};
}

Status MessageWalk::write_bytes(const Node& node, Item value) {
  item::Cursor in(value);
  std::span<const std::uint8_t> bytes;
  if (!value.empty() && !item::take_binary(in, bytes)) return misfit(node, value);
  sink_.write_bytes(bytes);
  return {};
}

Status MessageWalk::write_scalar(const Node& node, const Found& found) {
  const Scalar scalar = node.member->scalar;
  if (scalar == Scalar::kTime) {
    const std::optional<std::int64_t> time = field_value::time_of(found.value);
    if (!time) return misfit(node, found.value);
    sink_.write_time(*time);
    return {};
  }
  if (scalar == Scalar::kString) {
    item::Cursor in(found.value);
    std::span<const std::uint8_t> text;
    if (!item::take_text(in, text)) return misfit(node, found.value);
    const bool is_picture = found.source != nullptr && found.source->reading == Reading::kPicture;
    sink_.write_text(is_picture ? field_value::picture_format_of(text_of(text)) : text_of(text));
    return {};
  }
  if (!is_float(scalar)) return write_int(node, found);
  const bool is_nil = is_of(found.value, item::Type::kNil);
  const std::optional<double> number =
      is_nil ? std::numeric_limits<double>::quiet_NaN() : number_of(found.value);
  if (!number) return misfit(node, found.value);
  sink_.write_float(scalar, found.source == nullptr ? *number : *number * found.source->factor);
  return {};
}

Status MessageWalk::write_int(const Node& node, const Found& found) {
  const Reading reading = found.source == nullptr ? Reading::kPlain : found.source->reading;
  const auto number = field_value::int_of(found.value, reading);
  if (!number) return misfit(node, found.value);
  if (!field_value::fits(node.member->scalar, *number)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} takes {}, which {} is not", node.path, type_text(*node.member),
                            number_of(found.value).value_or(0.0)));
  }
  sink_.write_int(node.member->scalar, number->bits, number->is_above_int64);
  return {};
}

void MessageWalk::write_absent(const Node& node, const Nodes& siblings, Item point) {
  const Scalar scalar = node.member->scalar;
  if (scalar == Scalar::kTime) return sink_.write_time(time_ns_);
  if (scalar == Scalar::kString) return sink_.write_text({});
  const double number = absent_number(node, siblings, point);
  if (is_float(scalar)) return sink_.write_float(scalar, number);
  sink_.write_int(scalar, static_cast<std::uint64_t>(number), false);
}

double MessageWalk::absent_number(const Node& node, const Nodes& siblings, Item point) {
  const auto named = [&](const char* name) { return find_named(siblings, name, point); };
  const auto bytes_by = [&](double number) {
    return number >= 1.0 ? std::floor(bytes_in(named("data")) / number) : 0.0;
  };
  constexpr double kQuarterTurn = std::numbers::pi / 2;
  switch (node.member->absent) {
    case Absent::kOne:
      return 1.0;
    case Absent::kNan:
      return std::numeric_limits<double>::quiet_NaN();
    case Absent::kInfinite:
      return std::numeric_limits<double>::infinity();
    case Absent::kRight:
      return -kQuarterTurn;
    case Absent::kLeft:
      return kQuarterTurn;
    case Absent::kBeamAngle: {
      const double first = number_of(named("angle_min")).value_or(-kQuarterTurn);
      const double last = number_of(named("angle_max")).value_or(kQuarterTurn);
      const std::uint32_t beams = values_in(named("ranges"));
      return beams > 1 ? (last - first) / (beams - 1) : 0.0;
    }
    case Absent::kRowBytes:
      return bytes_by(number_of(named("height")).value_or(1.0));
    case Absent::kPoints:
      return bytes_by(number_of(named("point_step")).value_or(0.0));
    default:
      return 0.0;
  }
}

void MessageWalk::write_absent_list(const Node& node, const Nodes& siblings, Item point) {
  const bool is_fixed = node.member->count != MessageMember::kMany;
  const std::size_t count = is_fixed ? node.member->count : 0;
  const auto is_of_it = [&](const Node& one) {
    return one.member->name + "_covariance" == node.member->name && has(one, point);
  };
  const bool is_unknown = node.member->absent == Absent::kUnknown &&
                          std::none_of(siblings.begin(), siblings.end(), is_of_it);
  sink_.begin_list(count, is_fixed);
  for (std::size_t i = 0; i < count; ++i) {
    sink_.begin_element();
    sink_.write_float(node.member->scalar, is_unknown && i == 0 ? -1.0 : 0.0);
  }
  sink_.end_list();
}

}  // namespace zbag
