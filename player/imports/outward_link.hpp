// Links out of the folder of a recording, which are not followed.
#pragma once

#include <filesystem>

namespace zbag {

// Whether a path leads out of a folder, as links may: what is there is not of its recordings. True
// also where one of them can not be looked at.
bool leads_out_of(const std::filesystem::path& folder, const std::filesystem::path& path);

}  // namespace zbag
