// The numbers of a plan's features, frame by frame: found in rows that are aligned, written to the
// Parquet file of the set.
//
// Beside them stand `timestamp` (seconds since the first frame, a float32), `frame_index`,
// `episode_index`, `index` and `task_index`. A number that is missing is NaN, a flag false.
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "player/exports/lerobot/features.hpp"
#include "player/query/parquet_writer.hpp"
#include "schemas/map_bytes.hpp"

namespace zbag {

class FrameNumbers {
 public:
  // `plan` is lent.
  static Result<FrameNumbers> create(const std::string& path, const FeaturePlan& plan);

  // `timestamp` as the set has it.
  Status add(std::uint64_t frame, float timestamp, MapBytes row);
  Status finish();
  // Numbers that were missing or NaN.
  std::uint64_t missing() const { return missing_; }
  // How many are infinite, by the fields' names, "scan.ranges"; those without one are left out.
  std::map<std::string, std::uint64_t> infinite() const;

 private:
  // Where a value of a row goes.
  struct Place {
    std::size_t feature;
    std::size_t number;
    std::optional<std::size_t> element;
  };
  FrameNumbers(ParquetWriter writer, const FeaturePlan& plan);
  void take_map(MapBytes map, std::string& path);
  void take_value(const std::vector<Place>& places, std::span<const std::uint8_t> value);
  void append_row(std::uint64_t frame, float timestamp);
  Status flush();

  ParquetWriter writer_;
  const FeaturePlan& plan_;
  std::map<std::string, std::vector<Place>> places_;  // by names, each behind a NUL
  std::vector<std::vector<double>> values_;           // of the row at hand, by feature
  ColumnChunk chunk_;
  std::uint64_t missing_ = 0;
  std::vector<std::vector<std::uint64_t>> infinite_;  // as values_
};

}  // namespace zbag
