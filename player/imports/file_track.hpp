// The track of a file that is of one.
#pragma once

#include <filesystem>
#include <string>

#include "player/imports/format_reader.hpp"

namespace zbag {

// What says so, else the file's name without its ending.
inline std::string file_track(const FoundRecording& recording) {
  return recording.track.value_or(std::filesystem::path(recording.path).stem().string());
}

}  // namespace zbag
