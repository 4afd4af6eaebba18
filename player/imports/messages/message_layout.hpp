// How messages of ROS lie in bytes, read from the definitions that recordings hold.
//
//   Result<MessageLayout> layout = parse_definition("sensor_msgs/msg/Imu", text);
//
// A definition is its members, one a line, and behind lines of `=` those of every type that it is
// made of, each under `MSG: package/Type` (ROS 1 `message_definition`, ROS 2 `ros2msg`). Constants,
// defaults, comments and bounds are read over. `Header` is std_msgs/Header; a type without a
// package is of the one that names it; `package/msg/Type` is `package/Type`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

enum class MemberType : std::uint8_t {
  kBool,
  kInt8,
  kUint8,
  kByte,  // of ROS 1 with a sign, of ROS 2 without
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat32,
  kFloat64,
  kText,
  kTime,      // seconds and nanoseconds; as an integer, ns
  kDuration,  // likewise
  kMessage,
};

struct LayoutMember {
  static constexpr std::size_t kOne = SIZE_MAX;
  static constexpr std::size_t kMany = SIZE_MAX - 1;

  std::string name;
  MemberType type = MemberType::kMessage;
  std::size_t message = 0;   // of kMessage: position in MessageLayout::types
  std::size_t count = kOne;  // else a list: of that many values, or of any number

  bool is_list() const { return count != kOne; }
};

struct MessageLayout {
  struct Type {
    std::string name;  // "sensor_msgs/Imu"
    std::vector<LayoutMember> members;
  };
  std::vector<Type> types;  // the message itself first
};

// kInvalid names the line that is none; kUnsupported: what no decoder here knows (wstring), or a
// type that the text does not define. A type that is made of itself, more than 64 deep or of more
// than 65,536 members in all is kInvalid.
Result<MessageLayout> parse_definition(std::string_view name, std::string_view text);

}  // namespace zbag
