// Messages of ROS 1 and ROS 2, as maps.
//
//   MessageDecoder decoder(layout, MessageEncoding::kCdr, values_max);
//   std::string map;
//   std::optional<std::int64_t> stamp_ns;
//   Status decoded = decoder.decode(bytes, map, stamp_ns);
//
// A member is a field of its name, a message a map. Times and durations are integers, in ns. Lists
// of bytes (uint8, byte, char) are bin: images and clouds stay what they are. Floats and integers
// keep their widths. Not thread-safe.
//
// Sources: wiki.ros.org/ROS/Connection Header and Technical Overview for ROS 1; OMG DDS-XTypes 1.3,
// 7.4 for CDR (plain CDR 1 and 2, of either byte order).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "player/imports/messages/message_layout.hpp"
#include "schemas/result.hpp"

namespace zbag {

enum class MessageEncoding : std::uint8_t { kRos1, kCdr };

class MessageDecoder {
 public:
  // `values_max`: of one message, lists and maps included.
  MessageDecoder(MessageLayout layout, MessageEncoding encoding, std::size_t values_max)
      : layout_(std::move(layout)), encoding_(encoding), values_max_(values_max) {}

  // How many bytes stood behind the last member of the message decoded last, beyond what aligns it.
  std::size_t left_over() const { return left_over_; }

  // Replaces `map`. `stamp_ns` is the message's own time: `header.stamp` of a header that is its
  // first member, or nullopt. kInvalid says where in the message it does not fit; kUnsupported: a
  // form of CDR that is not read.
  Status decode(std::span<const std::uint8_t> message, std::string& map,
                std::optional<std::int64_t>& stamp_ns);

  const MessageLayout& layout() const { return layout_; }

 private:
  MessageLayout layout_;
  MessageEncoding encoding_;
  std::size_t values_max_;
  std::size_t left_over_ = 0;
};

}  // namespace zbag
