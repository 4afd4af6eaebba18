#include "recorder/bag/write/space.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>
#include <optional>

namespace zbag {
namespace {

// What a file on a disk may still take; nullopt when nobody can tell.
std::optional<std::uint64_t> free_bytes(int rc, const struct statvfs& disk) {
  if (rc != 0) return std::nullopt;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}
std::optional<std::uint64_t> free_bytes_in(const std::string& folder) {
  struct statvfs disk {};
  return free_bytes(::statvfs(folder.c_str(), &disk), disk);
}
std::optional<std::uint64_t> free_bytes_beside(int file) {
  struct statvfs disk {};
  return free_bytes(::fstatvfs(file, &disk), disk);
}

}  // namespace

bool WriterSpace::has_disk(const std::string& folder, const Limits& limits) {
  const std::optional<std::uint64_t> free = free_bytes_in(folder);
  return !free || *free >= limits.wanted();
}

WriterSpace::WriterSpace(BagFile& file, Limits limits)
    : file_(&file),
      limits_(limits),
      reserved_to_(file.size_bytes()),
      released_to_(file.size_bytes()) {}

bool WriterSpace::reserve_ahead() {
  if (const auto free = free_bytes_beside(file_->fd())) {
    const std::uint64_t used = file_->size_bytes();
    const std::uint64_t ahead = reserved_to_ > used ? reserved_to_ - used : 0;
    if (*free + ahead < limits_.wanted()) return false;
  }
  if (limits_.reserve_bytes == 0) return true;
  const std::uint64_t used = file_->size_bytes();
  if (reserved_to_ >= used + limits_.reserve_bytes) return true;
  // Twice as far as needed, so that this is rare.
  const std::uint64_t target = used + 2 * limits_.reserve_bytes;
  for (const std::uint64_t limit : {target, used + limits_.reserve_bytes}) {
    const int rc = ::fallocate(file_->fd(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(used),
                               static_cast<off_t>(limit - used));
    if (rc == 0 || errno == EOPNOTSUPP) {
      reserved_to_ = limit;
      return true;
    }
  }
  return false;
}

void WriterSpace::release_cache() {
  constexpr std::uint64_t kKeptBytes = 64u << 20;
  constexpr std::uint64_t kStepBytes = 8u << 20;
  const std::uint64_t used = file_->env().used_bytes();
  if (used < released_to_ + kKeptBytes + kStepBytes) return;
  CacheKeeper& keeper = cache_keeper();
  released_to_ = used - kKeptBytes;
  keeper.let_go(released_to_);
}

void WriterSpace::release_whole_cache() {
  if (cache_keeper_) cache_keeper_->let_go(file_->size_bytes());
}

CacheKeeper& WriterSpace::cache_keeper() {
  if (!cache_keeper_) cache_keeper_ = std::make_unique<CacheKeeper>(file_->fd(), released_to_);
  return *cache_keeper_;
}

Status WriterSpace::commit(WriteTxn& txn, std::uint64_t block_bytes) {
  constexpr std::uint64_t kWorthwhileBytes = 1u << 20;
  if (block_bytes < kWorthwhileBytes) return txn.commit();
  cache_keeper().begin();
  Status status = txn.commit();
  cache_keeper().end();
  return status;
}

void WriterSpace::give_back_reserve() {
  // A file that keeps it is merely larger.
  if (reserved_to_ > file_->size_bytes())
    static_cast<void>(::ftruncate(file_->fd(), static_cast<off_t>(file_->size_bytes())) == 0);
  reserved_to_ = 0;
}

}  // namespace zbag
