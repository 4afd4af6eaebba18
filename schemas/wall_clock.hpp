// What time it is for people, and for other machines.
#pragma once

#include <chrono>

namespace zbag {

// Seconds since the epoch.
inline double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace zbag
