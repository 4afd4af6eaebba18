// Writes columns into a Parquet file, or with partitions into a folder of them, by DuckDB.
//
//   ParquetWriter writer = ParquetWriter::open(output.by_name(), columns, {}).value();
//   while (...) writer.append(std::move(chunk));
//   writer.finish();
//
// `columns` say name and type of each column (sql_table.hpp: stamps of a chunk, or its fields in
// their order); JSON is text, an absent value or nil NULL. Names that differ in case alone are
// refused: ColumnNames makes others of them. Rows keep their order. Chunks are encoded on a thread
// of its own while the next is made; it holds two of them and a row group, whatever their number.
//
// Writes straight to `path`, over what is there, and leaves there what it has where it fails: give
// it the name of a file being made. Errors, also of append(): kUnsupported (no DuckDB here, an
// unknown codec, a value that does not fit its column's type), kDiskFull, kIo. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "player/query/sql_table.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct ParquetOptions {
  std::string codec = "zstd";  // uncompressed, snappy, gzip, lz4, brotli (slow) or zstd
  std::optional<int> level;    // 1 to 22, of zstd
  std::size_t rows_of_group = 122'880;
  // Names of columns: below the folder `path` a folder NAME=VALUE for each, and a file in the
  // innermost; they are no columns of the files. Empty: `path` is one file.
  std::vector<std::string> partition_by;
  std::map<std::string, std::string> metadata;  // of the file, UTF-8; may be empty
  // Types of SQL, by name of column, in which they are written: {"x", "FLOAT"}. Others are DOUBLE,
  // BIGINT, lists of those and so on, as their kinds have it.
  std::map<std::string, std::string> types;
};

class ParquetWriter {
 public:
  static Result<ParquetWriter> open(const std::string& path, std::vector<TableColumn> columns,
                                    const ParquetOptions& options);
  ParquetWriter(ParquetWriter&&) noexcept;
  ParquetWriter& operator=(ParquetWriter&&) noexcept;
  ~ParquetWriter();  // stops, if it was not finished

  // Blocks while two chunks wait. REQUIRES: as many fields as columns that are no stamps.
  Status append(ColumnChunk chunk);
  // All that was appended is in the file. Nothing can be appended any more.
  Status finish();

 private:
  struct State;
  explicit ParquetWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
