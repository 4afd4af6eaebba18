#include "player/query/aside_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace zbag {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBegin = "zbag-sql.";
constexpr const char* kLock = "lock";

// Holds the lock of a folder until it is closed; -1: somebody else does, or there is none.
int take_lock(const fs::path& folder, int flags) {
  const int file = ::open((folder / kLock).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  if (file < 0 || flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  return -1;
}

// A folder of ours: no link, and nobody else may put anything into it.
bool is_own(const fs::path& folder) {
  struct stat found {};
  return lstat(folder.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
         found.st_uid == geteuid() && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// One without a lock may be about to get it.
bool is_old(const fs::path& folder) {
  std::error_code error;
  const auto written = fs::last_write_time(folder, error);
  return !error && fs::file_time_type::clock::now() - written > std::chrono::hours(1);
}

void remove_left(const fs::path& folder) {
  if (!is_own(folder)) return;
  std::error_code error;
  const bool has_lock = fs::exists(fs::symlink_status(folder / kLock, error));
  const int lock = take_lock(folder, 0);
  if (has_lock ? lock >= 0 : is_old(folder)) fs::remove_all(folder, error);
  if (lock >= 0) ::close(lock);
}

void remove_left_in(const fs::path& around) {
  std::error_code error;
  for (fs::directory_iterator one(around, error); !error && one != fs::directory_iterator();
       one.increment(error)) {
    if (one->path().filename().string().starts_with(kBegin)) remove_left(one->path());
  }
}

}  // namespace

AsideFolder::AsideFolder() {
  std::error_code error;
  const fs::path around = fs::temp_directory_path(error);
  if (error) return;
  remove_left_in(around);
  std::string path = (around / kBegin).string() + "XXXXXX";
  if (mkdtemp(path.data()) == nullptr) return;
  path_ = path;
  lock_ = take_lock(path_, O_CREAT);
  const fs::space_info space = fs::space(around, error);
  if (!error) bytes_max_ = space.available / 2;
}

AsideFolder::~AsideFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

}  // namespace zbag
