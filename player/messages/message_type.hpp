// Types of messages that other programs know: ROS 2 messages and Foxglove's schemas, as far as
// kinds of tracks have a twin among them.
//
//   const MessageTypes types;
//   const MessageType* imu = types.find("sensor_msgs/Imu");
//   ros_definition(*imu);        // what a reader of CDR needs to know
//   json_schema_of_type(*pose);  // the same for JSON
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zbag {

enum class Scalar : std::uint8_t {
  kBool,
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kInt64,
  kUint64,
  kFloat32,
  kFloat64,
  kString,
  kTime,  // of the epoch, in ns; of ROS and of Foxglove it is a message of two ints
  kMessage,
};

// What a member holds that a point does not have; a list: nothing, or zeros.
enum class Absent : std::uint8_t {
  kZero,
  kOne,
  kNan,
  kInfinite,
  kLeftOut,    // of JSON; zero elsewhere
  kRight,      // a quarter turn to the right, where a scan of half a turn begins
  kLeft,       // and where it ends
  kBeamAngle,  // between the beams of `ranges`, from `angle_min` to `angle_max`
  kRowBytes,   // what a row takes: bytes of `data` by `height`
  kPoints,     // how many there are: bytes of `data` by `point_step`
  kUnknown,    // of a covariance: its first number is -1 where what it speaks of is absent as well
};

struct MessageType;

struct MessageMember {
  static constexpr std::size_t kOne = 0;
  static constexpr std::size_t kMany = SIZE_MAX;

  std::string name;
  Scalar scalar = Scalar::kMessage;
  const MessageType* type = nullptr;  // of kMessage
  std::size_t count = kOne;           // else a list: of that many values, or of any number
  Absent absent = Absent::kZero;

  bool is_list() const { return count != kOne; }
  bool is_bytes() const { return count == kMany && scalar == Scalar::kUint8; }
};

struct MessageType {
  std::string name;  // "sensor_msgs/Imu", "foxglove.Log"
  std::vector<MessageMember> members;
};

// All of them. Pointers to types live as long as it does.
class MessageTypes {
 public:
  MessageTypes();
  MessageTypes(const MessageTypes&) = delete;
  MessageTypes& operator=(const MessageTypes&) = delete;

  // nullptr: it is none of them.
  const MessageType* find(std::string_view name) const;
  // REQUIRES: it is one of them.
  const MessageType& at(std::string_view name) const;

 private:
  void add(std::string_view name, std::string_view definition);
  std::map<std::string, MessageType, std::less<>> types_;
};

// "float64[9]", as ROS writes it.
std::string type_text(const MessageMember& member);
// "sensor_msgs/msg/Imu", as ROS 2 calls "sensor_msgs/Imu".
std::string ros_name(const MessageType& type);
// Its members, and those of all types it is made of, as ROS 2 writes them down (`ros2msg`).
std::string ros_definition(const MessageType& type);
// The JSON Schema of it; `time` is {sec, nsec}, bytes are base64.
std::string json_schema_of_type(const MessageType& type);

}  // namespace zbag
