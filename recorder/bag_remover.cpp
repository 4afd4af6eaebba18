#include "recorder/bag_remover.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <utility>

#include "recorder/bag/pages/lock_file.hpp"

namespace zbag {
namespace {

// Whether what `fd` is open on has no name any more and nobody else has it open, in this process or
// another: only then Linux gives a write lease (fcntl(2)), which lasts until the file is closed.
// Other systems' files, and those of others, are taken for open.
bool is_ours_alone(int fd, const struct stat& status) {
  if (!S_ISREG(status.st_mode) || status.st_nlink > 0) return false;
  // Who would open it all the same (/proc) may wait: the signal that says so is one that is
  // ignored.
  return ::fcntl(fd, F_SETSIG, SIGURG) == 0 && ::fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
}

}  // namespace

BagRemover::BagRemover(Removed removed, Warn warn)
    : removed_(std::move(removed)), warn_(std::move(warn)) {
  thread_ = std::thread([this] { run(); });
}

BagRemover::~BagRemover() {
  {
    const MutexLock lock(mutex_);
    stops_ = true;
    is_hurried_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BagRemover::remove(std::vector<BagSeries::Part> parts) {
  if (parts.empty()) return;
  wait();
  {
    const MutexLock lock(mutex_);
    parts_ = std::move(parts);
    is_hurried_ = false;
  }
  changed_.notify_all();
}

void BagRemover::wait() {
  if (!hurry()) return;
  MutexLock lock(mutex_);
  changed_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return parts_.empty(); });
}

bool BagRemover::hurry() {
  {
    const MutexLock lock(mutex_);
    if (parts_.empty()) return false;
    is_hurried_ = true;
  }
  changed_.notify_all();
  return true;
}

void BagRemover::run() {
  MutexLock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&]() ZBAG_REQUIRES(mutex_) { return stops_ || !parts_.empty(); });
    if (parts_.empty()) return;
    // Who waits for them waits until they are cleared.
    const std::vector<BagSeries::Part> parts = parts_;
    lock.unlock();
    for (const BagSeries::Part& part : parts) remove_one(part);
    lock.lock();
    parts_.clear();
    changed_.notify_all();
  }
}

void BagRemover::remove_one(const BagSeries::Part& part) {
  const int fd = ::open(part.path.c_str(), O_RDWR | O_CLOEXEC);  // else it goes in one step
  const std::error_code error = remove_bag(part.path);
  if (error && error != std::errc::no_such_file_or_directory)
    warn_(part.path + " can not be removed: " + error.message());
  if (!error) {
    struct stat status {};
    if (fd >= 0 && ::fstat(fd, &status) == 0 && is_ours_alone(fd, status))
      shrink(fd, static_cast<std::uint64_t>(status.st_size));
    removed_(part);
  }
  if (fd >= 0) ::close(fd);
}

void BagRemover::shrink(int fd, std::uint64_t bytes) {
  constexpr std::uint64_t kStepBytes = 64u << 20;
  using Clock = std::chrono::steady_clock;
  while (bytes > 0) {
    const Clock::time_point began = Clock::now();
    bytes -= std::min(bytes, kStepBytes);
    if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) return;  // closing does the rest
    const Clock::duration pause = 7 * (Clock::now() - began);
    MutexLock lock(mutex_);
    changed_.wait_for(lock, pause, [&]() ZBAG_REQUIRES(mutex_) { return is_hurried_; });
  }
}

}  // namespace zbag
