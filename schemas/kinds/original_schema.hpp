// What a track was in the recording it was imported from: the name of its messages, and the text
// that defines them, as they were. A point of `_sys/original/TRACK` keeps it in a bag.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "schemas/frame.hpp"

namespace zbag {

inline constexpr std::string_view kOriginalTracks = "_sys/original/";

// The track that says what `track` was.
inline std::string original_track(std::string_view track) {
  return std::string(kOriginalTracks).append(track);
}

// The track of which points of this one say what it means, was, or is about: such go with that one.
// Empty: they speak for themselves.
std::string_view subject_of(std::string_view name);
inline bool is_about_a_track(std::string_view name) { return !subject_of(name).empty(); }

struct OriginalSchema {
  std::string name;      // "sensor_msgs/msg/Imu"
  std::string encoding;  // of the text: ros1msg, ros2msg, protobuf, jsonschema, ulog, lcm
  std::string text;      // bytes, of protobuf
  std::string messages;  // how the messages were encoded: ros1, cdr, protobuf, json
  // What else its channel says: offered_qos_profiles. Texts of UTF-8, or bytes.
  std::map<std::string, std::string> metadata = {};

  bool operator==(const OriginalSchema&) const = default;
};

// The fields of that point.
Fields written_original(const OriginalSchema& schema);
// nullopt: they are not what written_original() makes.
std::optional<OriginalSchema> read_original(const Fields& fields);

}  // namespace zbag
