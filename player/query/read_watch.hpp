// What queries have read of bags so far, and what they had to leave out: shared by all threads that
// read. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "recorder/bag/read/intact_points.hpp"
#include "schemas/mutex.hpp"

namespace zbag {

class ReadWatch {
 public:
  // `warn` is told, in one line and once, of every block that is left out.
  explicit ReadWatch(Warn warn) : warn_(std::move(warn)) {}

  struct Counts {
    std::uint64_t points = 0;
    std::uint64_t blocks = 0;
    std::uint64_t fields = 0;  // of blocks, decoded
  };
  void add(const Counts& counts) {
    points_ += counts.points;
    blocks_ += counts.blocks;
    fields_ += counts.fields;
  }
  Counts counts() const { return {points_, blocks_, fields_}; }

  // Says that so many points more are to be read.
  void expect(std::uint64_t points) { expected_ += points; }
  // How much of what was expected since begin() has been read, 0 to 1; 1: nothing was.
  double share() const {
    const std::uint64_t expected = expected_;
    return expected == 0 ? 1.0
                         : static_cast<double>(points_ - before_) / static_cast<double>(expected);
  }
  void begin() {
    before_ = points_.load();
    expected_ = 0;
  }

  // Two threads may meet one damaged block.
  void leave_out(const std::string& text) {
    const MutexLock lock(mutex_);
    if (told_.size() >= kToldMax || !told_.insert(text).second) return;
    if (warn_) warn_(text);
  }
  std::uint64_t left_out() const {
    const MutexLock lock(mutex_);
    return told_.size();
  }

 private:
  static constexpr std::size_t kToldMax = 10'000;

  std::atomic<std::uint64_t> points_{0};
  std::atomic<std::uint64_t> before_{0};
  std::atomic<std::uint64_t> expected_{0};
  std::atomic<std::uint64_t> blocks_{0};
  std::atomic<std::uint64_t> fields_{0};
  const Warn warn_;
  mutable Mutex mutex_;
  std::set<std::string> told_ ZBAG_GUARDED_BY(mutex_);
};

}  // namespace zbag
