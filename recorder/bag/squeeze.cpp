#include "recorder/bag/squeeze.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "recorder/bag/pages/file_descriptor.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> os_error(const std::string& path) {
  return fail(ErrorCode::kIo, fmt::format("{}: {}", path, std::strerror(errno)));
}

bool is_worth_it(const Env& env, std::uint64_t free) {
  const std::uint64_t used = env.used_bytes();
  return free > kFreeBytesMin && free > used / 100 * kFreeSharePercent &&
         used - std::min(used, free) <= kSqueezedBytesMax;
}

}  // namespace

Status replace_bag(const BagFile& old_bag, const std::string& made, const std::string& path) {
  struct stat old {};
  if (::stat(path.c_str(), &old) == 0) {
    // Best effort: who may not give a file away keeps it.
    static_cast<void>(::chown(made.c_str(), old.st_uid, old.st_gid) == 0);
    static_cast<void>(::chmod(made.c_str(), old.st_mode & 07777u) == 0);
  }
  // The lock file tells readers which transaction is the newest: the old bag's would mislead those
  // of the new one.
  const auto give_name = [&]() -> Status {
    if (!is_named(old_bag.fd(), path))
      return fail(ErrorCode::kIo, "was removed or replaced meanwhile; nothing was changed");
    if (::rename(made.c_str(), path.c_str()) != 0) return os_error(path);
    return {};
  };
  if (Status named = name_bag(made, path, give_name); !named) return named;
  return sync_name(path);
}

Result<std::optional<FileId>> squeeze_bag(BagFile& file) {
  Env& env = file.env();
  const Result<std::uint64_t> free = env.free_bytes();
  if (!free) return tl::unexpected(free.error());
  std::error_code error;
  // Where the name is a link, the bag it leads to is replaced, not the link.
  const std::string path = std::filesystem::canonical(file.path(), error);
  const bool is_ours =
      !error && is_named(file.fd(), path) && !is_open_elsewhere(file.fd()) && !env.has_readers();
  if (!is_ours || !is_worth_it(env, *free)) return std::optional<FileId>();
  const std::string made = making_name(path);
  ::unlink(made.c_str());  // of a process that had our number and was killed
  Status status = env.copy_used(made);
  const bool has_room = status || status.error().code != ErrorCode::kDiskFull;
  struct stat squeezed {};
  if (status) {
    const FileDescriptor copy(::open(made.c_str(), O_RDONLY | O_CLOEXEC));
    if (copy.get() < 0 || ::fstat(copy.get(), &squeezed) != 0 || ::fsync(copy.get()) != 0)
      status = os_error(made);
  }
  if (status) status = replace_bag(file, made, path);
  if (status) return std::optional(FileId(squeezed.st_dev, squeezed.st_ino));
  ::unlink(made.c_str());
  if (!has_room) return std::optional<FileId>();
  return fail(status.error(), file.path());
}

}  // namespace zbag
