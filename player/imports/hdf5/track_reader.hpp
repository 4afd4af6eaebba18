// A planned track, read: a frame a row.
//
// Memory is some times kSlabBytes, whatever the track has. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/hdf5/column_rows.hpp"
#include "player/imports/hdf5/track_plan.hpp"
#include "player/imports/import_sink.hpp"
#include "player/imports/tables/column_fields.hpp"

namespace zbag::hdf5::reading {

class TrackReader {
 public:
  static constexpr std::size_t kSlabBytes = 64u << 20;  // of all its columns together

  // Both are lent. Errors as ColumnRows.
  static Result<TrackReader> open(const SourceFile& file, const TrackPlan& plan,
                                  std::size_t values_max);

  // Hands all rows to `sink`. kDamaged, kIo: they can not be read on; kClosed; the sink's errors.
  Status read(ImportSink& sink);
  std::size_t row() const { return row_; }  // at hand, from 0
  std::string place() const;                // "run.h5: /data/demo_0, row 17"

 private:
  struct Column {
    ColumnRows rows;
    std::optional<ColumnRows> valid;
    ColumnPlan::As as;
  };
  struct Field {
    std::vector<Column> columns;
    bool is_apart;
    std::string constant;
  };

  TrackReader(const SourceFile& file, const TrackPlan& plan, std::size_t values_max);
  Status open_times(std::size_t bytes);
  Status open_fields(std::size_t bytes);
  Status find_unit(ImportSink& sink);
  Status say_schema(Timestamp stamp, ImportSink& sink);
  Result<std::optional<Timestamp>> stamp();
  Result<bool> put_values();
  Result<bool> put_field(Field& field);
  Result<bool> put(Column& column);

  const SourceFile* file_;
  const TrackPlan* plan_;
  std::size_t values_max_;
  std::optional<TimeUnit> unit_;
  std::optional<ColumnRows> times_;
  std::optional<ColumnRows> rest_;
  std::vector<Field> fields_;
  ColumnFields maps_;
  std::size_t row_ = 0;
  bool has_said_ = false;  // what the track is
  // Of the row at hand, as MessagePack.
  std::size_t left_ = 0;  // values that it may have
  std::string items_;
  std::vector<std::size_t> ends_;
  std::vector<std::string_view> values_;
};

}  // namespace zbag::hdf5::reading
