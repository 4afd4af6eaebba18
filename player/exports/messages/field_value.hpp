// Values of fields in their bytes, as numbers and times of messages. None of it is validated here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "player/exports/messages/message_form.hpp"
#include "player/messages/message_type.hpp"

namespace zbag::field_value {

// One whole item; empty: there is none.
using Item = std::span<const std::uint8_t>;

// Two's complement, to be read as unsigned where `is_above_int64`.
struct Int {
  std::uint64_t bits = 0;
  bool is_above_int64 = false;
};

// What lies there in a map; nil is not there.
Item at(Item map, const FieldNames& names);

// Of ints and floats.
std::optional<double> number_of(Item value);
// Also of floats that are whole, and of bools.
std::optional<Int> int_of(Item value);
bool fits(Scalar scalar, Int number);
// In ns: an int is that, a float is seconds, a map has its seconds and nanoseconds. Nothing where
// the seconds do not fit into 32 bits, as ROS has them.
std::optional<std::int64_t> time_of(Item value);
// As the reading says, of a number or a text.
std::optional<Int> int_of(Item value, MessageForm::Reading reading);
// "jpeg" of "jpg", or of "rgb8; jpeg compressed bgr8".
std::string_view picture_format_of(std::string_view text);

}  // namespace zbag::field_value
