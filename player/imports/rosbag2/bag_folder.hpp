// What the `metadata.yaml` of a ROS 2 bag says of its folder.
#pragma once

#include <string>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct BagFolder {
  std::vector<std::string> files;    // paths, in order; none leads out of the folder
  bool has_packed_messages = false;  // each compressed by itself, with zstd
  Fields described;                  // what else it says that nobody here reads
};

// Whether a folder has one.
bool is_rosbag2_folder(const std::string& folder);

// Errors as load_yaml(), and with its name: kInvalid: it is none of rosbag2, or names a file
// outside the folder; kUnsupported: another compression than zstd.
Result<BagFolder> read_bag_folder(const std::string& folder);

}  // namespace zbag
