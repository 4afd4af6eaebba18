#include "bus/file_handles.hpp"

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>

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

std::size_t free_handles(std::size_t enough) {
  const std::size_t limit = handle_limit();
  const std::unique_ptr<DIR, FolderCloser> folder(::opendir("/proc/self/fd"));
  if (!folder) return 0;  // not even one
  std::size_t open = 0;
  while (::readdir(folder.get()) != nullptr && open + enough < limit + 3) ++open;
  open -= std::min<std::size_t>(open, 3);  // ".", ".." and the folder itself
  return limit - std::min(limit, open);
}

}  // namespace zbag
