#include "bus/file_handles.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

namespace zbag {
namespace {

bool is_control(int listener) {
  sockaddr_un address{};
  socklen_t size = sizeof address - 1;  // a path of full length has no zero at its end
  return ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         address.sun_family == AF_UNIX && std::string_view(address.sun_path).ends_with(".ctl");
}

// The system gives the lowest number that is free: all below it are taken.
bool is_let_in(int listener, int peer) {
  const std::size_t limit = handle_limit();
  const std::size_t left = limit - std::min(limit, static_cast<std::size_t>(peer) + 1);
  return left >= kHandlesSpare || (left >= kHandlesOfFiles && is_control(listener));
}

struct FolderCloser {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

}  // namespace
}  // namespace zbag

// Stands before the C library's, for libzmq. Nobody who only looks in time can be sure to be in
// time: a hundred peers come within a millisecond.
extern "C" int accept4(int listener, sockaddr* address, socklen_t* size, int flags) {
  const int accepted = static_cast<int>(::syscall(SYS_accept4, listener, address, size, flags));
  if (accepted >= 0 && zbag::is_let_in(listener, accepted)) return accepted;
  if (accepted >= 0) ::close(accepted);
  if (accepted >= 0 || errno == EMFILE) errno = ENFILE;  // which libzmq goes on after
  return -1;
}

namespace zbag {

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
