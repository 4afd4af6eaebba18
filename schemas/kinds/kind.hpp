// What the fields of a track mean: their units, frames and types, by a kind of sensor that many
// robots have ("imu", "laser_scan").
//
// A kind is written as YAML (schemas/*.yaml) and stored as a point (`_sys/schema/<track>`), both of
// one form:
//
//   kind: imu
//   means: Acceleration and turn rate
//   fields:
//     linear_acceleration.x: {type: float, unit: m/s^2, frame: sensor, required: true,
//                             means: Along x, also: {ax: m/s^2}}
//
// `also` are other names of a field, each with its unit. "markers.*" stands for all that lies in
// the map "markers". A kind of skeletons may say what hangs on what:
//
//   joints:
//     - {name: hips, offset: [0, 0.9, 0], channels: [Xposition, Yposition, Zposition, Zrotation]}
//     - {name: knee, parent: hips, offset: [0, -0.4, 0], field: "q.knee", end: [0, -0.4, 0],
//        channels: [Xquaternion, Yquaternion, Zquaternion, Wquaternion]}
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.hpp"

namespace zbag {

// A list has values of one type, or none.
struct FieldType {
  enum class Of : std::uint8_t { kBool, kInt, kFloat, kText, kBinary, kAny };

  Of of = Of::kAny;
  bool is_list = false;
  std::optional<std::uint32_t> count;  // of a list that has always so many

  // "float", "float[]", "float[9]"
  static std::optional<FieldType> parse(std::string_view text);
  std::string text() const;
  friend bool operator==(const FieldType&, const FieldType&) = default;
};

struct KindField {
  struct Alias {
    std::string name;
    std::string unit;
    friend bool operator==(const Alias&, const Alias&) = default;
  };

  std::string name;  // dotted
  FieldType type;
  std::string unit;   // "": it has none
  std::string frame;  // of coordinates; or the name of the field that says it
  std::string means;
  bool is_required = false;
  bool is_nullable = false;
  std::vector<Alias> also = {};

  friend bool operator==(const KindField&, const KindField&) = default;
};

// Lengths are of one unit.
struct Joint {
  std::string name;
  std::string parent;  // "": a root. Its parent stands before it, so that there is no circle.
  std::array<double, 3> offset{};  // from the parent, where nothing moves
  // What the values of its field are, in their order: of X, Y, Z each one `position` and one
  // `rotation` at most, turned in that order; or all four of X, Y, Z, W `quaternion`. Each is a
  // value of a list, or lies in the map of that name under x, y, z, w. Empty: it never turns.
  std::vector<std::string> channels = {};
  std::string field = {};     // "": joints.NAME
  std::string position = {};  // a field with x, y, z, where `channels` have no position
  std::optional<std::array<double, 3>> end = {};  // where what hangs on it ends, from it

  friend bool operator==(const Joint&, const Joint&) = default;
};

struct Kind {
  static constexpr std::size_t kFieldsMax = 1'024;
  static constexpr std::size_t kNamesMax = 32;  // others of one field
  static constexpr std::size_t kJointsMax = 1'024;
  static constexpr std::size_t kTextBytesMax = 500;

  std::string name;
  std::string means;
  std::vector<KindField> fields = {};
  std::vector<Joint> joints = {};

  friend bool operator==(const Kind&, const Kind&) = default;
};

// What is wrong with a kind, and where: "fields", "linear_acceleration.x", "unit".
struct KindFault {
  std::vector<std::string> at;
  std::string what;

  std::string text() const;  // "fields: linear_acceleration.x: unit: ..."
};

// Of what a file or a point says. Unknown words are faults: what is not understood would be lost.
tl::expected<Kind, KindFault> parse_kind(const Fields& written);
// parse_kind() gives it back.
Fields written_kind(const Kind& kind);

}  // namespace zbag
