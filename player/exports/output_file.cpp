#include "player/exports/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "player/exports/whole_stdout.hpp"
#include "recorder/bag/bag_file.hpp"
#include "schemas/no_room.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> exists(const std::string& path) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  if (type == fs::file_type::directory) {
    return fail(
        ErrorCode::kExists,
        fmt::format("{} exists and is a folder, where a file is written; give a file's name",
                    path));
  }
  if (type != fs::file_type::regular) {
    return fail(ErrorCode::kExists,
                fmt::format("{} exists and is no file; remove it or choose another name", path));
  }
  return fail(ErrorCode::kExists,
              fmt::format("{} exists; choose another name, or replace it with --force", path));
}

// Whether something has that name that is not to be replaced.
bool is_taken(const std::string& path, Existing existing) {
  std::error_code error;
  const fs::file_type type = fs::symlink_status(path, error).type();
  if (type == fs::file_type::not_found) return false;
  return existing == Existing::kStays || type != fs::file_type::regular;
}

Error error_of(const std::string& path, int code) {
  Error error = disk_error(path, code);
  if (code == EPIPE) error.code = ErrorCode::kClosed;
  if (code == EEXIST) error.code = ErrorCode::kExists;
  return error;
}

// The output that it was to become; "": it is none that is being made.
std::string made_for(const std::string& path) {
  constexpr std::string_view kMark = ".making-";
  const std::size_t at = path.rfind(kMark);
  const bool is_made = at != std::string::npos &&
                       path.find_first_not_of("0123456789", at + kMark.size()) == std::string::npos;
  return is_made ? path.substr(0, at) : "";
}

// Of an export that was killed, or that goes on: what it makes, or a folder with nothing else in
// it.
bool is_left_over(const fs::directory_entry& entry) {
  if (!made_for(entry.path().string()).empty()) return true;
  std::error_code error;
  if (entry.is_symlink(error) || !entry.is_directory(error)) return false;
  fs::directory_iterator in(entry.path(), error);
  bool has_any = false;
  for (const fs::directory_iterator end; !error && in != end; in.increment(error)) {
    if (!is_left_over(*in)) return false;
    has_any = true;
  }
  return has_any && !error;
}

// What killed exports have left below a folder, of whatever tracks. REQUIRES: nothing else is
// there.
void remove_all_leftovers(const std::string& folder) {
  std::set<std::string> outputs;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    std::string output = made_for(at->path().string());
    if (output.empty()) continue;
    outputs.insert(std::move(output));
    at.disable_recursion_pending();
  }
  for (const std::string& output : outputs) remove_leftovers(output);
}

// Every folder that the names of tracks stand for: "a/b/c" gives "a" and "a/b".
std::set<std::string> folders_of(const std::vector<std::string>& tracks) {
  std::set<std::string> folders;
  for (const std::string& track : tracks) {
    for (std::size_t at = track.find('/'); at != std::string::npos; at = track.find('/', at + 1))
      folders.insert(track.substr(0, at));
  }
  return folders;
}

}  // namespace

Error disk_error(const std::string& what, int code) {
  return {is_no_room(code) ? ErrorCode::kDiskFull : ErrorCode::kIo,
          fmt::format("{}: {}", what, std::strerror(code))};
}

Result<std::vector<std::string>> make_output_folder(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> made;
  if (folder.empty() || fs::is_directory(folder, error)) return made;
  fs::path so_far;
  for (const fs::path& part : fs::path(folder)) {
    so_far /= part;
    if (fs::exists(so_far, error) && !fs::is_directory(so_far, error)) {
      return fail(ErrorCode::kExists,
                  fmt::format("{} exists and is no folder; remove it or choose another name",
                              so_far.string()));
    }
    if (!fs::exists(so_far, error)) made.push_back(so_far.string());
  }
  fs::create_directories(folder, error);
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", folder, error.message()));
  return made;
}

Status check_output_file(const std::string& path, Existing existing) {
  return is_taken(path, existing) ? Status(exists(path)) : Status();
}

Status check_output_folder(const std::string& folder, Existing existing) {
  std::error_code error;
  const fs::file_type type = fs::status(folder, error).type();
  const bool is_there = type != fs::file_type::not_found || fs::is_symlink(folder, error);
  if (!is_there || type == fs::file_type::none) return {};  // who makes it will see
  if (type != fs::file_type::directory) {
    return fail(
        ErrorCode::kExists,
        fmt::format("{} exists and is no folder; remove it or choose another name", folder));
  }
  if (existing == Existing::kIsReplaced) return {};
  fs::directory_iterator at(folder, error);
  for (const fs::directory_iterator end; !error && at != end; at.increment(error)) {
    if (is_left_over(*at)) continue;
    return fail(ErrorCode::kExists,
                fmt::format("{} is not empty; choose another name, or give --force, which replaces "
                            "what has the names that are written and leaves the rest",
                            folder));
  }
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", folder, error.message()));
  return {};
}

Result<OutputFile> OutputFile::create(const std::string& path, Existing existing) {
  if (path == "-") {
    std::FILE* const file = open_stdout();
    if (file == nullptr) return tl::unexpected(error_of("stdout", errno));
    return OutputFile(path, {}, file);
  }
  if (is_taken(path, existing)) return exists(path);
  Result<std::vector<std::string>> folders =
      make_output_folder(fs::path(path).parent_path().string());
  if (!folders) return tl::unexpected(folders.error());
  remove_leftovers(path);
  std::string made = making_name(path);
  ::unlink(made.c_str());  // of a process that had our number and was killed
  const int fd = ::open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return tl::unexpected(error_of(path, errno));
  static_cast<void>(::flock(fd, LOCK_EX | LOCK_NB));  // says that its maker lives
  std::FILE* const file = ::fdopen(fd, "wb");
  if (file == nullptr) {
    const int code = errno;
    ::close(fd);
    ::unlink(made.c_str());
    return tl::unexpected(error_of(path, code));
  }
  OutputFile output(path, std::move(made), file);
  output.existing_ = existing;
  output.made_folders_ = std::move(*folders);
  return output;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      existing_(other.existing_),
      made_(std::exchange(other.made_, {})),
      file_(std::exchange(other.file_, nullptr)),
      made_folders_(std::move(other.made_folders_)) {}

OutputFile::~OutputFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (made_.empty()) return;
  ::unlink(made_.c_str());
  // One in which somebody has put something meanwhile stays.
  for (auto folder = made_folders_.rbegin(); folder != made_folders_.rend(); ++folder)
    ::rmdir(folder->c_str());
}

Status OutputFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) == text.size()) return {};
  return tl::unexpected(failure());
}

const std::string& OutputFile::by_name() {
  std::fclose(std::exchange(file_, nullptr));
  return made_;
}

Status OutputFile::finish() {
  // What was written by name may be another file by now.
  if (file_ == nullptr) file_ = std::fopen(made_.c_str(), "ab");
  if (file_ == nullptr || std::fflush(file_) != 0) return tl::unexpected(failure());
  // EINVAL: a file system that has no such call.
  if (!is_stdout() && ::fsync(::fileno(file_)) != 0 && errno != EINVAL)
    return tl::unexpected(failure());
  if (std::fclose(std::exchange(file_, nullptr)) != 0) return tl::unexpected(failure());
  return {};
}

// link() and not rename(), unless it is to be replaced: what has come there meanwhile stays. File
// systems without links get the other.
Status OutputFile::publish() {
  if (made_.empty()) return {};
  bool is_named = existing_ == Existing::kStays && ::link(made_.c_str(), path_.c_str()) == 0;
  const bool has_links = is_named || errno == EEXIST || is_no_room(errno);
  const bool is_renamed = existing_ == Existing::kIsReplaced || !has_links;
  if (is_renamed && !is_taken(path_, existing_))
    is_named = ::rename(made_.c_str(), path_.c_str()) == 0;
  if (!is_named && errno == EEXIST) return exists(path_);
  if (!is_named) return tl::unexpected(failure());
  if (!is_renamed) ::unlink(made_.c_str());
  take_back();
  Status synced = sync_name(path_);
  if (synced) made_.clear();
  return synced;
}

Error OutputFile::failure() const { return error_of(is_stdout() ? "stdout" : path_, errno); }

Result<OutputFolder> OutputFolder::plan(std::string folder, const std::vector<std::string>& tracks,
                                        const std::string& extension, Existing existing) {
  if (Status may = check_output_folder(folder, existing); !may) return tl::unexpected(may.error());
  if (existing == Existing::kStays) remove_all_leftovers(folder);
  OutputFolder planned(std::move(folder), existing);
  const std::set<std::string> folders = folders_of(tracks);
  std::set<std::string> files;
  for (const std::string& track : tracks) {
    if (folders.contains(track + extension)) continue;
    files.insert(track + extension);
    planned.paths_.emplace(track, fmt::format("{}/{}{}", planned.folder_, track, extension));
  }
  // Only then the others, that none takes a name that is somebody's own.
  for (const std::string& track : tracks) {
    if (planned.paths_.contains(track)) continue;
    std::string name = track;
    while (folders.contains(name + extension) || files.contains(name + extension)) name += '_';
    files.insert(name + extension);
    planned.paths_.emplace(track, fmt::format("{}/{}{}", planned.folder_, name, extension));
    planned.renamed_.emplace(track, name + extension);
  }
  for (const auto& [track, path] : planned.paths_) {
    if (is_taken(path, existing)) return exists(path);
  }
  return planned;
}

// The first file is the last to go: the folder was made for it.
OutputFolder::~OutputFolder() {
  while (!files_.empty()) files_.pop_back();
}

Status OutputFolder::finish_last() {
  if (!std::exchange(is_last_open_, false)) return {};
  return files_.back().finish();
}

Result<OutputFile*> OutputFolder::begin(const std::string& track) {
  if (Status finished = finish_last(); !finished) return tl::unexpected(finished.error());
  Result<OutputFile> file = OutputFile::create(paths_.at(track), existing_);
  if (!file) return tl::unexpected(file.error());
  files_.push_back(std::move(*file));
  is_last_open_ = true;
  return &files_.back();
}

Status OutputFolder::publish() {
  if (Status finished = finish_last(); !finished) return finished;
  // Of an export of nothing.
  if (const auto made = make_output_folder(folder_); !made) return tl::unexpected(made.error());
  for (auto file = files_.begin(); file != files_.end(); ++file) {
    Status published = file->publish();
    if (published) continue;
    while (file != files_.begin()) (--file)->take_back();
    return published;
  }
  return {};
}

}  // namespace zbag
