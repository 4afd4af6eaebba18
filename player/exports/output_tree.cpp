#include "player/exports/output_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "player/exports/output_file.hpp"
#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/pages/file_descriptor.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// The file systems may have no such call for one file, hence all of it.
Status sync_files(const std::string& folder) {
  const FileDescriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0 || ::syncfs(file.get()) != 0) return tl::unexpected(disk_error(folder, errno));
  return {};
}

}  // namespace

Result<OutputTree> OutputTree::create(const std::string& given) {
  if (given == "-") {
    return fail(ErrorCode::kInvalid, "this format is a folder of files, which stdout can not take");
  }
  std::string path = given;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  std::error_code error;
  const bool is_there = fs::symlink_status(path, error).type() != fs::file_type::not_found;
  if (is_there && !(fs::is_directory(path, error) && fs::is_empty(path, error))) {
    return fail(ErrorCode::kExists,
                fmt::format("{} exists and is no empty folder; choose another name", path));
  }
  Result<std::vector<std::string>> folders =
      make_output_folder(fs::path(path).parent_path().string());
  if (!folders) return tl::unexpected(folders.error());
  std::string made = making_name(path);
  fs::remove_all(made, error);  // of a process that had our number and was killed
  OutputTree tree(path, made);
  tree.made_folders_ = std::move(*folders);
  if (!fs::create_directory(made, error)) return tl::unexpected(disk_error(path, error.value()));
  return tree;
}

OutputTree::OutputTree(OutputTree&& other) noexcept
    : path_(std::move(other.path_)),
      made_(std::exchange(other.made_, {})),
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
  if (::rename(made_.c_str(), path_.c_str()) != 0) return tl::unexpected(disk_error(path_, errno));
  made_.clear();
  return sync_name(path_);
}

}  // namespace zbag
