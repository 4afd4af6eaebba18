// The way from the thread that accepts frames to the one that merges them: bounded in bytes, and
// what finds it full meets the overflow policy.
//
// Tracks are named once, in the chunk that brings their first frame. When such a chunk is let go,
// the names pass to the chunk that is the oldest then, or wait for the next one: a point never
// comes before the name of its track.
//
// push() is for the thread that accepts; pop() and done() for those that merge and store.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/bounded_queue.hpp"
#include "recorder/intake.hpp"
#include "recorder/storage/storage.hpp"

namespace zbag {

// What happens to a frame when memory is full. `flush`: everything pending is written at once from
// 80 % on; frames that still find no room are dropped. `block`: the caller waits.
enum class Overflow : std::uint8_t { kFlush, kBlock, kDropOldest, kDropNewest };

// A chunk, and what is asked for behind it.
struct Parcel {
  Chunk chunk;
  std::uint64_t ticket = 0;                           // 0: nothing; else the number of the request
  std::optional<std::string> track;                   // of the request: this one alone
  bool splits = false;                                // likewise: a new bag is to begin
  std::function<Status(Storage& storage)> work = {};  // likewise: to be done when all is stored
  bool is_last = false;
};

class OverflowQueue {
 public:
  using Dropped = std::function<void(Chunk chunk)>;
  using IsUseless = std::function<bool()>;
  // `dropped` gets what found no room, on the thread that pushes. Under kBlock push() waits until
  // there is room or `is_useless` says that none will come.
  OverflowQueue(std::size_t bytes_max, Overflow policy, Dropped dropped, IsUseless is_useless);

  // Requests and the last parcel always find room.
  void push(Parcel parcel);
  std::optional<Parcel> pop(std::chrono::nanoseconds timeout) { return queue_.pop(timeout); }
  // The consumer has let go of chunks of that weight.
  void done(std::size_t weight) { queue_.done(weight); }
  void close() { queue_.close(); }

  bool is_empty() const { return queue_.is_empty(); }
  std::size_t bytes() const { return queue_.bytes(); }
  // Memory is nearly full and nothing waits behind what was popped.
  bool is_crowded() const { return bytes() > bytes_max_ / 5 * 4 && is_empty(); }

 private:
  bool drop_oldest();

  const std::size_t bytes_max_;
  const Overflow policy_;
  const Dropped dropped_;
  const IsUseless is_useless_;
  BoundedQueue<Parcel> queue_;
  // Names of tracks whose first chunk was let go while nothing else was queued.
  std::vector<std::pair<std::uint32_t, std::string>> homeless_tracks_;
};

}  // namespace zbag
