#include "player/imports/outward_link.hpp"

#include <algorithm>
#include <system_error>

namespace zbag {

bool leads_out_of(const std::filesystem::path& folder, const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  const fs::path end = error ? fs::path() : fs::canonical(path, error);
  return error ||
         std::mismatch(root.begin(), root.end(), end.begin(), end.end()).first != root.end();
}

}  // namespace zbag
