#include "player/exports/messages/field_value.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cmath>
#include <limits>

#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/map_member.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag::field_value {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;

bool is_of(Item value, item::Type type) { return item::Cursor(value).is_at(type); }

// nil is as if it were absent.
Item given_member_of(Item map, std::string_view name) {
  const Item value = member_of(map, name);
  return !value.empty() && is_of(value, item::Type::kNil) ? Item() : value;
}

template <class T>
bool is_within(Int number) {
  if (number.is_above_int64) return std::is_same_v<T, std::uint64_t>;
  const auto value = static_cast<std::int64_t>(number.bits);
  if constexpr (std::is_same_v<T, std::uint64_t>) return value >= 0;
  return value >= static_cast<std::int64_t>(std::numeric_limits<T>::min()) &&
         value <= static_cast<std::int64_t>(std::numeric_limits<T>::max());
}

std::optional<std::int64_t> nanoseconds_of(Item value) {
  item::Cursor in(value);
  Int number;
  if (item::take_int(in, number.bits, number.is_above_int64)) {
    if (number.is_above_int64) return std::nullopt;
    return static_cast<std::int64_t>(number.bits);
  }
  std::optional<double> seconds = number_of(value);
  std::optional<double> nanos = 0.0;
  if (is_of(value, item::Type::kMap)) {
    seconds = number_of(given_member_of(value, "sec"));
    nanos = number_of(given_member_of(value, "nanosec"));
    if (!nanos) nanos = number_of(given_member_of(value, "nsec"));
  }
  if (!seconds || !nanos || !(std::abs(*nanos) < 1e9)) return std::nullopt;
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(*seconds);
  constexpr double kSecondsMax = 9e9;
  if (!stamp || std::abs(*seconds) > kSecondsMax) return std::nullopt;
  return stamp->ns() + static_cast<std::int64_t>(*nanos);
}

// 1 debug to 5 fatal, of ROS' numbers or of words; 0 of others.
std::uint64_t level_of(std::string_view word) {
  struct Level {
    std::string_view begin;
    std::uint64_t level;
  };
  constexpr std::array kLevels{Level{"trace", 1},  Level{"debug", 1}, Level{"info", 2},
                               Level{"notice", 2}, Level{"warn", 3},  Level{"err", 4},
                               Level{"fatal", 5},  Level{"crit", 5}};
  std::string lower;
  for (const char c : word.substr(0, 8))
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto* const found = std::find_if(kLevels.begin(), kLevels.end(), [&](const Level& one) {
    return lower.starts_with(one.begin);
  });
  return found == kLevels.end() ? 0 : found->level;
}
std::optional<std::uint64_t> level_of(Item value) {
  item::Cursor in(value);
  std::span<const std::uint8_t> text;
  if (item::take_text(in, text)) return level_of(text_of(text));
  const std::optional<double> number = number_of(value);
  if (!number || !(*number >= 0.0) || *number > 255.0) return std::nullopt;
  return static_cast<std::uint64_t>(*number >= 10.0 ? std::min(*number / 10.0, 5.0) : *number);
}

}  // namespace

Item at(Item map, const FieldNames& names) {
  for (const std::string& name : names) map = member_of(map, name);
  return map;
}

std::optional<double> number_of(Item value) {
  item::Cursor in(value);
  double number = 0.0;
  return item::take_number(in, number) ? std::optional(number) : std::nullopt;
}

std::optional<Int> int_of(Item value) {
  item::Cursor in(value);
  Int number;
  if (item::take_int(in, number.bits, number.is_above_int64)) return number;
  if (item::take_bool(in, number.bits)) return number;
  const std::optional<double> real = number_of(value);
  constexpr double kExact = 9007199254740992.0;  // up to here every whole number is a double
  if (!real || !(std::abs(*real) <= kExact) || std::trunc(*real) != *real) return std::nullopt;
  number.bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(*real));
  return number;
}

bool fits(Scalar scalar, Int number) {
  switch (scalar) {
    case Scalar::kBool:
      return number.bits <= 1;
    case Scalar::kInt8:
      return is_within<std::int8_t>(number);
    case Scalar::kUint8:
      return is_within<std::uint8_t>(number);
    case Scalar::kInt16:
      return is_within<std::int16_t>(number);
    case Scalar::kUint16:
      return is_within<std::uint16_t>(number);
    case Scalar::kInt32:
      return is_within<std::int32_t>(number);
    case Scalar::kUint32:
      return is_within<std::uint32_t>(number);
    case Scalar::kInt64:
      return is_within<std::int64_t>(number);
    default:
      return is_within<std::uint64_t>(number);
  }
}

std::optional<std::int64_t> time_of(Item value) {
  const std::optional<std::int64_t> time = nanoseconds_of(value);
  const bool is_ok =
      time && is_within<std::int32_t>({static_cast<std::uint64_t>(*time / kNanos), false});
  return is_ok ? time : std::nullopt;
}

std::optional<Int> int_of(Item value, MessageForm::Reading reading) {
  if (reading == MessageForm::Reading::kLevel || reading == MessageForm::Reading::kRosLevel) {
    const std::optional<std::uint64_t> level = level_of(value);
    if (!level) return std::nullopt;
    return Int{reading == MessageForm::Reading::kLevel ? *level : *level * 10};
  }
  std::optional<Int> number = int_of(value);
  // ROS says int8, uint8, int16, ... where Foxglove says uint8, int8, uint16, ...; floats agree.
  const bool is_swapped = number && number->bits >= 1 && number->bits <= 6;
  if (reading == MessageForm::Reading::kPackedType && is_swapped)
    number->bits = number->bits % 2 == 1 ? number->bits + 1 : number->bits - 1;
  return number;
}

std::string_view picture_format_of(std::string_view text) {
  for (const std::string_view word : {"jpeg", "png", "webp", "avif"}) {
    if (text.find(word) != std::string_view::npos) return word;
  }
  return text == "jpg" ? "jpeg" : text;
}

}  // namespace zbag::field_value
