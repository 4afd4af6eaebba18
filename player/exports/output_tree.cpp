#include "player/exports/output_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "recorder/bag/bag_file.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// The file systems may have no such call for one file, hence all of it.
Status sync_files(const std::string& folder) {
  const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0 || ::syncfs(file.get()) != 0) return tl::unexpected(disk_error(folder, errno));
  return {};
}

// By their paths in it, in order.
Result<std::vector<std::string>> files_below(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
    if (!at->is_directory(error)) names.push_back(at->path().lexically_relative(folder).string());
  }
  if (error) return tl::unexpected(disk_error(folder, error.value()));
  std::sort(names.begin(), names.end());
  return names;
}

// That a file may have that name below `folder`: in folders alone, which no link leads out of, and
// in the place of a file alone.
Status check_free(const std::string& folder, const std::string& name) {
  fs::path at = folder;
  std::error_code error;
  const fs::path path(name);
  for (const fs::path& part : path.parent_path()) {
    at /= part;
    const fs::file_type type = fs::symlink_status(at, error).type();
    if (type == fs::file_type::not_found) return {};
    if (type != fs::file_type::directory)
      return fail(
          ErrorCode::kExists,
          fmt::format("{} exists and is no folder; remove it or choose another name", at.string()));
  }
  at /= path.filename();
  const fs::file_type type = fs::symlink_status(at, error).type();
  if (type == fs::file_type::not_found || type == fs::file_type::regular) return {};
  return fail(
      ErrorCode::kExists,
      fmt::format("{} exists and is no file; remove it or choose another name", at.string()));
}

}  // namespace

Result<OutputTree> OutputTree::create(const std::string& given, Existing existing) {
  if (given == "-") {
    return fail(ErrorCode::kInvalid, "this format is a folder of files, which stdout can not take");
  }
  std::string path = given;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (Status may = check_output_folder(path, existing); !may) return tl::unexpected(may.error());
  Result<std::vector<std::string>> folders =
      make_output_folder(fs::path(path).parent_path().string());
  if (!folders) return tl::unexpected(folders.error());
  remove_leftovers(path);
  std::string made = making_name(path);
  std::error_code error;
  fs::remove_all(made, error);  // of a process that had our number and was killed
  OutputTree tree(path, made, existing);
  tree.made_folders_ = std::move(*folders);
  if (!fs::create_directory(made, error)) return tl::unexpected(disk_error(path, error.value()));
  tree.lock_ = std::make_unique<FileDescriptor>(
      ::open(made.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  static_cast<void>(::flock(tree.lock_->get(), LOCK_EX | LOCK_NB));
  return tree;
}

OutputTree::OutputTree(OutputTree&& other) noexcept
    : path_(std::move(other.path_)),
      made_(std::exchange(other.made_, {})),
      existing_(other.existing_),
      lock_(std::move(other.lock_)),
      was_there_(other.was_there_),
      moved_(std::exchange(other.moved_, {})),
      made_folders_(std::move(other.made_folders_)) {}

OutputTree::~OutputTree() {
  if (made_.empty()) return;
  std::error_code error;
  fs::remove_all(made_, error);
  // One in which somebody has put something meanwhile stays.
  for (auto folder = made_folders_.rbegin(); folder != made_folders_.rend(); ++folder)
    ::rmdir(folder->c_str());
}

Status OutputTree::write(const std::string& name, std::string_view bytes) {
  const fs::path path = fs::path(made_) / name;
  const std::string shown = (fs::path(path_) / name).string();
  std::FILE* const file = std::fopen(path.c_str(), "wbxe");
  if (file == nullptr) return tl::unexpected(disk_error(shown, errno));
  const bool is_written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  const int code = errno;
  if (std::fclose(file) != 0) return tl::unexpected(disk_error(shown, errno));
  return is_written ? Status() : tl::unexpected(disk_error(shown, code));
}

Status OutputTree::publish() {
  if (Status synced = sync_files(made_); !synced) return synced;
  // Takes the place of an empty folder alone.
  const bool is_named = ::rename(made_.c_str(), path_.c_str()) == 0;
  const int code = errno;
  std::error_code error;
  was_there_ = !is_named && fs::is_directory(path_, error);
  if (!is_named && !was_there_) return tl::unexpected(disk_error(path_, code));
  if (was_there_) {
    if (Status moved = move_in(); !moved) return moved;
  }
  made_.clear();
  return sync_name(path_);
}

Status OutputTree::move_in() {
  // What has come there meanwhile, too.
  if (Status may = check_output_folder(path_, existing_); !may) return may;
  const Result<std::vector<std::string>> names = files_below(made_);
  if (!names) return tl::unexpected(names.error());
  for (const std::string& name : *names) {
    if (Status free = check_free(path_, name); !free) return free;
  }
  for (const std::string& name : *names) {
    const fs::path to = fs::path(path_) / name;
    Result<std::vector<std::string>> folders = make_output_folder(to.parent_path().string());
    const bool is_moved = folders && ::rename((fs::path(made_) / name).c_str(), to.c_str()) == 0;
    const int code = errno;
    if (folders) made_folders_.insert(made_folders_.end(), folders->begin(), folders->end());
    if (is_moved) {
      moved_.push_back(to.string());
      continue;
    }
    remove_moved();
    return folders ? tl::unexpected(disk_error(to.string(), code))
                   : tl::unexpected(folders.error());
  }
  std::error_code error;
  fs::remove_all(made_, error);
  return sync_files(path_);
}

void OutputTree::remove_moved() {
  for (const std::string& file : moved_) ::unlink(file.c_str());
  moved_.clear();
}

void OutputTree::take_back() {
  if (was_there_) {
    remove_moved();
    for (auto folder = made_folders_.rbegin(); folder != made_folders_.rend(); ++folder)
      ::rmdir(folder->c_str());
    return;
  }
  made_ = path_;
}

}  // namespace zbag
