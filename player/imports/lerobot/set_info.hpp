// What `meta/info.json` of a LeRobotDataset says of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/lerobot/path_template.hpp"
#include "schemas/frame.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct SetFeature {
  std::string key;                 // "observation.state"
  std::string dtype;               // "float32", "image", "video", "string"...
  std::vector<std::string> names;  // of its numbers, as many as it has; empty: they have none
  bool is_depth = false;           // of pictures: distances
  std::optional<std::uint64_t> width = {};
  std::optional<std::uint64_t> height = {};
};

struct SetInfo {
  bool has_file_per_episode = false;  // version 2; else a file has many
  double fps = 0.0;                   // more than 0
  std::uint64_t chunk_episodes = 1'000;
  std::optional<PathTemplate> data_path;  // it has one
  std::optional<PathTemplate> video_path;
  std::vector<SetFeature> features;
  std::string robot_type;
  Fields described;  // what else it says of the set
};

// kDamaged: it is none, in words with where; kUnsupported: of a version that is not known.
Result<SetInfo> parse_set_info(std::string_view json);

}  // namespace zbag
