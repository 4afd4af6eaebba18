// A folder below that for temporary files: where a database puts what does not fit into memory, and
// an import what has to be unpacked first.
//
// It goes with this. What a killed process leaves is removed by the next one of the same user: each
// holds a lock within its folder, which a dead one does not.
#pragma once

#include <cstdint>
#include <string>

namespace zbag {

class AsideFolder {
 public:
  AsideFolder();
  ~AsideFolder();
  AsideFolder(const AsideFolder&) = delete;
  AsideFolder& operator=(const AsideFolder&) = delete;

  const std::string& path() const { return path_; }  // empty: there is none
  // What may lie in it: half of what was free.
  std::uint64_t bytes_max() const { return bytes_max_; }

 private:
  std::string path_;
  std::uint64_t bytes_max_ = 0;
  int lock_ = -1;
};

}  // namespace zbag
