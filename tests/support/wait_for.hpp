// Waits for something other threads do. The deadline is for failures alone: a test never proves
// anything by time that has passed.
#pragma once

#include <chrono>
#include <thread>

namespace zbag {

template <class Condition>
bool wait_for(Condition condition, std::chrono::seconds deadline = std::chrono::seconds(30)) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace zbag
