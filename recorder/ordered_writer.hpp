// Batches on their way from the merge buffer into storage: in order, and none lost.
//
// A batch is prepared here and stored on a thread of its own (store_thread.hpp), beside which the
// next one is formed; one that must see everything before it stored is written here when that is.
// What the disk refused is kept and written again before anything newer.
//
// All calls belong to one thread; `stored` may be called on another.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include "recorder/merge_buffer.hpp"
#include "recorder/storage_series.hpp"
#include "recorder/store_thread.hpp"

namespace zbag {

class OrderedWriter {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Stored = std::function<void(HeldBatch held, const WriteReport& report)>;
  using Failed = std::function<void(const Error& error)>;
  // `series` is lent. `stored` gets what has just become durable, `failed` why something has not.
  OrderedWriter(StorageSeries& series, Stored stored, Failed failed);

  // False when it, or one before it, is known not to be stored.
  bool write(HeldBatch held);
  // Waits for what is under way; false when something could not be stored and is unwritten now.
  bool settle();
  // Tries again what the disk refused, one batch after the other.
  bool write_unwritten();
  // Whether something under way has failed: settle() makes it unwritten.
  bool has_failed() const { return store_.has_failed(); }
  bool has_unwritten() const { return !unwritten_.empty(); }
  // For who gives up: oldest first.
  std::deque<HeldBatch> take_unwritten() { return std::exchange(unwritten_, {}); }

  SteadyTime last_try() const { return last_try_; }
  // How long a batch took lately: the longest, fading.
  std::chrono::nanoseconds storing_time() const { return std::chrono::nanoseconds(storing_ns_); }

 private:
  void note_stored(HeldBatch held, const WriteReport& report);
  void fail_with(const Error& error);

  StorageSeries& series_;
  const Stored stored_;
  const Failed failed_;
  std::deque<HeldBatch> unwritten_;
  SteadyTime last_try_;
  std::atomic<std::int64_t> storing_ns_{0};  // of whichever thread stores

  StoreThread store_;  // last: it calls note_stored()
};

}  // namespace zbag
