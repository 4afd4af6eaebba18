// When a message says it is of, found by the names that ROS and Foxglove have for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace zbag {

// `header.stamp`, as {sec, nsec} or {sec, nanosec}, seconds as a float or ns as an int; else
// `timestamp` as such a map, or as ns where `has_ns`; nullopt: it says nothing. REQUIRES: a map
// that was validated.
std::optional<std::int64_t> own_stamp_of(std::span<const std::uint8_t> map, bool has_ns = false);

}  // namespace zbag
