// The templates by which a LeRobotDataset names its files:
// "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet".
//
// They, and the names that go into them, are a stranger's: what they make is a path below the
// folder, or an error.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

class PathTemplate {
 public:
  struct Places {
    std::uint64_t episode_chunk = 0;  // version 2
    std::uint64_t episode_index = 0;
    std::uint64_t chunk_index = 0;  // version 3
    std::uint64_t file_index = 0;
    std::string video_key = {};
  };

  // kDamaged: it has a field that is none of these, or one that is written otherwise than {NAME} or
  // {NAME:03d}.
  static Result<PathTemplate> parse(std::string_view text);

  // kDamaged: it leads out of the folder, or is no path.
  Result<std::string> path(const Places& places) const;

 private:
  struct Part {
    std::string literal;  // in front of the field
    std::string field;    // empty: there is none
    unsigned digits = 0;  // at least
  };
  static Result<Part> parse_field(std::string_view text);

  std::vector<Part> parts_;
};

}  // namespace zbag
