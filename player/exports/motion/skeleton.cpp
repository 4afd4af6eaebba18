#include "player/exports/motion/skeleton.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <utility>

#include "player/columns/unused_name.hpp"
#include "player/exports/motion/list_number.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr TurnOrder kTurnsOfQuaternion = {2, 0, 1};  // as most programs write them
constexpr std::string_view kAxes = "XYZW";

// Without blanks and what a terminal would obey, and unlike all before it. A brace or a keyword of
// the format is a name as well as any other where a reader takes the word behind ROOT or JOINT.
std::string label_of(const std::string& name, std::set<std::string>& taken) {
  std::string label = name;
  const auto is_blank = [](char byte) {
    return static_cast<unsigned char>(byte) <= ' ' || byte == 0x7f || byte == '{' || byte == '}';
  };
  std::replace_if(label.begin(), label.end(), is_blank, '_');
  return unused_name(std::move(label), taken);
}

std::size_t axis_of(const std::string& channel) { return kAxes.find(channel.front()); }

}  // namespace

// Finds the fields of a track that joints ask for.
struct Skeleton::Build {
  const std::string& track;
  const TrackSchema& schema;
  const std::vector<ExportField>& known;
  Skeleton& made;

  Status add(const zbag::Joint& said, std::set<std::string>& labels,
             std::map<std::string, std::size_t>& places) {
    Joint joint{.label = label_of(said.name, labels), .offset = said.offset};
    joint.end = said.end.value_or(joint.end);
    joint.at = made.values_;
    if (!said.parent.empty()) {
      joint.parent = places.at(said.parent);
      made.joints_[*joint.parent].children.push_back(made.joints_.size());
    }
    const std::string field = said.field.empty() ? "joints." + said.name : said.field;
    std::vector<std::pair<std::size_t, std::size_t>> turns;  // axis, place in the list
    for (std::size_t n = 0; n < said.channels.size(); ++n) {
      const std::string& channel = said.channels[n];
      const std::size_t axis = axis_of(channel);
      if (!channel.ends_with("position")) {
        turns.emplace_back(axis, n);
        continue;
      }
      joint.position.push_back(axis);
      if (Status found = add_value(said.name, field, axis, n, 1); !found) return found;
      made.pose_.push_back(joint.offset[axis]);
    }
    for (std::size_t axis = 0; !said.position.empty() && axis < 3; ++axis) {
      joint.position.push_back(axis);
      if (Status found = add_value(said.name, said.position, axis, axis, 1); !found) return found;
      made.pose_.push_back(joint.offset[axis]);
    }
    if (Status added = add_rotation(said, field, std::move(turns), joint); !added) return added;
    made.values_ += joint.values();
    places.emplace(said.name, made.joints_.size());
    made.joints_.push_back(std::move(joint));
    return {};
  }

 private:
  Status add_rotation(const zbag::Joint& said, const std::string& field,
                      std::vector<std::pair<std::size_t, std::size_t>> turns, Joint& joint) {
    joint.is_quaternion = turns.size() == 4;
    double factor = 1;
    if (joint.is_quaternion) {  // w first
      std::ranges::sort(turns, {}, [](const auto& one) { return (one.first + 1) % 4; });
      joint.turns.assign(kTurnsOfQuaternion.begin(), kTurnsOfQuaternion.end());
    } else if (!turns.empty()) {
      const Result<double> unit = degrees_of(said.name, field);
      if (!unit) return tl::unexpected(unit.error());
      factor = *unit;
    }
    for (const auto& [axis, place] : turns) {
      if (!joint.is_quaternion) joint.turns.push_back(axis);
      if (Status found = add_value(said.name, field, axis, place, factor); !found) return found;
      made.pose_.push_back(joint.is_quaternion && axis == 3 ? 1 : 0);
    }
    return {};
  }
  // A value of the list `field`, or the member of the map of that name.
  Status add_value(const std::string& joint, const std::string& field, std::size_t axis,
                   std::size_t place, double factor) {
    const std::string member = fmt::format("{}.{}", field, "xyzw"[axis]);
    for (const std::string& name : {field, member}) {
      const auto found = std::ranges::find_if(known, [&](const ExportField& one) {
        return fmt::format("{}", fmt::join(one.names, ".")) == name;
      });
      if (found == known.end()) continue;
      const std::size_t at = field_at(*found);
      const bool is_list = name == field;
      made.origins_.push_back({at, is_list ? std::optional(place) : std::nullopt, factor});
      made.taken_[at] = std::max(made.taken_[at], is_list ? place + 1 : 1);
      return {};
    }
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("track {} has no field {}, which joint {} of its kind {} asks for", track,
                    printable(field), printable(joint), printable(schema.kind.name)));
  }
  std::size_t field_at(const ExportField& field) {
    const auto found = std::ranges::find(made.fields_, field.names, &ExportField::names);
    const auto place = static_cast<std::size_t>(found - made.fields_.begin());
    if (found == made.fields_.end()) {
      made.fields_.push_back(field);
      made.taken_.push_back(0);
    }
    return place;
  }
  // How many degrees one of the field's unit is.
  Result<double> degrees_of(const std::string& joint, const std::string& field) const {
    for (const SchemaField& one : schema.fields) {
      if (one.name != field && !one.name.starts_with(field + ".")) continue;
      if (one.unit == "deg") return 1.0;
      if (one.unit == "rad") return 180 / std::numbers::pi;
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("track {}: joint {} turns by {}, whose unit is '{}'; say deg or rad in "
                      "its kind {}",
                      track, printable(joint), printable(field), printable(one.unit),
                      printable(schema.kind.name)));
    }
    return fail(ErrorCode::kUnsupported,
                fmt::format("track {}: its kind {} has no field {}, by which joint {} turns", track,
                            printable(schema.kind.name), printable(field), printable(joint)));
  }
};

Result<Skeleton> Skeleton::of(const ExportSource& source, const std::string& track) {
  const auto schema = source.meaning_of(track);
  if (!schema) return tl::unexpected(schema.error());
  if (!*schema || (*schema)->kind.joints.empty()) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("nothing says what hangs on what in track {0}: write a kind with joints "
                    "(schemas/skeleton.yaml shows how), then zbag schema BAG {0} "
                    "./MINE.yaml",
                    printable(track)));
  }
  const auto known = source.fields_of(track);
  if (!known) return tl::unexpected(known.error());
  Skeleton skeleton;
  skeleton.track_ = track;
  Build build{track, **schema, *known, skeleton};
  std::set<std::string> labels;
  std::map<std::string, std::size_t> places;
  for (const zbag::Joint& joint : (*schema)->kind.joints) {
    if (Status added = build.add(joint, labels, places); !added)
      return tl::unexpected(added.error());
  }
  return skeleton;
}

Status Skeleton::too_many(std::size_t field, std::size_t values, std::int64_t key) const {
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("track {} at {}: field {} has {} values, of which its joint takes {}: let its "
                  "kind say the channels of all",
                  printable(track_), Timestamp::from_ns(key).seconds(),
                  printable(fields_[field].column), values, taken_[field]));
}

Status Skeleton::each_pose(const ColumnChunk& chunk, const TakePose& take) {
  std::vector<Cells> columns;
  for (const FieldColumn& column : chunk.fields) columns.emplace_back(column);
  std::vector<Cell> cells(columns.size());
  for (const std::int64_t key : chunk.keys) {
    for (std::size_t n = 0; n < columns.size(); ++n) {
      cells[n] = columns[n].next();
      if (list_length(cells[n]) > taken_[n]) return too_many(n, list_length(cells[n]), key);
    }
    bool has_gap = false;
    for (std::size_t n = 0; n < values_; ++n) {
      const Origin& origin = origins_[n];
      const std::optional<double> number =
          list_number(cells[origin.field], origin.element.value_or(0));
      const bool is_there = number && std::isfinite(*number);
      if (is_there) pose_[n] = *number * origin.factor;
      has_gap = has_gap || !is_there;
    }
    gaps_ += has_gap ? 1 : 0;
    if (Status taken = take(key, pose_); !taken) return taken;
  }
  return {};
}

namespace {

Quaternion quaternion_at(std::span<const double> pose, std::size_t at) {
  return normalized({pose[at], pose[at + 1], pose[at + 2], pose[at + 3]});
}

// REQUIRES: three turns.
Quaternion rotation_of(const Skeleton::Joint& joint, std::span<const double> pose) {
  const std::size_t at = joint.rotation_at();
  if (joint.is_quaternion) return quaternion_at(pose, at);
  return quaternion_of({pose[at], pose[at + 1], pose[at + 2]},
                       {joint.turns[0], joint.turns[1], joint.turns[2]});
}

}  // namespace

void Skeleton::put_between(std::span<const double> a, std::span<const double> b, double share,
                           std::span<double> pose) const {
  for (const Joint& joint : joints_) {
    for (std::size_t n = joint.at; n < joint.rotation_at(); ++n)
      pose[n] = a[n] + (b[n] - a[n]) * share;
    const std::size_t at = joint.rotation_at();
    if (joint.turns.size() < 3) {
      for (std::size_t n = at; n < at + joint.turns.size(); ++n)
        pose[n] = a[n] + (unwrapped(b[n], a[n]) - a[n]) * share;
      continue;
    }
    const Quaternion q = slerp(rotation_of(joint, a), rotation_of(joint, b), share);
    if (joint.is_quaternion) {
      pose[at] = q.w;
      pose[at + 1] = q.x;
      pose[at + 2] = q.y;
      pose[at + 3] = q.z;
      continue;
    }
    const Turns turns = turns_of(q, {joint.turns[0], joint.turns[1], joint.turns[2]},
                                 {a[at], a[at + 1], a[at + 2]});
    std::ranges::copy(turns, pose.begin() + static_cast<std::ptrdiff_t>(at));
  }
}

void Skeleton::put_turns(const Joint& joint, std::span<const double> pose, Turns& before) {
  if (joint.is_quaternion) {
    before = turns_of(quaternion_at(pose, joint.rotation_at()), kTurnsOfQuaternion, before);
    return;
  }
  // Angles that were recorded are those of the file.
  for (std::size_t n = 0; n < joint.turns.size(); ++n) before[n] = pose[joint.rotation_at() + n];
}

}  // namespace zbag
