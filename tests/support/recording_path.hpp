// Where the real recordings are.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace zbag {

// Empty when there is no folder of recordings.
inline std::filesystem::path recording_path(const std::string& name) {
  const char* const folder = std::getenv("ZBAG_TEST_DATA");
  if (folder == nullptr || *folder == '\0') return {};
  return std::filesystem::path(folder) / name / (name + ".jsonl.xz");
}

}  // namespace zbag
