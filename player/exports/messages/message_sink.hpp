// Where a message is written to, member by member: an encoding of messages.
//
// Each appends to text that its maker has lent. Numbers fit their type: who calls has looked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "player/messages/message_type.hpp"

namespace zbag {

class MessageSink {
 public:
  virtual ~MessageSink() = default;

  virtual void begin_message() = 0;
  virtual void begin_member(std::string_view name) = 0;
  virtual void end_message() = 0;
  virtual void begin_list(std::size_t count, bool is_fixed) = 0;
  virtual void begin_element() = 0;
  virtual void end_list() = 0;

  // Also of bools. Two's complement, to be read as unsigned where `is_above_int64`.
  virtual void write_int(Scalar scalar, std::uint64_t bits, bool is_above_int64) = 0;
  virtual void write_float(Scalar scalar, double number) = 0;
  virtual void write_text(std::string_view text) = 0;
  virtual void write_bytes(std::span<const std::uint8_t> bytes) = 0;
  virtual void write_time(std::int64_t ns) = 0;

  // Whether members may be missing from a message.
  virtual bool has_gaps() const = 0;
};

}  // namespace zbag
