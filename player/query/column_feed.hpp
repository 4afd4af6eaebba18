// Values of a chunk's columns into DuckDB's vectors, a stretch of rows at a time. For the files of
// this room alone.
#pragma once

#include <cstddef>
#include <vector>

#include "player/columns/column_kind.hpp"
#include "player/query/duckdb_calls.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

// How DuckDB calls the kind.
DuckdbType type_of(ColumnKind kind);

// One column of one chunk, which is lent. What is JSON text is written as `zbag cat` prints it, and
// so is text that is no UTF-8.
class ColumnFeed {
 public:
  ColumnFeed(const FieldColumn& column, ColumnKind kind)
      : column_(&column), kind_(kind), at_(column.parts.size()) {}

  // The next `count` rows into `vector`, from its first row on. kUnsupported: a value that
  // the kind does not hold (the track has got it meanwhile).
  Status fill(duckdb_vector vector, std::size_t count);

 private:
  template <class T>
  Status fill_numbers(duckdb_vector vector, std::size_t count);
  Status fill_lists(duckdb_vector vector, std::size_t count);
  Status fill_texts(duckdb_vector vector, std::size_t count);
  // Calls take(row, part, at) for every value; what is absent or nil is NULL.
  template <class Take>
  Status each_row(duckdb_vector vector, std::size_t count, Take take);

  const FieldColumn* column_;
  ColumnKind kind_;
  std::size_t row_ = 0;          // of the chunk
  std::vector<std::size_t> at_;  // of each part, the value that comes next
};

}  // namespace zbag
