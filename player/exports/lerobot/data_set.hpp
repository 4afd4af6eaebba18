// The folder of a LeRobot data set, version 3.0, of one episode, and what its files of `meta` say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "player/exports/lerobot/feature_stats.hpp"
#include "player/exports/lerobot/features.hpp"
#include "player/exports/output_tree.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct DataSetFacts {
  struct Camera {
    std::string key;
    std::string codec;
    int width;
    int height;
  };
  unsigned rate = 0;  // frames a second
  std::uint64_t frames = 0;
  std::string task;
  std::string robot;  // "": nothing says it
  std::vector<Camera> cameras;
};

class DataSetFolder {
 public:
  // `tree` is lent.
  static Result<DataSetFolder> create(OutputTree& tree, const std::vector<CameraFeature>& cameras);

  std::string data_path() const;
  std::string video_path(const std::string& key) const;
  // All of `meta`. REQUIRES: the data file is finished.
  Status write_meta(const FeaturePlan& plan, const DataSetFacts& facts,
                    std::vector<FeatureStats> of_cameras) const;

 private:
  explicit DataSetFolder(OutputTree& tree) : tree_(&tree) {}

  OutputTree* tree_;
};

}  // namespace zbag
