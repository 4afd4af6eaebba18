// A point as a row of JSON (requirements 1.5): `timestamp`, then the flattened fields under the
// names of their columns (row_columns.hpp). What is large is written to the file as it is made.
// Not thread-safe.
#pragma once

#include <string>

#include "player/columns/row_columns.hpp"
#include "player/exports/export_source.hpp"
#include "player/exports/output_file.hpp"
#include "schemas/json_text.hpp"

namespace zbag {

// Text on its way into a file.
class FileText {
 public:
  std::string text;

  JsonDrain drain_to(OutputFile& file);
  // All of it.
  Status write_to(OutputFile& file);

 private:
  Status written_;
};

// The columns of a track, to be filled by its points. `words` as RowColumns has them.
RowColumns columns_of(const ExportSource& source, const std::string& track,
                      std::vector<std::string> words = {"timestamp"});

// The rows of one track.
class RowText {
 public:
  RowText(const ExportSource& source, const std::string& track);

  // Appends the point's row to `line`. kInvalid: too many columns. REQUIRES: its map was validated.
  Status append(const PointView& point, FileText& line, OutputFile& file);

 private:
  RowColumns columns_;
};

}  // namespace zbag
