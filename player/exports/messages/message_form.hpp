// How the points of a kind become messages of a type: which member is taken from which field.
//
//   const MessageForm form(types, *find_kind_message(ros_messages(), "imu"), aliases);
//   std::string message;
//   CdrSink sink(message);
//   form.write(point.map, point.key, sink);
//
// The types are lent. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "player/exports/messages/message_sink.hpp"
#include "player/messages/message_definitions.hpp"
#include "player/messages/message_type.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Another name that a track has for a field of its kind, and what makes that of its values.
struct FieldAlias {
  std::string field;  // dotted
  std::string name;   // likewise
  double factor = 1.0;
};

class MessageForm {
 public:
  MessageForm(const MessageTypes& types, const KindMessage& kind,
              std::span<const FieldAlias> aliases);

  const MessageType& type() const { return type_; }
  // Whether a leaf of that place in a point is a member of the message, or in one.
  bool takes(const FieldNames& leaf) const { return taken_.contains(leaf); }
  // Whether a field of that name is in the way of the message: it has such a member, or takes
  // something from it.
  bool claims(std::string_view field) const { return claimed_.contains(field); }

  // The members of the message, without its begin and end. A value is a number, a text, bytes,
  // a map, or for a map of numbers a list of as many. What is absent, or nil, is as its type says;
  // a time is then `time_ns`. kInvalid names what is of another type than its member, or too
  // large for it. REQUIRES: a map that was validated.
  Status write(std::span<const std::uint8_t> map, std::int64_t time_ns, MessageSink& sink) const;

  // How a member is made of a field's value.
  enum class Reading : std::uint8_t {
    kPlain,
    kYaw,         // a quaternion of a turn about z
    kPicture,     // the format of an image as one word: jpeg, png
    kLevel,       // how grave a line is: 1 debug to 5 fatal
    kRosLevel,    // likewise: 10 debug to 50 fatal
    kPackedType,  // the types of packed numbers, which ROS and Foxglove number differently
  };
  struct Source {
    FieldNames names;
    Reading reading = Reading::kPlain;
    double factor = 1.0;
  };
  // A member, and where it is taken from: the first of its sources that there is.
  struct Node {
    const MessageMember* member = nullptr;
    std::string path;  // dotted, for people
    std::vector<Source> sources;
    bool is_whole_point = false;  // a list of the one message that the point is
    bool is_zipped = false;       // a list of messages, of a list a member
    std::vector<Node> members;
  };

 private:
  const MessageType& type_;
  std::vector<Node> members_;
  std::set<FieldNames> taken_;
  std::set<std::string, std::less<>> claimed_;
};

// nullptr: the kind has no such message.
const KindMessage* find_kind_message(std::span<const KindMessage> messages, std::string_view kind);

}  // namespace zbag
