#include "recorder/bag/pages/cache_keeper.hpp"

#include <fcntl.h>

#include <algorithm>
#include <chrono>

namespace zbag {

CacheKeeper::CacheKeeper(int fd, std::uint64_t begin)
    : fd_(fd), gone_to_(begin), let_go_to_(begin) {
  thread_ = std::thread([this] { run(); });
}

CacheKeeper::~CacheKeeper() {
  {
    const MutexLock lock(mutex_);
    is_copying_ = false;
    stops_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void CacheKeeper::begin() {
  {
    const MutexLock lock(mutex_);
    is_copying_ = true;
  }
  changed_.notify_all();
}

void CacheKeeper::end() {
  {
    const MutexLock lock(mutex_);
    is_copying_ = false;
  }
  changed_.notify_all();
}

void CacheKeeper::let_go(std::uint64_t to) {
  {
    const MutexLock lock(mutex_);
    let_go_to_ = std::max(let_go_to_, to);
  }
  changed_.notify_all();
}

void CacheKeeper::run() {
  constexpr std::chrono::microseconds kPause{200};  // a MiB or so is copied in it
  MutexLock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) {
      return stops_ || is_copying_ || gone_to_ < let_go_to_;
    });
    if (stops_ && gone_to_ >= let_go_to_) return;
    if (gone_to_ < let_go_to_) {
      const auto from = static_cast<off_t>(gone_to_);
      gone_to_ = let_go_to_;
      const auto to = static_cast<off_t>(gone_to_);
      lock.unlock();
      static_cast<void>(::posix_fadvise(fd_, from, to - from, POSIX_FADV_DONTNEED));
      lock.lock();
      continue;
    }
    // First something must have been copied.
    while (!changed_.wait_for(lock, kPause, [&]() ZBAG_REQUIRES(mutex_) { return !is_copying_; })) {
      const auto from = static_cast<off_t>(let_go_to_);  // all before is clean
      lock.unlock();
      static_cast<void>(::sync_file_range(fd_, from, 0, SYNC_FILE_RANGE_WRITE));
      lock.lock();
    }
  }
}

}  // namespace zbag
