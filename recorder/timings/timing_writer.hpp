// Appends records to a TimingLog on a thread of its own: who hands one over never waits for a disk.
//
// At most `records_max` wait; one that finds no room is dropped and counted. Thread-safe, but for
// close().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>

#include "bus/bounded_queue.hpp"
#include "recorder/timings/timing_log.hpp"

namespace zbag {

class TimingWriter {
 public:
  struct Options {
    std::size_t records_max = 1'024;  // about a megabyte
  };
  explicit TimingWriter(TimingLog log) : TimingWriter(std::move(log), Options{}) {}
  TimingWriter(TimingLog log, Options options);
  ~TimingWriter();  // closes
  TimingWriter(const TimingWriter&) = delete;
  TimingWriter& operator=(const TimingWriter&) = delete;

  // False: it is dropped. Takes a lock that no disk is waited for with.
  bool add(TimingRecord record);
  std::uint64_t dropped() const { return dropped_; }

  // Writes what waits; the first error there was. Idempotent.
  Status close();

 private:
  void run();

  TimingLog log_;
  BoundedQueue<std::optional<TimingRecord>> queue_;  // each weighs one; nullopt is the last
  std::atomic<std::uint64_t> dropped_{0};
  Status status_;  // of the thread, until it has ended
  std::thread thread_;
};

}  // namespace zbag
