#include "bus/file_handles.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

// Stands before the C library's, for libzmq: 4.3.4 aborts when a process has no handle left for a
// peer over ipc (EMFILE), but goes on where the system has none (ENFILE). Nobody who only looks in
// time can be sure to be in time: a hundred peers come within a millisecond.
extern "C" int accept4(int listener, sockaddr* address, socklen_t* size, int flags) {
  const long accepted = ::syscall(SYS_accept4, listener, address, size, flags);
  if (accepted < 0 && errno == EMFILE) errno = ENFILE;
  return static_cast<int>(accepted);
}

namespace zbag {
namespace {

struct FolderCloser {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace

std::size_t raise_handle_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);  // as it was, where that is not allowed
  }
  return handle_limit();
}

std::size_t handle_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur) : 0;
}

std::size_t free_handles() {
  const std::size_t limit = handle_limit();
  const std::unique_ptr<DIR, FolderCloser> folder(::opendir("/proc/self/fd"));
  if (!folder) return 0;  // not even one
  std::size_t open = 0;
  while (::readdir(folder.get()) != nullptr) ++open;
  open -= std::min<std::size_t>(open, 3);  // ".", ".." and the folder itself
  return limit - std::min(limit, open);
}

}  // namespace zbag
