// The second SIGINT of a publishing node: gives up on what has not left the process yet and says
// so.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace zbag {

// While it lives, a thread watches for the second signal. Before leaving() the node itself looks at
// StopSignal; from then on this ends the process with exit code 3, since ZeroMQ cannot be hurried.
class GiveUp {
 public:
  explicit GiveUp(std::string verb);
  void leaving(std::uint64_t frames_sent) {
    frames_ = frames_sent;
    is_leaving_ = true;
  }
  void left() { is_leaving_ = false; }

 private:
  void watch(const std::stop_token& stop) const;

  std::string verb_;
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<bool> is_leaving_{false};
  std::jthread thread_;
};

}  // namespace zbag
