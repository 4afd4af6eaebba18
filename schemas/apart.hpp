// How far two keys lie apart. No int64: the first and the last that there is lie further apart.
#pragma once

#include <algorithm>
#include <cstdint>

namespace zbag {

// In nanoseconds, whichever is the earlier one.
inline std::uint64_t apart(std::int64_t a, std::int64_t b) {
  const auto [low, high] = std::minmax(a, b);
  return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
}

}  // namespace zbag
