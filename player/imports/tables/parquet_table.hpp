// Parquet files of a stranger, as tables of DuckDB.
//
//   ParquetFiles files;
//   ParquetTable table = files.open("run.parquet").value();
//   table.each_row("SELECT * FROM " + table.sql(), take);
//
// DuckDB knows a file by the number under which it is open here: a name may have signs that it
// takes for a pattern, or for another computer. Nothing else can be read by it. Not thread-safe.
//
// Errors name the file: kNotFound, kIo; kDamaged, what DuckDB says of it; kUnsupported: a column is
// of a type that is not read, or this build has no DuckDB; kClosed, kDiskFull.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "player/imports/byte_source.hpp"
#include "player/query/database.hpp"
#include "schemas/result.hpp"

namespace zbag {

class ParquetTable {
 public:
  const std::string& path() const { return path_; }
  const std::vector<std::string>& names() const { return names_; }  // of the columns
  const std::vector<std::string>& types() const { return types_; }  // as DuckDB calls them
  std::optional<std::size_t> column(std::string_view name) const;

  // The table, for FROM.
  std::string sql() const;
  // What its writer has put beside its rows: `key` and `value`, both bytes.
  std::string metadata_sql() const;
  // The rows of a query of ours, as Statement has them.
  Status ask(const std::string& query, const Statement::TakeRow& take);
  // The same as MessagePack values. An error of `take` ends it, and comes as it is.
  Status each_row(const std::string& query, const Statement::TakeItems& take);

 private:
  friend class ParquetFiles;
  ParquetTable(std::string path, FileHandle file, Database& database)
      : path_(std::move(path)), file_(std::move(file)), database_(&database) {}
  // The columns.
  Status begin();
  // What DuckDB says of the file, which it knows by another name and reads by SQL of ours.
  Status told(Status status) const;

  std::string path_;
  FileHandle file_;
  Database* database_;
  std::vector<std::string> names_;
  std::vector<std::string> types_;
};

class ParquetFiles {
 public:
  // Of DuckDB, which has a row group at a time, and pages of it whole.
  static constexpr std::size_t kMemoryBytes = 512u << 20;

  // `memory_bytes`: 0 is half of what the machine has.
  explicit ParquetFiles(std::size_t memory_bytes = kMemoryBytes) : memory_bytes_(memory_bytes) {}

  // A start of DuckDB costs 30 ms, which is done once for many files. The table must not outlive
  // this, nor be used when another one is opened.
  Result<ParquetTable> open(const std::string& path);

 private:
  static constexpr int kFirstNumber = 100;
  Result<FileHandle> open_numbered(const std::string& path);

  const std::size_t memory_bytes_;
  std::unique_ptr<Database> database_;
  int number_ = kFirstNumber;
};

}  // namespace zbag
