// The one place where threads meet: a queue bounded in bytes that counts what it refuses.
//
// Producers say what an item weighs; push_for() takes it only while the queue holds less than
// `bytes_max`, so one item may overshoot the bound, and an item larger than the bound still passes.
// Bytes count from the push until the consumer says done(), not until pop: what was taken out and
// is still in memory behind the queue weighs too.
//
// Thread-safe: any number of producers, one consumer. Nothing is logged.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "schemas/mutex.hpp"

namespace zbag {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Takes `item` when there is room or room comes within `patience`; otherwise, or when closed,
  // leaves it as it was and returns false.
  [[nodiscard]] bool push_for(T& item, std::size_t bytes, std::chrono::milliseconds patience) {
    {
      MutexLock lock(mutex_);
      const auto has_room = [&]() ZBAG_REQUIRES(mutex_) {
        return bytes_held_ < bytes_max_ || closed_;
      };
      if (!has_room() && !room_.wait_for(lock, patience, has_room)) return false;
      if (closed_) return false;
      put(item, bytes);
    }
    not_empty_.notify_one();
    return true;
  }

  // Takes `item` whether or not there is room: for what ends or flushes the stream.
  void force_push(T& item, std::size_t bytes) {
    {
      const MutexLock lock(mutex_);
      put(item, bytes);
    }
    not_empty_.notify_one();
  }

  // Takes the oldest item out again when it `may_go`, for a producer that would rather lose that
  // one. `inherit(gone, next)` is called first when an item stands behind it.
  template <class MayGo, class Inherit>
  std::optional<T> drop_oldest(MayGo may_go, Inherit inherit) {
    const MutexLock lock(mutex_);
    if (items_.empty() || !may_go(items_.front().item)) return std::nullopt;
    Entry entry = std::move(items_.front());
    items_.pop_front();
    bytes_held_ -= entry.bytes;
    if (!items_.empty()) inherit(entry.item, items_.front().item);
    return std::move(entry.item);
  }
  template <class MayGo>
  std::optional<T> drop_oldest(MayGo may_go) {
    return drop_oldest(may_go, [](T&, T&) {});
  }

  // The oldest item; nullopt after `timeout`, or at once when closed and empty.
  std::optional<T> pop(std::chrono::nanoseconds timeout) {
    MutexLock lock(mutex_);
    not_empty_.wait_for(lock, timeout,
                        [&]() ZBAG_REQUIRES(mutex_) { return !items_.empty() || closed_; });
    if (items_.empty()) return std::nullopt;
    T item = std::move(items_.front().item);
    items_.pop_front();
    return item;
  }

  // The consumer has let go of `bytes` it popped.
  void done(std::size_t bytes) {
    {
      const MutexLock lock(mutex_);
      bytes_held_ -= bytes;
    }
    room_.notify_all();
  }

  // Nothing is taken any more; what is in can still be popped.
  void close() {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    not_empty_.notify_all();
    room_.notify_all();
  }

  bool is_empty() const {  // nothing waits; what was popped may still weigh
    const MutexLock lock(mutex_);
    return items_.empty();
  }
  std::size_t bytes() const {
    const MutexLock lock(mutex_);
    return bytes_held_;
  }

 private:
  struct Entry {
    T item;
    std::size_t bytes;
  };
  void put(T& item, std::size_t bytes) ZBAG_REQUIRES(mutex_) {
    items_.push_back({std::move(item), bytes});
    bytes_held_ += bytes;
  }

  const std::size_t bytes_max_;
  mutable Mutex mutex_;
  Condition not_empty_;
  Condition room_;
  std::deque<Entry> items_ ZBAG_GUARDED_BY(mutex_);
  std::size_t bytes_held_ ZBAG_GUARDED_BY(mutex_) = 0;
  bool closed_ ZBAG_GUARDED_BY(mutex_) = false;
};

}  // namespace zbag
