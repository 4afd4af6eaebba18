// What the messages of ROS 2's own packages are, for recordings that do not say it: std_msgs,
// geometry_msgs, sensor_msgs, nav_msgs and all others of the common and the core interfaces.
//
//   for (const std::string& definition : ros2_definitions("sensor_msgs/msg/Range")) ...
//
// Source: the packages' own definitions (*.msg) as of Humble, the last ROS 2 whose recordings in
// SQLite say nothing of their types. Names and types of members alone, in their order: what lies in
// bytes. Later releases have changed some of them, but say so in their recordings.
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zbag {

// Of "sensor_msgs/msg/Range", or "sensor_msgs/Range": its members and those of all types that it is
// made of, as message_layout.hpp reads them (`ros2msg`). That of Humble, and behind it that of
// earlier releases where it was another one; no definition: it is none of these packages. The text
// of a message without members is empty.
std::vector<std::string> ros2_definitions(std::string_view name);

}  // namespace zbag
