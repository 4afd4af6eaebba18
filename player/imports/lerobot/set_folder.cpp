#include "player/imports/lerobot/set_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "player/imports/input_file.hpp"
#include "player/imports/outward_link.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInfo = "meta/info.json";
constexpr std::size_t kInfoBytesMax = 16u << 20;

fs::path home_of(const std::string& path) {
  std::error_code error;
  const fs::path folder = fs::canonical(path, error);
  const bool is_of_hub = !error && folder.parent_path().filename() == "snapshots";
  return is_of_hub ? folder.parent_path().parent_path() : fs::path(path);
}

}  // namespace

bool is_lerobot_folder(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(fs::path(path) / kInfo, error)) return false;
  // Others may have a file of that name, too.
  const Result<std::string> text = SetFolder(path).read(kInfo, kInfoBytesMax);
  return text && text->find("\"codebase_version\"") != std::string::npos;
}

SetFolder::SetFolder(std::string path) : path_(std::move(path)), home_(home_of(path_)) {}

Result<std::string> SetFolder::find(const std::string& relative) const {
  const std::string path = name_of(relative);
  std::error_code error;
  if (!fs::exists(path, error))
    return fail(ErrorCode::kNotFound, harmless(path) + ": it is not there");
  if (leads_out_of(home_, path)) {
    return fail(ErrorCode::kDamaged,
                harmless(path) + ": a link out of the folder, which is not followed");
  }
  if (!fs::is_regular_file(path, error))
    return fail(ErrorCode::kDamaged, harmless(path) + ": not a file");
  return path;
}

Result<std::string> SetFolder::read(const std::string& relative, std::size_t bytes_max) const {
  const Result<std::string> path = find(relative);
  if (!path) return tl::unexpected(path.error());
  Result<InputFile> file = InputFile::open(*path);
  if (!file) return tl::unexpected(file.error());
  if (file->size() > bytes_max)
    return file->fault(ErrorCode::kDamaged, fmt::format("it has {} bytes, where {} are the most",
                                                        file->size(), bytes_max));
  std::string text(file->size(), '\0');
  if (Status got = file->read({reinterpret_cast<std::uint8_t*>(text.data()), text.size()}); !got)
    return tl::unexpected(got.error());
  return text;
}

Result<std::vector<std::string>> SetFolder::parquet_files(const std::string& relative,
                                                          std::size_t files_max) const {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator chunk(name_of(relative), error), end; !error && chunk != end;
       chunk.increment(error)) {
    std::error_code inner;
    for (fs::directory_iterator at(chunk->path(), inner); !inner && at != end;
         at.increment(inner)) {
      if (at->path().extension() != ".parquet") continue;
      if (found.size() == files_max)
        return fail(ErrorCode::kDamaged,
                    fmt::format("{}: more than {} files", name_of(relative), files_max));
      found.push_back(at->path().lexically_relative(path_).string());
    }
  }
  std::ranges::sort(found);
  return found;
}

}  // namespace zbag
