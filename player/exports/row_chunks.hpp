// Rows of JSON as row_text.hpp has them, written from columns: for tracks without maps, where
// columns are all there is, and twice as fast.
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "player/columns/cells.hpp"
#include "player/exports/binary_cells.hpp"
#include "player/exports/export_source.hpp"
#include "player/exports/row_text.hpp"

namespace zbag {

class RowChunks {
 public:
  // Whether the track's rows can be written so.
  static bool can_write(const TrackRecord& track);

  // `binaries` is lent.
  RowChunks(std::vector<ExportField> fields, BinaryCells& binaries);

  const std::vector<ExportField>& fields() const { return fields_; }
  // Appends a row, and `end`, for each point.
  Status append(const ColumnChunk& chunk, std::string_view end, FileText& lines, OutputFile& file);

 private:
  Status append_value(const Cell& cell, const ExportField& field, std::string& out);

  std::vector<ExportField> fields_;
  std::vector<std::string> members_;  // `,"name":` of each
  BinaryCells& binaries_;
  std::uint64_t row_ = 0;
};

}  // namespace zbag
