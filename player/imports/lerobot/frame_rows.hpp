// The frames of one data file of a LeRobotDataset, row by row.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/tables/parquet_table.hpp"
#include "schemas/result.hpp"

namespace zbag {

class FrameRows {
 public:
  struct Row {
    double timestamp;  // seconds within the episode; NaN: it has none
    std::int64_t frame_index;
    std::int64_t episode_index;
    std::int64_t index;                        // of the set
    std::int64_t task_index;                   // -1: none
    std::span<const std::string_view> values;  // of features(), in MessagePack; empty: none
  };

  // Errors as ParquetTable; kDamaged, too: a column is missing that every set has.
  // `files` is lent.
  static Result<FrameRows> open(ParquetFiles& files, const std::string& path);

  // The keys of the columns that are no places of frames.
  const std::vector<std::string>& features() const { return features_; }
  // Rows without places, whose number is given (from 1), go to `refuse`. Errors as ParquetTable,
  // and those of `take`.
  Status each(const std::function<Status(std::uint64_t number, const Row& row)>& take,
              const std::function<void(std::uint64_t number)>& refuse);

 private:
  explicit FrameRows(ParquetTable table) : table_(std::move(table)) {}

  ParquetTable table_;
  std::vector<std::string> features_;
  std::string query_;
};

}  // namespace zbag
