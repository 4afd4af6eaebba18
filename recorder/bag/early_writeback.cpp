#include "recorder/bag/early_writeback.hpp"

#include <fcntl.h>

#include <chrono>

namespace zbag {

EarlyWriteback::EarlyWriteback(int fd) : fd_(fd) {
  thread_ = std::thread([this] { run(); });
}

EarlyWriteback::~EarlyWriteback() {
  {
    const std::lock_guard lock(mutex_);
    is_active_ = false;
    stops_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void EarlyWriteback::begin(std::uint64_t from) {
  {
    const std::lock_guard lock(mutex_);
    from_ = from;
    is_active_ = true;
  }
  changed_.notify_all();
}

void EarlyWriteback::end() {
  {
    const std::lock_guard lock(mutex_);
    is_active_ = false;
  }
  changed_.notify_all();
}

void EarlyWriteback::run() {
  constexpr std::chrono::microseconds kPause{200};  // a MiB or so is copied in it
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_active_ || stops_; });
    if (stops_) return;
    // First something must have been copied.
    while (!changed_.wait_for(lock, kPause, [&] { return !is_active_; })) {
      const auto from = static_cast<off_t>(from_);
      lock.unlock();
      static_cast<void>(::sync_file_range(fd_, from, 0, SYNC_FILE_RANGE_WRITE));  // a wish
      lock.lock();
    }
  }
}

}  // namespace zbag
