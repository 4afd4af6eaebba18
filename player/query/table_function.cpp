#include "player/query/table_function.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "player/query/column_feed.hpp"

namespace zbag {
namespace {

// What the library keeps for us; it calls these from any of its threads.
struct Bound {
  std::unique_ptr<SqlTable> table;
};
struct Scanned {
  std::unique_ptr<TableScan> scan;
  std::vector<TableColumn> columns;  // the wanted ones
};
struct Reading {  // of one thread
  std::unique_ptr<ChunkSource> stretch;
  ColumnChunk chunk;
  std::size_t row = 0;  // of the chunk, that comes next
  std::vector<ColumnFeed> feeds;
};

template <class T>
void destroy(void* kept) {
  delete static_cast<T*>(kept);
}

// Runs `work`, whose failure and exceptions are told by `tell`: none passes the library.
template <class Work, class Tell>
void guarded(Work work, Tell tell) {
  try {
    if (const Status status = work(); !status) tell(status.error().message.c_str());
  } catch (const std::exception& error) {
    tell(error.what());
  }
}

std::string text_of(duckdb_value value) { return take_text(duckdb().get_varchar(value)); }

duckdb_type type_id_of(duckdb_value value) {
  return duckdb().get_type_id(duckdb().get_value_type(value));  // the value owns its type
}

std::vector<std::string> texts_of(duckdb_value value) {
  if (type_id_of(value) != DUCKDB_TYPE_LIST) return {text_of(value)};
  std::vector<std::string> texts;
  for (idx_t i = 0; i < duckdb().get_list_size(value); ++i)
    texts.push_back(text_of(DuckdbValue(duckdb().get_list_child(value, i)).get()));
  return texts;
}

// Seconds since the epoch, or a TIMESTAMP (which has no zone of its own: UTC).
Result<std::optional<Timestamp>> stamp_of(duckdb_bind_info bind, const char* name) {
  const DuckdbValue value(duckdb().bind_get_named_parameter(bind, name));
  if (value.get() == nullptr || duckdb().is_null_value(value.get())) return std::nullopt;
  double seconds = 0.0;
  switch (type_id_of(value.get())) {
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      seconds = static_cast<double>(duckdb().get_timestamp(value.get()).micros) / 1e6;
      break;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_DECIMAL:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      seconds = duckdb().get_double(value.get());
      break;
    default:
      return fail(ErrorCode::kInvalid,
                  std::string(name) + ": give seconds since the epoch, or a TIMESTAMP");
  }
  const std::optional<Timestamp> stamp = Timestamp::from_seconds(seconds);
  if (!stamp) return fail(ErrorCode::kInvalid, std::string(name) + ": that is no time");
  return stamp;
}

Result<TableCall> call_of(duckdb_bind_info bind, const TableFunction& function) {
  TableCall call;
  if (!function.takes_track) return call;
  const DuckdbValue bags(duckdb().bind_get_parameter(bind, 0));
  const DuckdbValue track(duckdb().bind_get_parameter(bind, 1));
  if (duckdb().is_null_value(bags.get()) || duckdb().is_null_value(track.get()))
    return fail(ErrorCode::kInvalid, "name a bag and a track: zbag('day.zbag', 'robot/imu')");
  call.bags = texts_of(bags.get());
  call.track = text_of(track.get());
  for (const auto& [name, into] : {std::pair("since", &call.since), {"until", &call.until}}) {
    Result<std::optional<Timestamp>> stamp = stamp_of(bind, name);
    if (!stamp) return tl::unexpected(stamp.error());
    *into = *stamp;
  }
  return call;
}

DuckdbType type_of(const TableColumn& column) {
  if (column.from == TableColumn::From::kSeconds) return type_of(ColumnKind::kDouble);
  if (column.from == TableColumn::From::kNanoseconds) return type_of(ColumnKind::kInt);
  return type_of(column.kind);
}

void bind_table(duckdb_bind_info bind) {
  const auto& function = *static_cast<TableFunction*>(duckdb().bind_get_extra_info(bind));
  guarded(
      [&]() -> Status {
        const Result<TableCall> call = call_of(bind, function);
        if (!call) return tl::unexpected(call.error());
        Result<std::unique_ptr<SqlTable>> table = function.make(*call);
        if (!table) return tl::unexpected(table.error());
        for (const TableColumn& column : (*table)->columns())
          duckdb().bind_add_result_column(bind, column.name.c_str(), type_of(column).get());
        duckdb().bind_set_cardinality(bind, (*table)->rows_about(), false);
        duckdb().bind_set_bind_data(bind, new Bound{std::move(*table)}, destroy<Bound>);
        return {};
      },
      [&](const char* why) { duckdb().bind_set_error(bind, why); });
}

void begin_scan(duckdb_init_info init) {
  const SqlTable& table = *static_cast<Bound*>(duckdb().init_get_bind_data(init))->table;
  guarded(
      [&]() -> Status {
        std::vector<std::size_t> wanted;
        auto scanned = std::make_unique<Scanned>();
        for (idx_t i = 0; i < duckdb().init_get_column_count(init); ++i) {
          wanted.push_back(duckdb().init_get_column_index(init, i));
          scanned->columns.push_back(table.columns().at(wanted.back()));
        }
        Result<std::unique_ptr<TableScan>> scan = table.scan(wanted);
        if (!scan) return tl::unexpected(scan.error());
        scanned->scan = std::move(*scan);
        duckdb().init_set_max_threads(init, std::max<idx_t>(1, scanned->scan->threads_max()));
        duckdb().init_set_init_data(init, scanned.release(), destroy<Scanned>);
        return {};
      },
      [&](const char* why) { duckdb().init_set_error(init, why); });
}

void begin_thread(duckdb_init_info init) {
  duckdb().init_set_init_data(init, new Reading, destroy<Reading>);
}

// False: there is nothing more.
Result<bool> next_chunk(Scanned& scanned, Reading& reading) {
  while (true) {
    if (!reading.stretch) {
      Result<std::unique_ptr<ChunkSource>> stretch = scanned.scan->next_stretch();
      if (!stretch) return tl::unexpected(stretch.error());
      if (!*stretch) return false;
      reading.stretch = std::move(*stretch);
    }
    const Result<bool> is_there = reading.stretch->next(reading.chunk);
    if (!is_there) return tl::unexpected(is_there.error());
    if (*is_there) break;
    reading.stretch.reset();
  }
  reading.row = 0;
  reading.feeds.clear();
  for (const TableColumn& column : scanned.columns) {
    if (column.is_stamp()) continue;
    reading.feeds.emplace_back(reading.chunk.fields.at(reading.feeds.size()), column.kind);
  }
  return true;
}

template <class T>
void fill_stamps(const std::vector<T>& stamps, std::size_t row, std::size_t count,
                 duckdb_vector into) {
  std::copy_n(stamps.data() + row, count, static_cast<T*>(duckdb().vector_get_data(into)));
}

Status fill_rows(const std::vector<TableColumn>& columns, Reading& reading,
                 duckdb_data_chunk output) {
  const std::size_t count =
      std::min<std::size_t>(reading.chunk.keys.size() - reading.row, duckdb().vector_size());
  auto feed = reading.feeds.begin();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    duckdb_vector const into = duckdb().data_chunk_get_vector(output, i);
    if (columns[i].from == TableColumn::From::kSeconds) {
      fill_stamps(reading.chunk.seconds, reading.row, count, into);
    } else if (columns[i].from == TableColumn::From::kNanoseconds) {
      fill_stamps(reading.chunk.keys, reading.row, count, into);
    } else if (const Status status = (feed++)->fill(into, count); !status) {
      return fail(status.error().code, columns[i].name + ": " + status.error().message);
    }
  }
  reading.row += count;
  duckdb().data_chunk_set_size(output, count);
  return {};
}

void read_rows(duckdb_function_info info, duckdb_data_chunk output) {
  auto& scanned = *static_cast<Scanned*>(duckdb().function_get_init_data(info));
  auto& reading = *static_cast<Reading*>(duckdb().function_get_local_init_data(info));
  guarded(
      [&]() -> Status {
        if (reading.row == reading.chunk.keys.size()) {
          const Result<bool> is_there = next_chunk(scanned, reading);
          if (!is_there) return tl::unexpected(is_there.error());
          if (!*is_there) {
            duckdb().data_chunk_set_size(output, 0);
            return {};
          }
        }
        return fill_rows(scanned.columns, reading, output);
      },
      [&](const char* why) { duckdb().function_set_error(info, why); });
}

}  // namespace

Status register_function(duckdb_connection connection, TableFunction function) {
  const DuckdbFunction made(duckdb().create_table_function());
  const DuckdbType any(duckdb().create_logical_type(DUCKDB_TYPE_ANY));
  const std::string name = function.name;
  duckdb().table_function_set_name(made.get(), name.c_str());
  if (function.takes_track) {
    duckdb().table_function_add_parameter(made.get(), any.get());
    duckdb().table_function_add_parameter(made.get(), type_of(ColumnKind::kText).get());
    for (const char* const limit : {"since", "until"})
      duckdb().table_function_add_named_parameter(made.get(), limit, any.get());
  }
  duckdb().table_function_set_extra_info(made.get(), new TableFunction(std::move(function)),
                                         destroy<TableFunction>);
  duckdb().table_function_set_bind(made.get(), bind_table);
  duckdb().table_function_set_init(made.get(), begin_scan);
  duckdb().table_function_set_local_init(made.get(), begin_thread);
  duckdb().table_function_set_function(made.get(), read_rows);
  duckdb().table_function_supports_projection_pushdown(made.get(), true);
  if (duckdb().register_table_function(connection, made.get()) == DuckDBSuccess) return {};
  return fail(ErrorCode::kUnsupported, "DuckDB does not take the function " + name);
}

}  // namespace zbag
