// A point as a row of JSON (requirements 1.5): `timestamp`, then the flattened fields under the
// names of their columns (row_columns.hpp). What is large is written to the file as it is made.
// Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "player/columns/row_columns.hpp"
#include "player/exports/binary_cells.hpp"
#include "player/exports/export_source.hpp"
#include "player/exports/output_file.hpp"
#include "schemas/json_text.hpp"

namespace zbag {

// Text on its way into a file, in pieces of some size.
class FileText {
 public:
  std::string text;

  JsonDrain drain_to(OutputFile& file);
  // All of it, and of much of it.
  Status write_to(OutputFile& file);
  Status write_much_to(OutputFile& file);

 private:
  Status written_;
};

// The columns of a track, to be filled by its points. `words` as RowColumns has them.
RowColumns columns_of(const ExportSource& source, const std::string& track,
                      std::vector<std::string> words = {"timestamp"});

// The rows of one track.
class RowText {
 public:
  // `binaries` is lent, for bytes that are a field's value; `scope` tells their files from those of
  // other tracks that share it.
  RowText(const ExportSource& source, const std::string& track, BinaryCells& binaries,
          std::string scope = {});

  // Appends the point's row to `line`. kInvalid: too many columns. REQUIRES: its map was validated.
  Status append(const PointView& point, FileText& line, OutputFile& file);

 private:
  const std::string& member_of(const RowColumns::Leaf& leaf);
  Status append_value(const RowColumns::Leaf& leaf, FileText& line, OutputFile& file);

  RowColumns columns_;
  std::vector<std::string> members_;  // `,"name":` of each column, by its number
  BinaryCells& binaries_;
  std::string scope_;
  std::uint64_t row_ = 0;
};

}  // namespace zbag
