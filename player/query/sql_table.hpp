// Tables as SQL reads them: columns with kinds, and scans that give their rows in chunks.
//
// A scan is shared by the threads of a query; each takes a stretch of the rows, then the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "player/columns/column_kind.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

struct TableColumn {
  enum class From : std::uint8_t {
    kField,        // ColumnChunk::fields, in the type of `kind`
    kSeconds,      // ColumnChunk::seconds, a DOUBLE
    kNanoseconds,  // ColumnChunk::keys, a BIGINT
  };
  std::string name;  // UTF-8; no two of a table differ but in case
  ColumnKind kind = ColumnKind::kJson;
  From from = From::kField;

  bool is_stamp() const { return from != From::kField; }
};

// Rows, one chunk after another. Not thread-safe.
class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  // Replaces `chunk` by the next, at least one row; false at the end. `chunk.fields` are the wanted
  // columns that are no stamps, in their order.
  virtual Result<bool> next(ColumnChunk& chunk) = 0;
};

// Thread-safe.
class TableScan {
 public:
  virtual ~TableScan() = default;
  // How many threads are of use.
  virtual std::size_t threads_max() const { return 1; }
  // The next stretch of rows, in their order; nullptr: there is no other.
  virtual Result<std::unique_ptr<ChunkSource>> next_stretch() = 0;
};

class SqlTable {
 public:
  virtual ~SqlTable() = default;
  virtual const std::vector<TableColumn>& columns() const = 0;
  virtual std::uint64_t rows_about() const = 0;
  // `wanted`: positions in columns(). The table outlives the scan.
  virtual Result<std::unique_ptr<TableScan>> scan(const std::vector<std::size_t>& wanted) const = 0;
};

}  // namespace zbag
