// How a stream that most points have a part in, or none, is written (FORMAT.md, Body of
// `rows`, E and F).
#pragma once

#include <cstddef>
#include <cstdint>

namespace zbag {

enum class Presence : std::uint8_t { kNone = 0, kAll = 1, kMixed = 2 };

inline Presence presence_of(std::size_t with, std::size_t count) {
  return with == 0 ? Presence::kNone : with == count ? Presence::kAll : Presence::kMixed;
}

}  // namespace zbag
