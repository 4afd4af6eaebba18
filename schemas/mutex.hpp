// A mutex whose use clang checks (-Wthread-safety): what it guards says so, and touching that
// without the lock does not compile there. Other compilers see plain std::mutex.
//
//   mutable Mutex mutex_;                            // guards what follows
//   Condition changed_;
//   std::size_t bytes_ ZBAG_GUARDED_BY(mutex_) = 0;
//
//   MutexLock lock(mutex_);
//   changed_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return bytes_ == 0; });
//
// Source of the attributes: clang's page Thread Safety Analysis.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#ifdef __clang__
#define ZBAG_THREAD_SAFETY(attribute) __attribute__((attribute))
#else
#define ZBAG_THREAD_SAFETY(attribute)
#endif
// Of a member: touched with `mutex` held alone. Of what a pointer leads to: the second.
#define ZBAG_GUARDED_BY(mutex) ZBAG_THREAD_SAFETY(guarded_by(mutex))
#define ZBAG_POINTS_TO_GUARDED_BY(mutex) ZBAG_THREAD_SAFETY(pt_guarded_by(mutex))
// Of a function or a lambda, behind its parameters: called with `mutex` held, or without.
#define ZBAG_REQUIRES(mutex) ZBAG_THREAD_SAFETY(requires_capability(mutex))
#define ZBAG_EXCLUDES(mutex) ZBAG_THREAD_SAFETY(locks_excluded(mutex))

namespace zbag {

// Taken by a MutexLock alone.
class ZBAG_THREAD_SAFETY(capability("mutex")) Mutex {
 private:
  friend class MutexLock;
  std::mutex mutex_;
};

// Holds a mutex from here to the end of its scope, but between unlock() and lock().
class ZBAG_THREAD_SAFETY(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ZBAG_THREAD_SAFETY(acquire_capability(mutex))
      : lock_(mutex.mutex_) {}
  ~MutexLock() ZBAG_THREAD_SAFETY(release_capability()) = default;
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() ZBAG_THREAD_SAFETY(release_capability()) { lock_.unlock(); }
  void lock() ZBAG_THREAD_SAFETY(acquire_capability()) { lock_.lock(); }

 private:
  friend class Condition;
  std::unique_lock<std::mutex> lock_;
};

// A condition variable beside a Mutex. `is_met` runs with the lock held: a lambda that touches what
// the mutex guards says ZBAG_REQUIRES.
class Condition {
 public:
  void notify_one() { variable_.notify_one(); }
  void notify_all() { variable_.notify_all(); }

  template <class IsMet>
  void wait(MutexLock& lock, IsMet is_met) {
    variable_.wait(lock.lock_, std::move(is_met));
  }
  // Until somebody notifies, the time is over or for no reason at all: who waits looks again.
  template <class Duration>
  void wait_for(MutexLock& lock, Duration duration) {
    variable_.wait_for(lock.lock_, duration);
  }
  // False: the time is over and it is still not met.
  template <class Duration, class IsMet>
  bool wait_for(MutexLock& lock, Duration duration, IsMet is_met) {
    return variable_.wait_for(lock.lock_, duration, std::move(is_met));
  }
  template <class Clock, class Duration, class IsMet>
  bool wait_until(MutexLock& lock, std::chrono::time_point<Clock, Duration> deadline,
                  IsMet is_met) {
    return variable_.wait_until(lock.lock_, deadline, std::move(is_met));
  }

 private:
  std::condition_variable variable_;
};

}  // namespace zbag
