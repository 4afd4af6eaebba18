// A database file of a ROS 2 bag (rosbag2_storage_sqlite3): tables `topics`, `messages`, and of
// Iron and later `message_definitions`. Of earlier ones the types of ROS 2's own packages are known
// here.
//
// Messages come as they lie in the file. Errors as SqliteFile; kDamaged, too: a table of rosbag2 is
// missing.
#pragma once

#include <memory>
#include <string>

#include "player/imports/format_reader.hpp"

namespace zbag {

// `is_packed`: each message is compressed by itself, with zstd. `name`: of the file for people,
// where it lies under another one.
Result<std::unique_ptr<FormatReader>> open_db3(const std::string& path, const std::string& name,
                                               const ImportOptions& options, bool is_packed);

}  // namespace zbag
