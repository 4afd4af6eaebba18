#include "player/exports/sqlite/track_table.hpp"

#include <fmt/format.h>

#include <cmath>

#include "player/columns/column_names.hpp"
#include "schemas/track_name.hpp"

namespace zbag::sqlite {
namespace {

constexpr const char* kSecondsColumn = "timestamp";
constexpr const char* kKeyColumn = "_ts_ns";
constexpr std::size_t kOwnColumns = 2;

// Types that leave what is bound as it is: SQLite takes a column called JSON for one of numbers.
const char* type_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBool:
      return "BOOLEAN";
    case ColumnKind::kInt:
    case ColumnKind::kUnsigned:
    case ColumnKind::kHuge:
      return "INTEGER";
    case ColumnKind::kDouble:
      return "REAL";
    case ColumnKind::kBinary:
      return "BLOB";
    case ColumnKind::kText:
    case ColumnKind::kInts:
    case ColumnKind::kUnsigneds:
    case ColumnKind::kDoubles:
    case ColumnKind::kJson:
      break;
  }
  return "TEXT";
}

std::vector<TableColumn> name_columns(const ExportSource& source, const std::string& track,
                                      std::vector<ExportField> fields) {
  ColumnNames names;
  for (const char* own : {kSecondsColumn, kKeyColumn}) names.add(own);
  std::vector<TableColumn> columns;
  for (ExportField& field : fields) {
    std::string name = names.add(field.column);
    if (name != field.column) {
      source.notice(
          "fields under other names, since SQLite takes names that differ in case for one, and no "
          "NUL",
          fmt::format("{} of track {} is {}", printable(field.column), printable(track),
                      printable(name)));
    }
    columns.push_back({std::move(name), std::move(field)});
  }
  return columns;
}

}  // namespace

Result<TrackTable> TrackTable::create(Database& database, const ExportSource& source,
                                      const std::string& track, const std::string& name) {
  Result<std::vector<ExportField>> fields = source.fields_of(track);
  if (!fields) return tl::unexpected(fields.error());
  if (fields->size() + kOwnColumns > kColumnsMax) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("track {} has {} fields, more than a table of SQLite can have; choose "
                            "some with --columns, or leave it out with --exclude",
                            printable(track), fields->size()));
  }
  std::vector<TableColumn> columns = name_columns(source, track, std::move(*fields));
  std::string sql = fmt::format("CREATE TABLE {}({} REAL NOT NULL, {} INTEGER NOT NULL",
                                identifier(name), kSecondsColumn, kKeyColumn);
  for (const TableColumn& column : columns)
    sql += ", " + identifier(column.name) + " " + type_of(column.field.kind);
  if (Status made = database.run(sql + ")"); !made) return tl::unexpected(made.error());
  Result<Insert> insert = database.insert_into(name, columns.size() + kOwnColumns);
  if (!insert) return tl::unexpected(insert.error());
  return TrackTable(source, track, std::move(columns), std::move(*insert));
}

std::vector<ExportField> TrackTable::fields() const {
  std::vector<ExportField> fields;
  for (const TableColumn& column : columns_) fields.push_back(column.field);
  return fields;
}

Status TrackTable::append(const ColumnChunk& chunk) {
  std::vector<Cells> cells(chunk.fields.begin(), chunk.fields.end());
  for (std::size_t row = 0; row < chunk.keys.size(); ++row) {
    insert_.bind(1, chunk.seconds[row]);
    insert_.bind(2, chunk.keys[row]);
    int at = kOwnColumns;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      ++at;
      const Cell cell = cells[i].next();
      if (cell.is_absent()) continue;
      if (Status bound = bind(at, columns_[i].field, cell); !bound) return bound;
    }
    if (Status added = insert_.step(); !added) return added;
    ++rows_;
  }
  return {};
}

Status TrackTable::bind(int at, const ExportField& field, const Cell& cell) {
  if (!takes(field.kind, cell.type())) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("track {}: field {} has got another type meanwhile: export it again",
                            printable(track_), printable(field.column)));
  }
  switch (field.kind) {
    case ColumnKind::kBool:
      insert_.bind(at, std::int64_t{cell.boolean()});
      break;
    case ColumnKind::kInt:
    case ColumnKind::kUnsigned:
    case ColumnKind::kHuge:
      bind_int(at, field, cell);
      break;
    case ColumnKind::kDouble:
      bind_double(at, field, cell);
      break;
    case ColumnKind::kBinary:
      insert_.bind_blob(at, cell.bytes());
      break;
    default:
      bind_text(at, field, cell);
  }
  return {};
}

void TrackTable::bind_int(int at, const ExportField& field, const Cell& cell) {
  if (!cell.is_above_int64()) return insert_.bind(at, cell.integer());
  say_once(Remark::Kind::kNotice, field,
           "whole numbers above 2^63 - 1 are written as texts in hex");
  // No digits alone: SQLite would make the nearest float of them.
  insert_.bind_text(at, fmt::format("0x{:x}", static_cast<std::uint64_t>(cell.integer())));
}

void TrackTable::bind_double(int at, const ExportField& field, const Cell& cell) {
  const double number = cell.number();
  if (std::isnan(number))
    say_once(Remark::Kind::kWarning, field, "NaN is written as NULL, since SQLite knows none");
  insert_.bind(at, number);
}

void TrackTable::bind_text(int at, const ExportField& field, const Cell& cell) {
  if (field.kind == ColumnKind::kText && cell.type() == ColumnType::kText) {
    if (is_utf8(cell.bytes())) return insert_.bind_text(at, cell.bytes());
    say_once(Remark::Kind::kNotice, field, "text that is no UTF-8 is written as blobs");
    return insert_.bind_blob(at, cell.bytes());
  }
  json_.clear();
  cell.append_json(json_);
  insert_.bind_text(at, json_);
}

void TrackTable::say_once(Remark::Kind kind, const ExportField& field, const char* what) {
  if (!said_.emplace(what, &field).second) return;
  const std::string which =
      fmt::format("{} of track {}", printable(field.column), printable(track_));
  if (kind == Remark::Kind::kWarning) return source_.warn(what, which);
  source_.notice(what, which);
}

}  // namespace zbag::sqlite
