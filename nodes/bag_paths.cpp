#include "nodes/bag_paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "schemas/track_name.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

bool leads_nowhere(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_symlink(error) && !entry.exists(error);
}

// What can not be looked into has none that could be read.
void add_bags_in(const fs::path& folder, int depth, std::vector<std::string>& found) {
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code no_entry;
    if (at->is_directory(no_entry)) {
      if (depth > 0) add_bags_in(at->path(), depth - 1, found);
    } else if (at->path().extension() == ".zbag" &&
               (at->is_regular_file(no_entry) || leads_nowhere(*at))) {
      found.push_back(at->path().string());
    }
  }
}

}  // namespace

Result<BagPaths> find_bags(const std::vector<std::string>& named,
                           const std::function<void(const std::string&)>& warn) {
  BagPaths bags{.paths = {}, .is_list = named.size() > 1};
  std::set<fs::path> files;  // without links: a bag has many names
  const auto add = [&](const std::string& path) {
    std::error_code error;
    const fs::path file = fs::canonical(path, error);
    const bool is_new = error || files.insert(file).second;
    if (is_new) bags.paths.push_back(path);
    return is_new;
  };
  for (const std::string& path : named) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (!add(path)) warn(printable(path) + " is named twice: read once");
      continue;
    }
    bags.is_list = true;
    std::vector<std::string> found;
    add_bags_in(path, 1, found);
    if (found.empty()) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{}: there is no *.zbag in this folder, nor in the folders in it",
                              printable(path)));
    }
    std::sort(found.begin(), found.end());
    for (const std::string& bag : found) {
      if (add(bag)) bags.of_folders.insert(bag);
    }
  }
  return bags;
}

}  // namespace zbag
