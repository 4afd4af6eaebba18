#include "player/query/database.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "player/query/aside_folder.hpp"
#include "player/query/duckdb_calls.hpp"
#include "player/query/result_items.hpp"
#include "player/query/sql_error.hpp"
#include "player/query/sql_text.hpp"
#include "player/query/table_function.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Lookup = std::function<std::optional<NamedCall>(const std::string&)>;

ResultKind kind_of(duckdb_logical_type type) {
  const std::string alias = take_text(duckdb().logical_type_get_alias(type));
  if (alias == "JSON") return ResultKind::kJson;
  switch (duckdb().get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return ResultKind::kBool;
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
    case DUCKDB_TYPE_DECIMAL:
      return ResultKind::kNumber;
    case DUCKDB_TYPE_BLOB:
      return ResultKind::kBlob;
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
    case DUCKDB_TYPE_STRUCT:
    case DUCKDB_TYPE_MAP:
    case DUCKDB_TYPE_UNION:
      return ResultKind::kNested;
    default:
      return ResultKind::kText;
  }
}

void look_up(duckdb_replacement_scan_info info, const char* name, void* kept) {
  try {
    const std::optional<NamedCall> call = (*static_cast<Lookup*>(kept))(name);
    if (!call) return;
    duckdb().replacement_scan_set_function_name(info, call->function.c_str());
    for (const std::string& text : call->parameters) {
      const DuckdbValue value(duckdb().create_varchar_length(text.data(), text.size()));
      duckdb().replacement_scan_add_parameter(info, value.get());
    }
  } catch (const std::exception& error) {
    duckdb().replacement_scan_set_error(info, error.what());
  }
}

// One column of one chunk of a result.
class ColumnTexts {
 public:
  ColumnTexts(duckdb_data_chunk chunk, std::size_t column)
      : values_(duckdb().vector_get_data(duckdb().data_chunk_get_vector(chunk, column))),
        validity_(duckdb().vector_get_validity(duckdb().data_chunk_get_vector(chunk, column))) {
    const DuckdbType type(
        duckdb().vector_get_column_type(duckdb().data_chunk_get_vector(chunk, column)));
    type_ = duckdb().get_type_id(type.get());
  }

  // Valid until the next call.
  ResultCell at(std::size_t row) {
    if (validity_ != nullptr && !duckdb().validity_row_is_valid(validity_, row))
      return std::nullopt;
    switch (type_) {
      case DUCKDB_TYPE_VARCHAR: {
        duckdb_string_t& text = static_cast<duckdb_string_t*>(values_)[row];
        return std::string_view(duckdb().string_t_data(&text), duckdb().string_t_length(text));
      }
      case DUCKDB_TYPE_BOOLEAN:
        return static_cast<const bool*>(values_)[row] ? "true" : "false";
      case DUCKDB_TYPE_INTEGER:
        return text_of(static_cast<const std::int32_t*>(values_)[row]);
      case DUCKDB_TYPE_BIGINT:
        return text_of(static_cast<const std::int64_t*>(values_)[row]);
      case DUCKDB_TYPE_UBIGINT:
        return text_of(static_cast<const std::uint64_t*>(values_)[row]);
      case DUCKDB_TYPE_DOUBLE:
        return text_of(static_cast<const double*>(values_)[row]);
      default:
        return std::nullopt;
    }
  }

  bool is_known() const {
    switch (type_) {
      case DUCKDB_TYPE_VARCHAR:
      case DUCKDB_TYPE_BOOLEAN:
      case DUCKDB_TYPE_INTEGER:
      case DUCKDB_TYPE_BIGINT:
      case DUCKDB_TYPE_UBIGINT:
      case DUCKDB_TYPE_DOUBLE:
        return true;
      default:
        return false;
    }
  }

 private:
  template <class T>
  ResultCell text_of(T value) {
    text_ = fmt::format("{}", value);
    return text_;
  }

  void* values_;
  std::uint64_t* validity_;
  duckdb_type type_ = DUCKDB_TYPE_INVALID;
  std::string text_;
};

// Of a result that is being read; destroyed with this.
class RunningResult {
 public:
  RunningResult() = default;
  ~RunningResult() { duckdb().destroy_result(&result_); }
  RunningResult(const RunningResult&) = delete;
  RunningResult& operator=(const RunningResult&) = delete;
  duckdb_result* get() { return &result_; }

 private:
  duckdb_result result_{};
};

Status take_rows(duckdb_data_chunk chunk, const Statement::TakeRow& take) {
  std::vector<ColumnTexts> columns;
  for (std::size_t i = 0; i < duckdb().data_chunk_get_column_count(chunk); ++i) {
    columns.emplace_back(chunk, i);
    if (!columns.back().is_known())
      return fail(ErrorCode::kUnsupported,
                  fmt::format("column {} of the answer is of a type that such a statement does not "
                              "show; cast it: CAST(... AS VARCHAR)",
                              i + 1));
  }
  std::vector<ResultCell> cells(columns.size());
  for (std::size_t row = 0; row < duckdb().data_chunk_get_size(chunk); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) cells[i] = columns[i].at(row);
    if (Status taken = take(cells); !taken) return taken;
  }
  return {};
}

Status take_items(duckdb_data_chunk chunk, const std::vector<ResultColumn>& names,
                  const Statement::TakeItems& take) {
  std::vector<ResultItems> columns;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Result<ResultItems> column = ResultItems::of(duckdb().data_chunk_get_vector(chunk, i));
    if (!column) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("column {} is {}", printable(names[i].name), column.error().message));
    }
    columns.push_back(std::move(*column));
  }
  std::string bytes;
  std::vector<std::size_t> ends;
  std::vector<std::string_view> items;
  for (std::size_t row = 0; row < duckdb().data_chunk_get_size(chunk); ++row) {
    bytes.clear();
    ends.clear();
    for (const ResultItems& column : columns) {
      column.append(row, bytes);
      ends.push_back(bytes.size());
    }
    items.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends)
      items.push_back(std::string_view(bytes).substr(std::exchange(begin, end), end - begin));
    if (Status taken = take(items); !taken) return taken;
  }
  return {};
}

// What changes rows gives how many, or by RETURNING those themselves.
bool has_rows(duckdb_statement_type kind, const std::vector<ResultColumn>& columns) {
  switch (kind) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
    case DUCKDB_STATEMENT_TYPE_CALL:
      return true;
    case DUCKDB_STATEMENT_TYPE_INSERT:
    case DUCKDB_STATEMENT_TYPE_UPDATE:
    case DUCKDB_STATEMENT_TYPE_DELETE:
    case DUCKDB_STATEMENT_TYPE_EXECUTE:  // of whatever was prepared
      return columns.size() != 1 || columns[0].name != "Count";
    default:
      return false;
  }
}

std::vector<std::string> settings_of(const Database::Options& options, const AsideFolder& aside) {
  const std::size_t half = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
                           static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 2;
  const std::size_t memory = options.memory_bytes == 0 ? half : options.memory_bytes;
  std::vector<std::string> settings = {
      "errors_as_json = true",
      "autoinstall_known_extensions = false",
      "autoload_known_extensions = false",
      "allow_community_extensions = false",
      "allow_persistent_secrets = false",
      fmt::format("memory_limit = '{} MiB'", std::max<std::size_t>(64, memory >> 20)),
      "temp_directory = " + sql_text(aside.path())};
  if (aside.bytes_max() > 0)
    settings.push_back(fmt::format("max_temp_directory_size = '{} B'", aside.bytes_max()));
  if (options.threads > 0) settings.push_back(fmt::format("threads = {}", options.threads));
  if (!options.allowed_folder.empty())
    settings.push_back(fmt::format("allowed_directories = [{}]", sql_text(options.allowed_folder)));
  if (!options.allowed_file.empty())
    settings.push_back(fmt::format("allowed_paths = [{}]", sql_text(options.allowed_file)));
  if (!options.allows_files) settings.emplace_back("enable_external_access = false");
  // SQL could name files in settings (of a profile, say), whatever else it may do with files.
  if (!options.allows_files) settings.emplace_back("lock_configuration = true");
  return settings;
}

}  // namespace

struct Statement::State {
  std::string sql;
  DuckdbPrepared prepared;
  std::vector<ResultColumn> columns;
  bool is_query = false;
  bool is_explain = false;

  Status each_chunk(const std::function<Status(duckdb_data_chunk)>& take);
};

Statement::Statement(std::unique_ptr<State> state) : state_(std::move(state)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

const std::vector<ResultColumn>& Statement::columns() const { return state_->columns; }
bool Statement::is_query() const { return state_->is_query; }
bool Statement::is_explain() const { return state_->is_explain; }

// `take` may be empty.
Status Statement::State::each_chunk(const std::function<Status(duckdb_data_chunk)>& take) {
  DuckdbPending pending;
  if (duckdb().pending_prepared_streaming(prepared.get(), pending.out()) != DuckDBSuccess)
    return tl::unexpected(sql_error(duckdb().pending_error(pending.get()), sql));
  RunningResult result;
  if (duckdb().execute_pending(pending.get(), result.get()) != DuckDBSuccess)
    return tl::unexpected(sql_error(duckdb().result_error(result.get()), sql));
  while (true) {
    const DuckdbChunk chunk(duckdb().fetch_chunk(*result.get()));
    if (chunk.get() == nullptr) break;
    if (!take) continue;
    if (Status taken = take(chunk.get()); !taken) return taken;
  }
  const char* const why = duckdb().result_error(result.get());
  if (why != nullptr) return tl::unexpected(sql_error(why, sql));
  return {};
}

Status Statement::run(const TakeRow& take) {
  if (!take) return state_->each_chunk(nullptr);
  return state_->each_chunk([&](duckdb_data_chunk chunk) { return take_rows(chunk, take); });
}

Status Statement::run_items(const TakeItems& take) {
  return state_->each_chunk(
      [&](duckdb_data_chunk chunk) { return take_items(chunk, state_->columns, take); });
}

struct Database::State {
  AsideFolder aside;
  UnknownTable unknown_table;
  std::function<void(const std::string&)> before;
  bool is_before = false;  // that runs
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;

  ~State() {
    if (connection != nullptr) duckdb().disconnect(&connection);
    if (database != nullptr) duckdb().close(&database);
  }
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const Options& options) {
  if (const auto calls = load_duckdb(); !calls) return tl::unexpected(calls.error());
  auto state = std::make_unique<State>();
  if (duckdb().open_ext(nullptr, &state->database, nullptr, nullptr) != DuckDBSuccess ||
      duckdb().connect(state->database, &state->connection) != DuckDBSuccess)
    return fail(ErrorCode::kIo, "DuckDB does not start: there may be too little memory");
  Database database(std::move(state));
  for (const std::string& setting : settings_of(options, database.state_->aside)) {
    if (Status status = database.run("SET " + setting); !status)
      return tl::unexpected(status.error());
  }
  return database;
}

Status Database::add(TableFunction function) {
  return register_function(state_->connection, std::move(function));
}

void Database::set_lookup(Lookup lookup) {
  duckdb().add_replacement_scan(state_->database, look_up, new Lookup(std::move(lookup)),
                                [](void* kept) { delete static_cast<Lookup*>(kept); });
}

void Database::set_unknown_table(UnknownTable text) { state_->unknown_table = std::move(text); }

void Database::set_before(std::function<void(const std::string&)> before) {
  state_->before = std::move(before);
}

Result<Statement> Database::prepare(const std::string& sql) {
  if (state_->before && !std::exchange(state_->is_before, true)) {
    state_->before(sql);
    state_->is_before = false;
  }
  auto state = std::make_unique<Statement::State>();
  state->sql = sql;
  if (duckdb().prepare(state_->connection, sql.c_str(), state->prepared.out()) != DuckDBSuccess)
    return tl::unexpected(
        sql_error(duckdb().prepare_error(state->prepared.get()), sql, state_->unknown_table));
  duckdb_prepared_statement const prepared = state->prepared.get();
  const duckdb_statement_type kind = duckdb().prepared_statement_type(prepared);
  for (idx_t i = 0; i < duckdb().prepared_statement_column_count(prepared); ++i) {
    const DuckdbType type(duckdb().prepared_statement_column_logical_type(prepared, i));
    const char* const name = duckdb().prepared_statement_column_name(prepared, i);
    state->columns.push_back({take_text(const_cast<char*>(name)), kind_of(type.get())});
  }
  state->is_query = has_rows(kind, state->columns);
  state->is_explain = kind == DUCKDB_STATEMENT_TYPE_EXPLAIN;
  return Statement(std::move(state));
}

Status Database::run(const std::string& sql) {
  Result<Statement> statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  return statement->run(nullptr);
}

void Database::interrupt() { duckdb().interrupt(state_->connection); }

Result<std::string> Database::library_version() {
  if (const auto calls = load_duckdb(); !calls) return tl::unexpected(calls.error());
  return std::string(duckdb().library_version());
}

}  // namespace zbag
