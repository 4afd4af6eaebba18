// MCAP files (mcap.dev/spec), read from the beginning to the end: indexes are not asked, so that
// what is whole of a file without them, or cut off, comes through.
#pragma once

#include <memory>
#include <string>

#include "player/imports/format_reader.hpp"

namespace zbag {

// `is_packed`: each message is compressed by itself, with zstd, as rosbag2 may do. `name`: of the
// file for people, where it lies under another one. Errors as open_recording().
Result<std::unique_ptr<FormatReader>> open_mcap_file(const std::string& path,
                                                     const std::string& name,
                                                     const ImportOptions& options, bool is_packed);

}  // namespace zbag
