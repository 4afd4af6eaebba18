#include "tests/support/disk_calls.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <functional>

#include "schemas/check.hpp"

namespace zbag {
namespace {

// The calls replace those of the C library, so what they report to cannot be handed to them.
std::mutex watch_mutex;
DiskWatcher* watcher = nullptr;

std::int64_t now_ns() {
  timespec time{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time);  // a test may replace the library's
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

std::string text_of(const iovec* parts, int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return text;
}

// Whether `fd` is something a disk keeps; notes which.
bool note_file(int fd, DiskCall& call) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return false;
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return false;
  call.file = {status.st_dev, status.st_ino};
  return true;
}

// Runs `act` with whoever watches told of it; `done` completes what is known only afterwards.
template <class Act>
auto watched(DiskCall call, Act act) -> decltype(act(call)) {
  const std::lock_guard lock(watch_mutex);
  if (watcher != nullptr) {
    if (const int error = watcher->before(call); error != 0) {
      errno = error;
      return -1;
    }
  }
  const auto result = act(call);
  const int kept = errno;
  if (watcher != nullptr && result >= 0) {
    call.at_ns = now_ns();
    watcher->after(std::move(call));
  }
  errno = kept;
  return result;
}

bool is_watched() {
  const std::lock_guard lock(watch_mutex);
  return watcher != nullptr;
}

// A write of `parts` at `offset`, or where the descriptor stands when it is negative.
ssize_t write_parts(int fd, const iovec* parts, int count, off_t offset) {
  DiskCall call{.kind = DiskCall::Kind::kWrite};
  if (!is_watched() || !note_file(fd, call)) {
    return offset < 0 ? ::syscall(SYS_writev, fd, parts, count)
                      : ::syscall(SYS_pwritev, fd, parts, count, static_cast<long>(offset), 0L);
  }
  const int flags = ::fcntl(fd, F_GETFL);
  call.syncs_itself = (flags & O_DSYNC) != 0;  // a part of O_SYNC, too
  const off_t here = offset < 0 ? ::lseek(fd, 0, SEEK_CUR) : offset;
  call.offset = static_cast<std::uint64_t>(here);
  call.data = text_of(parts, count);
  return watched(std::move(call), [&](DiskCall& now) -> ssize_t {
    const ssize_t written =
        offset < 0 ? ::syscall(SYS_write, fd, now.data.data(), now.data.size())
                   : ::syscall(SYS_pwrite64, fd, now.data.data(), now.data.size(), offset);
    if (written >= 0) now.data.resize(static_cast<std::size_t>(written));
    return written;
  });
}

int change_length(int fd, std::uint64_t bytes, const std::function<long()>& change) {
  DiskCall call{.kind = DiskCall::Kind::kResize, .offset = bytes};
  if (!is_watched() || !note_file(fd, call)) return static_cast<int>(change());
  return static_cast<int>(watched(std::move(call), [&](DiskCall&) { return change(); }));
}

// With a watcher nothing waits for the real disk: the power that is lost is the test's own.
int sync_file(int fd, long number) {
  DiskCall call{.kind = DiskCall::Kind::kSync};
  if (!is_watched() || !note_file(fd, call)) return static_cast<int>(::syscall(number, fd));
  return watched(std::move(call), [](DiskCall&) { return 0; });
}

int give_name(const char* from, const char* to, long number) {
  const auto act = [&](DiskCall&) { return static_cast<int>(::syscall(number, from, to)); };
  if (!is_watched()) {
    DiskCall unseen;
    return act(unseen);
  }
  const std::string name(to);
  const std::size_t slash = name.rfind('/');
  DiskCall call{.kind = DiskCall::Kind::kName, .file = disk_file(from)};
  call.folder = disk_file(slash == std::string::npos ? "." : name.substr(0, slash + 1));
  call.data = name;
  return watched(std::move(call), act);
}

}  // namespace

DiskFile disk_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

DiskWatcher::DiskWatcher() {
  const std::lock_guard lock(watch_mutex);
  ZBAG_CHECK(watcher == nullptr);
  watcher = this;
}

DiskWatcher::~DiskWatcher() {
  const std::lock_guard lock(watch_mutex);
  watcher = nullptr;
}

void DiskLog::mark(std::uint64_t mark) {
  watched(DiskCall{.mark = mark}, [](DiskCall&) { return 0; });
}

}  // namespace zbag

// What the C library would have given; the headers' own declarations say which attributes.
extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  const iovec part{const_cast<void*>(data), size};
  return zbag::write_parts(fd, &part, 1, -1);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return zbag::write_parts(fd, parts, count, -1);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  const iovec part{const_cast<void*>(data), size};
  return zbag::write_parts(fd, &part, 1, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return ::pwrite(fd, data, size, offset);
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return zbag::write_parts(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) {
  return ::pwritev(fd, parts, count, offset);
}
int ftruncate(int fd, off_t bytes) noexcept {
  return zbag::change_length(fd, static_cast<std::uint64_t>(bytes),
                             [&] { return ::syscall(SYS_ftruncate, fd, bytes); });
}
int ftruncate64(int fd, off64_t bytes) noexcept { return ::ftruncate(fd, bytes); }
int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  const auto act = [&] { return ::syscall(SYS_fallocate, fd, mode, offset, bytes); };
  struct stat status {};
  const bool grows = mode == 0 && ::fstat(fd, &status) == 0 && status.st_size < offset + bytes;
  if (!grows) return static_cast<int>(act());
  return zbag::change_length(fd, static_cast<std::uint64_t>(offset + bytes), act);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t bytes) {
  return ::fallocate(fd, mode, offset, bytes);
}
int fsync(int fd) { return zbag::sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return zbag::sync_file(fd, SYS_fdatasync); }
int link(const char* from, const char* to) noexcept { return zbag::give_name(from, to, SYS_link); }
int rename(const char* from, const char* to) noexcept {
  return zbag::give_name(from, to, SYS_rename);
}

}  // extern "C"
