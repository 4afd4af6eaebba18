// Keys as a terminal sends them: single bytes, and sequences that begin with escape.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace zbag {

enum class Key : std::uint8_t {
  kSpace,
  kRight,
  kLeft,
  kUp,
  kDown,
  kPageUp,
  kPageDown,
  kHome,
  kEnd,
  kQuit,     // q
  kSort,     // s
  kReverse,  // r
};

// Takes the first key that means something off `pending`, and what means nothing before it. What
// may be the beginning of a sequence stays there. nullopt: no key is whole.
std::optional<Key> take_key(std::string& pending);

}  // namespace zbag
