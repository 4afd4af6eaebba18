// A folder of a test's own, gone with it. Sets ZBAG_RUNTIME_DIR inside it, so that tests running
// beside each other never meet on an ipc path.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "schemas/check.hpp"

namespace zbag {

inline bool has_memory_disk() { return ::access("/dev/shm", W_OK) == 0; }

// In memory where that can be: for tests that make thousands of bags or commits.
inline std::filesystem::path quick_disk() {
  return has_memory_disk() ? "/dev/shm" : std::filesystem::temp_directory_path();
}

class TempDir {
 public:
  TempDir() : TempDir(std::filesystem::temp_directory_path()) {}
  explicit TempDir(const std::filesystem::path& parent) {
    std::string pattern = (parent / "zbag-test-XXXXXX").string();
    ZBAG_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    ::setenv("ZBAG_RUNTIME_DIR", (path_ + "/run").c_str(), 1);
  }
  ~TempDir() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  std::string path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace zbag
