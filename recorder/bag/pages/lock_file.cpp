#include "recorder/bag/pages/lock_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "recorder/bag/pages/file_descriptor.hpp"

namespace zbag {
namespace {

// No file is that large: there LMDB, and whoever locks a bag as a whole elsewhere, has nothing.
constexpr off_t kGate = off_t{1} << 62;  // held is the one behind it

struct Bytes {
  off_t first;
  off_t count;
};
constexpr Bytes kGateOnly{kGate, 1};
constexpr Bytes kHeldOnly{kGate + 1, 1};
constexpr Bytes kBoth{kGate, 2};

struct flock lock_of(short type, Bytes bytes) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = bytes.first;
  lock.l_len = bytes.count;
  return lock;
}

int set_lock(int fd, short type, Bytes bytes) {
  struct flock lock = lock_of(type, bytes);
  return ::fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}

// Of file systems that one kernel alone looks after: what it locks is locked for everybody.
bool is_local(int fd) {
  constexpr std::array<unsigned long, 8> kLocal = {EXT4_SUPER_MAGIC,  XFS_SUPER_MAGIC,
                                                   BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
                                                   F2FS_SUPER_MAGIC,  OVERLAYFS_SUPER_MAGIC,
                                                   0x2fc12fc1,   // zfs
                                                   0xca451a4e};  // bcachefs
  struct statfs disk {};
  return ::fstatfs(fd, &disk) == 0 &&
         std::find(kLocal.begin(), kLocal.end(), static_cast<unsigned long>(disk.f_type)) !=
             kLocal.end();
}

// EAGAIN: others hold it all the time. Others hold it for some system calls only, so that looking
// again is quick enough; a wait in the kernel would have no end where one of them is stopped.
int wait_for_lock(int fd, short type, Bytes bytes) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point limit = Clock::now() + std::chrono::seconds(10);
  while (true) {
    const int error = set_lock(fd, type, bytes);
    const bool is_taken = error == EAGAIN || error == EACCES;
    if (!is_taken) return error;
    if (Clock::now() > limit) return EAGAIN;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

// Keeps others from opening the bag until `fd` is closed. False: it cannot, or somebody has been
// opening it for long.
bool close_gate(int fd) {
  return fd >= 0 && is_local(fd) && wait_for_lock(fd, F_WRLCK, kGateOnly) == 0;
}

// Without waiting where it is a pipe.
int open_to_lock(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

}  // namespace

std::string lock_file_of(const std::string& bag) { return bag + "-lock"; }

bool is_named(int fd, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

Status mark_opening(int fd) {
  // Where there are no such locks, nobody removes.
  if (!is_local(fd)) return {};
  const int error = wait_for_lock(fd, F_RDLCK, kBoth);
  if (error == 0 || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP) return {};
  if (error != EAGAIN)
    return fail(ErrorCode::kIo, fmt::format("cannot be locked: {}", std::strerror(error)));
  return fail(ErrorCode::kBusy,
              "another process has been renaming or removing the bag for 10 s; try again");
}

void mark_open(int fd) {
  if (is_local(fd)) set_lock(fd, F_UNLCK, kGateOnly);
}

bool is_open_elsewhere(int fd) {
  struct flock lock = lock_of(F_WRLCK, kHeldOnly);
  return !is_local(fd) || ::fcntl(fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

void remove_lock_file(const std::string& path, FileId bag) {
  const FileDescriptor file(open_to_lock(path));  // not by who may not write it
  struct stat status {};
  const bool is_the_bag = file.get() >= 0 && ::fstat(file.get(), &status) == 0 &&
                          FileId(status.st_dev, status.st_ino) == bag;
  if (!is_the_bag || !is_local(file.get()) || set_lock(file.get(), F_WRLCK, kBoth) != 0) return;
  if (is_named(file.get(), path)) ::unlink(lock_file_of(path).c_str());
}

Status name_bag(const std::string& made, const std::string& path,
                const std::function<Status()>& give_name) {
  const FileDescriptor bag(open_to_lock(made));
  const FileDescriptor earlier(open_to_lock(path));
  // Where there are no such locks, a lock file of the earlier bag is the greater danger.
  const bool has_locks = bag.get() < 0 || is_local(bag.get());
  const bool is_closed = close_gate(bag.get()) && (earlier.get() < 0 || close_gate(earlier.get()));
  if (has_locks && !is_closed) {
    return fail(ErrorCode::kBusy,
                path + ": another process has been opening or renaming it for 10 s; try again");
  }
  Status named = give_name();
  if (named) ::unlink(lock_file_of(path).c_str());
  return named;
}

std::error_code remove_bag(const std::string& path) {
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0) return {errno, std::generic_category()};
  return remove_bag(path, {named.st_dev, named.st_ino});
}

std::error_code remove_bag(const std::string& path, FileId id) {
  const FileDescriptor bag(open_to_lock(path));
  const std::string lock_file = lock_file_of(path);
  // First, so that it is not that of a new bag of this name.
  const bool is_closed = close_gate(bag.get()) && is_named(bag.get(), path);
  struct stat named {};
  if (::stat(path.c_str(), &named) != 0) return {errno, std::generic_category()};
  if (FileId(named.st_dev, named.st_ino) != id)
    return std::make_error_code(std::errc::no_such_file_or_directory);
  if (is_closed) ::unlink(lock_file.c_str());
  if (::unlink(path.c_str()) != 0) return {errno, std::generic_category()};
  if (!is_closed) ::unlink(lock_file.c_str());
  return {};
}

}  // namespace zbag
