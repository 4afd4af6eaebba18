// The members of the messages of message_type.hpp, and which message each kind of track becomes.
#pragma once

#include <span>
#include <string_view>

namespace zbag {

// Lines of TYPE NAME [WORD], as ROS writes them; WORD says what the member is where a point does
// not have it (Absent). Types come before those that are made of them.
struct MessageDefinition {
  std::string_view name;
  std::string_view members;
};
std::span<const MessageDefinition> message_definitions();

// What points of a kind become. A member is taken from the kind's field of the same dotted name, or
// before that from those that `sources` say: words MEMBER=FIELD or MEMBER=READING(FIELD), of which
// what is in a member that is a message takes its beginning. In lists of messages both are of the
// element. MEMBER=. is a list of the one message that the point is, where it has no such list;
// MEMBER=* a list of messages made of lists, one a member.
struct KindMessage {
  std::string_view kind;
  std::string_view message;
  std::string_view sources;
};
std::span<const KindMessage> foxglove_messages();
std::span<const KindMessage> ros_messages();

}  // namespace zbag
