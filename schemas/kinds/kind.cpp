#include "schemas/kinds/kind.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include "schemas/field_lookup.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::array<std::string_view, 6> kTypeNames = {"bool", "int",    "float",
                                                        "text", "binary", "any"};
constexpr std::array<std::string_view, 10> kChannels = {
    "Xposition", "Yposition",   "Zposition",   "Xrotation",   "Yrotation",
    "Zrotation", "Xquaternion", "Yquaternion", "Zquaternion", "Wquaternion"};
constexpr std::uint32_t kCountMax = 1'000'000;

// Takes apart one map of a kind: what is not asked for is left, and a fault.
class MapReader {
 public:
  MapReader(const Fields& map, std::vector<std::string> at) : map_(map), at_(std::move(at)) {}

  // "" where there is none.
  std::string text(const char* name) {
    const Value* value = take(name);
    if (value == nullptr) return {};
    const auto* text = value->get_if<std::string>();
    const bool is_good =
        text != nullptr && text->size() <= Kind::kTextBytesMax && is_one_line(*text);
    if (!is_good) note(name, fmt::format("a line of text, {} bytes at most", Kind::kTextBytesMax));
    return is_good ? *text : std::string();
  }
  std::string needed_text(const char* name) {
    std::string given = text(name);
    if (given.empty()) note(name, "a line of text is missing");
    return given;
  }
  bool flag(const char* name) {
    const Value* value = take(name);
    if (value == nullptr) return false;
    const auto* flag = value->get_if<bool>();
    if (flag == nullptr) note(name, "true or false");
    return flag != nullptr && *flag;
  }
  // A map or a list; nullptr where there is none, or one with more in it.
  template <class T>
  const T* part(const char* name, const char* what, std::size_t count_max) {
    const Value* value = take(name);
    if (value == nullptr) return nullptr;
    const T* part = value->get_if<T>();
    const bool is_good = part != nullptr && part->size() <= count_max;
    if (!is_good) note(name, fmt::format("{}, {} at most", what, count_max));
    return is_good ? part : nullptr;
  }
  // Notes that the name has a meaning. nullptr: it is not there.
  const Value* take(const char* name) {
    known_.insert(name);
    return find_field(map_, name);
  }
  void note(const std::string& name, std::string what) {
    if (fault_) return;
    std::vector<std::string> at = at_;
    if (!name.empty()) at.push_back(name);
    fault_ = KindFault{std::move(at), std::move(what)};
  }
  // Of this map, or of one in it.
  const std::optional<KindFault>& finish() {
    for (const auto& [name, value] : map_) {
      if (!known_.contains(name)) note(name, "means nothing here");
    }
    return fault_;
  }
  void adopt(const std::optional<KindFault>& inner) {
    if (inner && !fault_) fault_ = inner;
  }

 private:
  static bool is_one_line(const std::string& text) {
    return is_utf8(text) && std::ranges::none_of(text, [](char c) {
             return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
           });
  }
  const Fields& map_;
  const std::vector<std::string> at_;
  std::set<std::string> known_;
  std::optional<KindFault> fault_;
};

std::vector<std::string> below(std::vector<std::string> at, std::string name) {
  at.push_back(std::move(name));
  return at;
}

bool is_name(const std::string& name) {
  const std::size_t star = name.find('*');
  return !name.empty() && name.size() <= Kind::kTextBytesMax && is_utf8(name) &&
         (star == std::string::npos || (star + 1 == name.size() && name.ends_with(".*")));
}

KindField parse_field(const std::string& name, const Value& value, MapReader& fields) {
  KindField field;
  field.name = name;
  const std::vector<std::string> at = {"fields", name};
  const auto* map = value.get_if<Fields>();
  if (map == nullptr || !is_name(name)) {
    fields.note(name, map == nullptr ? "a map of what is known of the field"
                                     : "no name; \"*\" stands behind the last '.'");
    return field;
  }
  MapReader reader(*map, at);
  const std::string type = reader.needed_text("type");
  if (const std::optional<FieldType> parsed = FieldType::parse(type))
    field.type = *parsed;
  else
    reader.note("type", fmt::format("one of {}, with [] or [3] behind it for a list",
                                    fmt::join(kTypeNames, ", ")));
  field.unit = reader.text("unit");
  field.frame = reader.text("frame");
  field.means = reader.needed_text("means");
  field.is_required = reader.flag("required");
  field.is_nullable = reader.flag("nullable");
  if (const auto* also = reader.part<Fields>("also", "a map of names and units", Kind::kNamesMax)) {
    MapReader names(*also, below(at, "also"));
    for (const auto& [other, unit] : *also) {
      if (!is_name(other)) names.note(other, "no name");
      field.also.push_back({other, names.text(other.c_str())});
    }
    reader.adopt(names.finish());
  }
  fields.adopt(reader.finish());
  return field;
}

constexpr const char* kPlace = "three numbers";

std::optional<std::array<double, 3>> read_place(const char* name, MapReader& joint) {
  std::array<double, 3> place{};
  const auto* given = joint.part<Array>(name, "numbers", place.size());
  if (given == nullptr || given->size() != place.size()) return std::nullopt;
  for (std::size_t n = 0; n < place.size(); ++n) {
    const std::optional<double> part = number_of((*given)[n]);
    if (!part || !std::isfinite(*part)) return std::nullopt;
    place[n] = *part;
  }
  return place;
}

std::vector<std::string> read_channels(MapReader& joint) {
  std::vector<std::string> channels;
  const auto* given = joint.part<Array>("channels", "names", Kind::kNamesMax);
  if (given == nullptr) return channels;
  std::ptrdiff_t rotations = 0;
  std::ptrdiff_t quaternions = 0;
  for (const Value& one : *given) {
    const auto* name = one.get_if<std::string>();
    if (name == nullptr || std::ranges::find(kChannels, *name) == kChannels.end()) {
      joint.note("channels", fmt::format("a list of {}", fmt::join(kChannels, ", ")));
    } else if (std::ranges::find(channels, *name) != channels.end()) {
      joint.note("channels", *name + " is there twice");
    } else {
      rotations += name->ends_with("rotation") ? 1 : 0;
      quaternions += name->ends_with("quaternion") ? 1 : 0;
      channels.push_back(*name);
    }
  }
  if (quaternions > 0 && (quaternions < 4 || rotations > 0))
    joint.note("channels", "a quaternion is all four of its numbers, and no rotation beside them");
  return channels;
}

Joint parse_joint(const Value& value, std::size_t number, const std::vector<Joint>& before,
                  MapReader& kind) {
  Joint joint;
  const std::string place = fmt::format("{}", number);
  const auto* map = value.get_if<Fields>();
  if (map == nullptr) {
    kind.note("joints", fmt::format("number {} is no map", number + 1));
    return joint;
  }
  MapReader reader(*map, {"joints", place});
  joint.name = reader.needed_text("name");
  joint.parent = reader.text("parent");
  const auto has_name = [&](const std::string& name) {
    return std::ranges::find(before, name, &Joint::name) != before.end();
  };
  if (has_name(joint.name)) reader.note("name", "a joint of that name is there already");
  if (!joint.parent.empty() && !has_name(joint.parent))
    reader.note("parent", "no joint before it has that name");
  if (const auto offset = read_place("offset", reader))
    joint.offset = *offset;
  else
    reader.note("offset", kPlace);
  if (reader.take("end") != nullptr) {
    joint.end = read_place("end", reader);
    if (!joint.end) reader.note("end", kPlace);
  }
  joint.field = reader.text("field");
  joint.position = reader.text("position");
  joint.channels = read_channels(reader);
  if (!joint.position.empty() && std::ranges::any_of(joint.channels, [](const std::string& one) {
        return one.ends_with("position");
      }))
    reader.note("position", "its channels have a position, too");
  kind.adopt(reader.finish());
  return joint;
}

}  // namespace

std::optional<FieldType> FieldType::parse(std::string_view text) {
  FieldType type;
  const std::size_t bracket = std::min(text.find('['), text.size());
  const auto* const name = std::ranges::find(kTypeNames, text.substr(0, bracket));
  if (name == kTypeNames.end()) return std::nullopt;
  type.of = static_cast<Of>(name - kTypeNames.begin());
  std::string_view rest = text.substr(bracket);
  if (rest.empty()) return type;
  type.is_list = true;
  if (rest == "[]") return type;
  if (!rest.ends_with(']')) return std::nullopt;
  rest = rest.substr(1, rest.size() - 2);
  std::uint32_t count = 0;
  const auto [end, fault] = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  const bool is_whole = fault == std::errc{} && end == rest.data() + rest.size();
  if (!is_whole || count == 0 || count > kCountMax) return std::nullopt;
  type.count = count;
  return type;
}

std::string FieldType::text() const {
  std::string text(kTypeNames[static_cast<std::size_t>(of)]);
  if (is_list) text += count ? fmt::format("[{}]", *count) : "[]";
  return text;
}

std::string KindFault::text() const {
  std::string text;
  for (const std::string& name : at) text += printable(name) + ": ";
  return text + what;
}

tl::expected<Kind, KindFault> parse_kind(const Fields& written) {
  Kind kind;
  MapReader reader(written, {});
  kind.name = reader.needed_text("kind");
  kind.means = reader.text("means");
  if (const auto* fields = reader.part<Fields>("fields", "a map of fields", Kind::kFieldsMax)) {
    if (fields->empty()) reader.note("fields", "there are none");
    MapReader names(*fields, {"fields"});
    for (const auto& [name, value] : *fields) {
      kind.fields.push_back(parse_field(name, value, names));
      names.take(name.c_str());
    }
    reader.adopt(names.finish());
  } else {
    reader.note("fields", "a map of fields is missing");
  }
  if (const auto* joints = reader.part<Array>("joints", "a list of joints", Kind::kJointsMax)) {
    for (std::size_t n = 0; n < joints->size(); ++n)
      kind.joints.push_back(parse_joint((*joints)[n], n, kind.joints, reader));
  }
  if (const std::optional<KindFault>& fault = reader.finish()) return tl::unexpected(*fault);
  return kind;
}

namespace {

void put_text(Fields& map, const char* name, const std::string& text) {
  if (!text.empty()) map.emplace_back(name, text);
}

Fields written_field(const KindField& field) {
  Fields map{{"type", field.type.text()}};
  put_text(map, "unit", field.unit);
  put_text(map, "frame", field.frame);
  if (field.is_required) map.emplace_back("required", true);
  if (field.is_nullable) map.emplace_back("nullable", true);
  Fields also;
  for (const KindField::Alias& one : field.also) also.emplace_back(one.name, one.unit);
  if (!also.empty()) map.emplace_back("also", std::move(also));
  map.emplace_back("means", field.means);
  return map;
}

}  // namespace

Fields written_kind(const Kind& kind) {
  Fields written{{"kind", kind.name}};
  put_text(written, "means", kind.means);
  Fields fields;
  for (const KindField& field : kind.fields) fields.emplace_back(field.name, written_field(field));
  written.emplace_back("fields", std::move(fields));
  Array joints;
  for (const Joint& joint : kind.joints) {
    Fields one{{"name", joint.name}};
    put_text(one, "parent", joint.parent);
    one.emplace_back("offset", Array(joint.offset.begin(), joint.offset.end()));
    if (!joint.channels.empty()) one.emplace_back("channels", joint.channels);
    put_text(one, "field", joint.field);
    put_text(one, "position", joint.position);
    if (joint.end) one.emplace_back("end", Array(joint.end->begin(), joint.end->end()));
    joints.emplace_back(std::move(one));
  }
  if (!joints.empty()) written.emplace_back("joints", std::move(joints));
  return written;
}

}  // namespace zbag
