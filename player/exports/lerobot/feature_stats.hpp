// What the numbers of a feature come to, for who normalizes by it: least, greatest, mean, standard
// deviation and percentiles of each, NaN and infinities left out.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "player/exports/video/colour_count.hpp"
#include "player/query/database.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct FeatureStats {
  std::string key;
  bool is_camera = false;  // its numbers are red, green and blue from 0 to 1
  std::uint64_t frames = 0;
  // "min" and so on, and one for each number of the feature.
  std::vector<std::pair<std::string, std::vector<double>>> numbers;

  // A list as JSON and SQL have it; of a camera each number within two lists of its own.
  std::string list_of(const std::vector<double>& values) const;

  // Of a column with so many numbers in a Parquet file.
  static Result<FeatureStats> of_column(Database& database, const std::string& file,
                                        const std::string& column, std::size_t numbers);
  static FeatureStats of_camera(const std::string& key, const ColourCount& colours);
};

}  // namespace zbag
