// The points of a track in one run: a group with a dataset for each column, and what is known of
// them as attributes.
//
// `_ts` has the stamps in seconds as they were given, `_ts_ns` as whole nanoseconds. Not
// thread-safe. Errors as ColumnDataset.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "player/exports/hdf5/column_dataset.hpp"
#include "schemas/kinds/fit.hpp"

namespace zbag::hdf5 {

struct TrackColumn {
  ExportField field;
  ColumnName name;
  ColumnForm form = {};
  std::optional<SchemaField> meaning = {};
};

// A track as it will be in each of its runs.
struct TrackPlan {
  std::string track;
  std::vector<std::string> groups;  // from that of the run down
  std::vector<TrackColumn> columns;
  std::uint64_t points_max = 0;                            // about
  std::vector<std::pair<const char*, std::string>> about;  // attributes

  std::vector<ExportField> fields() const;
};

class TrackRows {
 public:
  // Makes its groups below `run`. `plan` is lent.
  static Result<TrackRows> create(Group& run, const TrackPlan& plan);

  // Rows of a chunk, whose cells are at `first`.
  Status append(const ColumnChunk& chunk, std::vector<Cells>& cells, std::size_t first,
                std::size_t count);
  Group& group() { return *group_; }
  // What is known once all rows are there.
  Status finish();

 private:
  TrackRows(const TrackPlan& plan, Group group, Dataset seconds, Dataset keys)
      : plan_(plan),
        group_(std::make_unique<Group>(std::move(group))),
        seconds_(std::move(seconds)),
        keys_(std::move(keys)) {}
  Status describe(const TrackColumn& column, Dataset& data) const;

  const TrackPlan& plan_;
  std::unique_ptr<Group> group_;  // where columns find it
  Dataset seconds_;
  Dataset keys_;
  std::vector<ColumnDataset> columns_;
  std::optional<std::pair<double, double>> stamps_;  // the first and the last
};

}  // namespace zbag::hdf5
