#include "recorder/timings/timing_log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "schemas/no_room.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> failed(const std::string& path, int code) {
  return fail(is_no_room(code) ? ErrorCode::kDiskFull : ErrorCode::kIo,
              fmt::format("{}: {}", path, std::strerror(code)));
}

Status make_folder(const fs::path& folder) {
  std::error_code error;
  if (folder.empty() || fs::is_directory(folder, error)) return {};
  fs::create_directories(folder, error);
  return error ? Status(failed(folder.string(), error.value())) : Status();
}

// Whether what is there ends within a line: a writer was killed, or the disk was full.
bool is_torn(int fd) {
  struct stat about {};
  char last = '\n';
  const bool has_bytes = ::fstat(fd, &about) == 0 && about.st_size > 0;
  return has_bytes && ::pread(fd, &last, 1, about.st_size - 1) == 1 && last != '\n';
}

// All of it at once: never is a line within that of a writer who does not ask.
Status write_once(int fd, const std::string& path, const std::string& bytes) {
  ssize_t written = -1;
  do {
    written = ::write(fd, bytes.data(), bytes.size());
  } while (written < 0 && errno == EINTR);
  if (written < 0) return failed(path, errno);
  return static_cast<std::size_t>(written) == bytes.size() ? Status() : failed(path, ENOSPC);
}

// While it lives no other process that asks has the file. On a file system without such locks,
// none does.
class Alone {
 public:
  explicit Alone(int fd) : fd_(fd) {
    while (::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~Alone() { ::flock(fd_, LOCK_UN); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  int fd_;
};

// Once in a process, as the notice is for people.
bool is_first_notice() {
  static std::atomic<bool> is_given{false};
  return !is_given.exchange(true);
}

}  // namespace

Result<TimingLog::File> TimingLog::open_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return failed(path, errno);
  return File{path, std::make_unique<FileDescriptor>(fd)};
}

Result<TimingLog> TimingLog::open(const std::string& folder, const Options& options) {
  if (Status made = make_folder(folder); !made) return tl::unexpected(made.error());
  Result<File> detailed = open_file((fs::path(folder) / kTimingsFile).string());
  if (!detailed) return tl::unexpected(detailed.error());
  std::optional<File> summary;
  if (options.enable_csv_output) {
    Result<File> table = open_file((fs::path(folder) / kTimingsSummaryFile).string());
    if (!table) return tl::unexpected(table.error());
    summary = std::move(*table);
    if (options.warn && is_first_notice())
      options.warn(
          fmt::format("{} is deprecated: {} has all of it, and zbag timings {} summary "
                      "--format csv prints the table",
                      kTimingsSummaryFile, kTimingsFile, folder));
  }
  return TimingLog(std::move(*detailed), std::move(summary));
}

Status TimingLog::append(const TimingRecord& record) {
  const MutexLock lock(*mutex_);
  std::string line = line_of(record);
  const int fd = detailed_.file->get();
  const Alone alone(fd);  // a line of another that is half there would look torn
  if (is_torn(fd)) line.insert(line.begin(), '\n');
  if (Status written = write_once(fd, detailed_.path, line); !written) return written;
  return summary_ ? append_summary(record) : Status();
}

// The first to find it empty writes the head, too.
Status TimingLog::append_summary(const TimingRecord& record) const {
  const int fd = summary_->file->get();
  const Alone alone(fd);
  struct stat about {};
  if (::fstat(fd, &about) != 0) return failed(summary_->path, errno);
  std::string line = timing_summary_line(record);
  if (about.st_size == 0) line.insert(0, timing_summary_head());
  if (is_torn(fd)) line.insert(line.begin(), '\n');
  return write_once(fd, summary_->path, line);
}

Status log_timing(const std::string& path, std::string_view registration_id,
                  std::vector<PhaseTiming> phases, const Fields& metadata) {
  if (Status made = make_folder(fs::path(path).parent_path()); !made) return made;
  Result<TimingLog::File> file = TimingLog::open_file(path);
  if (!file) return tl::unexpected(file.error());
  return TimingLog(std::move(*file), std::nullopt)
      .append(make_timing_record(registration_id, wall_seconds(), std::move(phases), metadata));
}

}  // namespace zbag
