// What the points of a track become in a file of messages, and the schema that says so.
//
//   const auto messages = make_track_messages(source, "robot/imu", MessageEncoding::kJson, types);
//   file.add_schema((*messages)->schema());
//   (*messages)->append(point, text);
//
// json: the frame as `cat` prints it, with its `_ts`. A track whose kind has a schema of Foxglove's
// is written as that says, with the fields it knows nothing of behind it.
// msgpack: the frame as it is on the bus, with its `_ts`.
// cdr: the ROS message that the track was imported from, by its own definition; where import could
// not read that and kept the bytes of its messages, those; else that of ROS 2 of the track's kind.
// For ROS 2 itself, what was of ROS 1 is first of all what its kind says: ROS 2 calls some of it
// otherwise.
//
// What of a track has no place in its messages is noted once. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "player/exports/export_source.hpp"
#include "player/exports/messages/original_messages.hpp"
#include "player/messages/message_definitions.hpp"
#include "player/messages/message_type.hpp"
#include "schemas/result.hpp"

namespace zbag {

enum class MessageEncoding : std::uint8_t { kJson, kMsgpack, kCdr };

// As MCAP calls it.
const char* name_of(MessageEncoding encoding);

struct MessageSchema {
  std::string name;
  std::string encoding;  // as MCAP calls it
  std::string text;
};

class TrackMessages {
 public:
  virtual ~TrackMessages() = default;
  const MessageSchema& schema() const { return schema_; }
  // Behind what `out` holds. kInvalid: the point is not what its track's kind says. REQUIRES: its
  // map was validated.
  virtual Status append(const PointView& point, std::string& out) = 0;
  // When the point was recorded, in ns; nullopt: at its stamp.
  virtual std::optional<std::int64_t> recorded_at(const PointView&) const { return std::nullopt; }

 protected:
  explicit TrackMessages(MessageSchema schema) : schema_(std::move(schema)) {}

 private:
  MessageSchema schema_;
};

// `source` and `types` are lent. `original`: what the track was imported from; nullopt: nobody
// knows. `ros_form`: of cdr. kUnsupported says why there is no ROS message to be made of the track.
Result<std::unique_ptr<TrackMessages>> make_track_messages(
    const ExportSource& source, const std::string& track,
    const std::optional<OriginalSchema>& original, MessageEncoding encoding, RosForm ros_form,
    const MessageTypes& types);

}  // namespace zbag
