// The points of a track that was imported from ROS, as messages of the definition that they had.
//
//   Result<OriginalMessages> messages = OriginalMessages::of(original, RosForm::kAsItWas);
//   messages->write(point.map, out);  // in CDR
//
// A definition of ROS 1 is written as ROS 2 says it: times and durations are messages of
// builtin_interfaces, `byte` is int8; all members stay, but for what RosForm says. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "player/imports/messages/message_layout.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Who is to read the messages.
enum class RosForm : std::uint8_t {
  kAsItWas,  // goes by the definition beside them
  kForRos2,  // ROS 2 itself, which goes by its own: headers of ROS 1 lose their `seq`
};

class OriginalMessages {
 public:
  // kUnsupported: the messages were none of ROS; kInvalid: what is kept of them is no definition.
  static Result<OriginalMessages> of(const OriginalSchema& original, RosForm form);

  const std::string& name() const { return name_; }              // "sensor_msgs/msg/Imu"
  const std::string& definition() const { return definition_; }  // `ros2msg`

  // The point as CDR behind what `out` holds. A member that it does not have is zero, what has no
  // member is left out. kInvalid names what is of another type than its member. REQUIRES: a map
  // that was validated.
  Status write(std::span<const std::uint8_t> map, std::string& out) const;
  // Whether a field of the point has a place in the message.
  bool has_member(std::string_view field) const;
  bool has_lost_seq() const { return has_lost_seq_; }

 private:
  std::string name_;
  std::string definition_;
  MessageLayout layout_;
  bool has_lost_seq_ = false;
};

}  // namespace zbag
