// A track as a table of SQLite: `timestamp` (seconds), `_ts_ns` (the exact time) and a typed column
// for each field.
//
// Absent and nil are NULL. Whole numbers are INTEGER, those above INT64_MAX a text like
// '0xffffffffffffffff'; NaN is NULL; text that is no UTF-8 is a blob; lists, and fields that hold
// one kind of thing now and another then, are JSON text. Not thread-safe.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "player/columns/cells.hpp"
#include "player/exports/export_source.hpp"
#include "player/exports/sqlite/database.hpp"

namespace zbag::sqlite {

struct TableColumn {
  std::string name;  // in the table; two that differ in case alone are one to SQLite
  ExportField field;
};

class TrackTable {
 public:
  // Makes the table `name`. `source` hears what is written otherwise than it is, and is lent.
  // kUnsupported: too many fields.
  static Result<TrackTable> create(Database& database, const ExportSource& source,
                                   const std::string& track, const std::string& name);

  Status append(const ColumnChunk& chunk);
  const std::vector<TableColumn>& columns() const { return columns_; }
  // As they were asked for.
  std::vector<ExportField> fields() const;
  std::uint64_t rows() const { return rows_; }

 private:
  TrackTable(const ExportSource& source, std::string track, std::vector<TableColumn> columns,
             Insert insert)
      : source_(source),
        track_(std::move(track)),
        columns_(std::move(columns)),
        insert_(std::move(insert)) {}
  Status bind(int at, const ExportField& field, const Cell& cell);
  void bind_int(int at, const ExportField& field, const Cell& cell);
  void bind_double(int at, const ExportField& field, const Cell& cell);
  void bind_text(int at, const ExportField& field, const Cell& cell);
  // `what` is a literal; `field` is one of columns_.
  void say_once(Remark::Kind kind, const ExportField& field, const char* what);

  const ExportSource& source_;
  std::string track_;
  std::vector<TableColumn> columns_;
  Insert insert_;
  std::uint64_t rows_ = 0;
  std::string json_;
  std::set<std::pair<const char*, const ExportField*>> said_;
};

}  // namespace zbag::sqlite
