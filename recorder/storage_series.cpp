#include "recorder/storage_series.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <utility>

namespace zbag {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::minutes kSplitRetryWait{1};
constexpr std::chrono::milliseconds kLookEvery{500};
constexpr std::chrono::seconds kRescueRetryWait{10};

// A free name for a copy of a bag that is gone from `path`, in the nearest folder that exists.
std::string rescued_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::path folder = fs::path(path).parent_path();
  while (!folder.empty() && !fs::is_directory(folder, ignored)) {
    if (folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  std::string stem = fs::path(path).stem().string();
  constexpr std::string_view kRescued = ".rescued";  // of one that was removed again
  if (stem.ends_with(kRescued)) stem.resize(stem.size() - kRescued.size());
  fs::path rescued = folder / (stem + ".rescued.zbag");
  for (int i = 2; fs::exists(rescued, ignored); ++i)
    rescued = folder / fmt::format("{}.rescued-{}.zbag", stem, i);
  return rescued.string();
}

}  // namespace

StorageSeries::StorageSeries(const std::string& path, std::unique_ptr<Storage> first,
                             Options options)
    : options_(std::move(options)),
      storage_(std::move(first)),
      names_(path, options_.rules),
      remover_([this](const BagSeries::Part& part) { note_removed(part); }, options_.warn) {}

bool StorageSeries::is_due(std::uint64_t bytes_more) const {
  const std::uint64_t bytes = storage_->size_bytes() + bytes_more;
  const MutexLock lock(mutex_);
  return names_.is_due(bytes, Clock::now());
}

void StorageSeries::split_when_due(std::uint64_t bytes_more) {
  if (!is_due(bytes_more)) return;
  const Status status = split();
  if (status) return;
  {
    const MutexLock lock(mutex_);
    names_.put_off(Clock::now() + kSplitRetryWait);
  }
  options_.warn(fmt::format("no new bag: {}; {} is written on", status.error().message, path()));
}

Status StorageSeries::split() {
  StorageOptions next = options_.storage;
  next.losses_before = options_.losses();
  std::string path;
  {
    const MutexLock lock(mutex_);
    if (!names_.holds_points())
      return fail(ErrorCode::kNotFound, names_.path() + " holds no points yet");
    next.config.emplace_back("continues", std::filesystem::path(names_.path()).filename().string());
    path = names_.next_path();
  }
  storage_->give_back_reserve();  // the new storage asks for as much
  Result<std::unique_ptr<Storage>> opened = open_next(path, next);
  if (!opened) return tl::unexpected(opened.error());
  // What it holds is durable, closed or not.
  if (Status closed = storage_->close(); !closed) options_.warn(closed.error().message);
  storage_->release_cache();  // the next one's pages come out of it
  {
    const MutexLock lock(mutex_);
    names_.begin(std::move(path));
    ++begun_;
  }
  storage_ = std::move(*opened);
  remove_oldest(0);
  return {};
}

// So that the ring has room for `more`.
void StorageSeries::remove_oldest(std::size_t more) {
  std::vector<BagSeries::Part> oldest;
  {
    const MutexLock lock(mutex_);
    oldest = names_.take_oldest(more);
  }
  remover_.remove(std::move(oldest));
}

Result<std::unique_ptr<Storage>> StorageSeries::open_next(const std::string& path,
                                                          const StorageOptions& options) {
  Result<std::unique_ptr<Storage>> next = options_.open(path, options);
  if (next || next.error().code != ErrorCode::kDiskFull) return next;
  // There may be room when what leaves the ring is gone, and what the new one would push out of it.
  remove_oldest(1);
  remover_.wait();
  return options_.open(path, options);
}

bool StorageSeries::is_lost() {
  const Clock::time_point now = Clock::now();
  if (now - looked_ < kLookEvery) return false;
  looked_ = now;
  return !storage_->is_in_place();
}

Status StorageSeries::rescue() {
  StorageOptions next = options_.storage;
  next.losses_before = options_.losses();
  next.config.emplace_back("continues", std::filesystem::path(path()).filename().string());
  const std::string rescued = rescued_path(path());
  if (Status copied = storage_->copy_to(rescued); !copied) return not_rescued(copied.error());
  Result<std::unique_ptr<Storage>> opened = options_.open(rescued, next);
  if (!opened) {
    std::error_code ignored;
    std::filesystem::remove(rescued, ignored);  // another is made then
    return not_rescued(opened.error());
  }
  // For whoever has moved it somewhere else.
  static_cast<void>(storage_->close());
  storage_ = std::move(*opened);
  note_rescued(rescued, ", where recording goes on");
  return {};
}

Status StorageSeries::not_rescued(const Error& why) {
  looked_ = Clock::now() + kRescueRetryWait;
  const std::string text = fmt::format(
      "{} was removed or replaced while it is recorded, and what it held can not be "
      "saved: {}",
      path(), why.message);
  options_.warn(text);
  return fail(why.code, text);
}

void StorageSeries::note_rescued(const std::string& rescued, const char* more) {
  std::string lost = path();
  {
    const MutexLock lock(mutex_);
    names_.move(rescued);
    ++rescued_;
  }
  options_.warn(fmt::format(
      "{} was removed or replaced while it is recorded: all that it held is in {} now{}", lost,
      rescued, more));
}

Status StorageSeries::close(Ending ending) {
  Status closed = ending == Ending::kWhole ? storage_->close() : Status();
  if (ending == Ending::kInterrupted) storage_->give_back_reserve();
  if (ending == Ending::kNothing) {
    storage_->remove();
  } else if (!storage_->is_in_place()) {
    const std::string rescued = rescued_path(path());
    Status copied = storage_->copy_to(rescued);
    if (copied) note_rescued(rescued, "");
    if (!copied) closed = not_rescued(copied.error());
  }
  remover_.wait();
  return closed;
}

void StorageSeries::note_points(std::uint64_t points) {
  const MutexLock lock(mutex_);
  names_.note_points(points, Clock::now());
}

// On the remover's thread.
void StorageSeries::note_removed(const BagSeries::Part& part) {
  const MutexLock lock(mutex_);
  ++removed_;
  removed_points_ += part.points;
}

std::string StorageSeries::path() const {
  const MutexLock lock(mutex_);
  return names_.path();
}

std::vector<std::string> StorageSeries::paths() const {
  const MutexLock lock(mutex_);
  return names_.paths();
}

void StorageSeries::add_to(RecordingTotals& totals) const {
  const MutexLock lock(mutex_);
  totals.bags = begun_;
  totals.rescued_bags = rescued_;
  totals.removed_bags = removed_;
  totals.removed_points = removed_points_;
}

}  // namespace zbag
