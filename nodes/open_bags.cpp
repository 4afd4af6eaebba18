#include "nodes/open_bags.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

#include "nodes/errors.hpp"

namespace zbag {

Result<Playlist> open_bags(const std::string& verb, const BagPaths& bags, int& exit_code) {
  std::size_t left_out = 0;
  Result<Playlist> playlist =
      Playlist::open(bags.paths, [&](const std::string& path, const Error& error) {
        if (!bags.of_folders.contains(path)) return false;
        exit_code = std::max(exit_code, show(verb, {error.code, error.message + "; left out"}));
        ++left_out;
        return true;
      });
  if (playlist || left_out < bags.paths.size()) return playlist;
  return fail(exit_code == kExitDamaged ? ErrorCode::kDamaged : playlist.error().code,
              "none of these bags can be opened");
}

bool is_one_of(const std::string& path, const Playlist& bags) {
  return std::ranges::any_of(bags.summaries(), [&](const BagSummary& bag) {
    std::error_code error;
    return std::filesystem::equivalent(path, bag.path, error);
  });
}

}  // namespace zbag
