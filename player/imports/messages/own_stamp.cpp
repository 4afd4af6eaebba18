#include "player/imports/messages/own_stamp.hpp"

#include <string_view>

#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/map_member.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

using Item = std::span<const std::uint8_t>;

std::optional<std::int64_t> int_of(Item value) {
  item::Cursor in(value);
  std::uint64_t bits = 0;
  bool is_above_int64 = false;
  if (!item::take_int(in, bits, is_above_int64) || is_above_int64) return std::nullopt;
  return static_cast<std::int64_t>(bits);
}

std::optional<std::int64_t> of_parts(Item map) {
  const std::optional<std::int64_t> seconds = int_of(member_of(map, "sec"));
  std::optional<std::int64_t> rest = int_of(member_of(map, "nsec"));
  if (!rest) rest = int_of(member_of(map, "nanosec"));
  constexpr std::int64_t kNsPerSecond = 1'000'000'000;
  constexpr std::int64_t kSecondsMax = INT64_MAX / kNsPerSecond - 1;
  const bool is_time = seconds && rest && *seconds <= kSecondsMax && *seconds >= -kSecondsMax &&
                       *rest >= 0 && *rest < kNsPerSecond;
  return is_time ? std::optional(*seconds * kNsPerSecond + *rest) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> own_stamp_of(Item map, bool has_ns) {
  const Item stamp = member_of(member_of(map, "header"), "stamp");
  if (stamp.empty()) {
    const Item timestamp = member_of(map, "timestamp");
    return has_ns ? int_of(timestamp) : of_parts(timestamp);
  }
  if (const std::optional<std::int64_t> ns = int_of(stamp)) return ns;
  item::Cursor in(stamp);
  double seconds = 0.0;
  if (!item::take_number(in, seconds)) return of_parts(stamp);
  const std::optional<Timestamp> time = Timestamp::from_seconds(seconds);
  return time ? std::optional(time->ns()) : std::nullopt;
}

}  // namespace zbag
