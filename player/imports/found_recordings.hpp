// What there is to read where somebody points to.
#pragma once

#include <string>
#include <vector>

#include "player/imports/format_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Files as they are given, and of folders what is in them: a folder that is a recording itself (a
// ROS 2 bag), else every file in it that `export` may have written, each of the track its path
// says, or that has the name of a format. kNotFound: there is none. kIo: a folder can not be looked
// into, or a link leads out of it.
Result<std::vector<FoundRecording>> find_recordings(const std::vector<std::string>& paths);

}  // namespace zbag
