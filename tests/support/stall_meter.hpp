// How much time this machine took away from this program: other work had the cores, or the host
// gave none. A test of a bound in real time adds to it what the meter has seen, and nothing else.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "schemas/mutex.hpp"

namespace zbag {

// Looks every few milliseconds how much its own thread has overslept, and how long all threads of
// the program stood in the kernel's queue for a core (proc(5), schedstat).
class StallMeter {
 public:
  StallMeter() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

  // What was lost from `begin` to `end`, by the steady clock, in ns.
  std::int64_t lost_ns(std::int64_t begin, std::int64_t end) const {
    const MutexLock lock(mutex_);
    std::int64_t lost = 0;
    for (const auto& [at, ns] : seen_) {
      if (at < begin) continue;
      lost += ns;
      if (at >= end) break;
    }
    return lost;
  }

 private:
  void run(const std::stop_token& stop) {
    std::int64_t queued = queued_ns();
    while (!stop.stop_requested()) {
      const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(3);
      std::this_thread::sleep_until(due);
      const auto now = std::chrono::steady_clock::now();
      const std::int64_t before = std::exchange(queued, queued_ns());
      const std::int64_t lost =
          std::chrono::nanoseconds(now - due).count() + std::max<std::int64_t>(0, queued - before);
      const MutexLock lock(mutex_);
      seen_.emplace_back(std::chrono::nanoseconds(now.time_since_epoch()).count(), lost);
    }
  }

  static std::int64_t queued_ns() {
    std::int64_t sum = 0;
    std::error_code error;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
      std::ifstream file(thread.path() / "schedstat");
      std::int64_t ran = 0;
      std::int64_t waited = 0;
      if (file >> ran >> waited) sum += waited;
    }
    return sum;
  }

  mutable Mutex mutex_;
  std::vector<std::pair<std::int64_t, std::int64_t>> seen_ ZBAG_GUARDED_BY(mutex_);  // when, what
  std::jthread thread_;  // last: it uses the others
};

}  // namespace zbag
