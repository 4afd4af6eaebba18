// The end of a publishing node: its last frames leave, which ZeroMQ neither hurries nor gives up.
//
// A second SIGINT ends the wait, and so does a broker that is gone for long; both say so.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

namespace zbag {

// While it lives, a thread watches. Before leaving() the node itself looks at StopSignal; from then
// on a second signal ends the process with exit code 3. So does a broker that has not been there
// for `kGoneMax`: after `kTellAfter` that is said.
class GiveUp {
 public:
  static constexpr std::chrono::milliseconds kTellAfter{1500};
  static constexpr std::chrono::seconds kGoneMax{15};

  // `url` is the broker's publish-to.
  GiveUp(std::string verb, std::string url);
  void leaving(std::uint64_t frames_sent) {
    frames_ = frames_sent;
    is_leaving_ = true;
  }
  void left() { is_leaving_ = false; }

 private:
  void watch(const std::stop_token& stop) const;
  [[noreturn]] void end(const std::string& why) const;

  std::string verb_;
  std::string url_;
  std::atomic<std::uint64_t> frames_{0};
  std::atomic<bool> is_leaving_{false};
  std::jthread thread_;
};

}  // namespace zbag
