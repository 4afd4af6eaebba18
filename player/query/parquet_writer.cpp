#include "player/query/parquet_writer.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <thread>
#include <utility>

#include "player/query/database.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/mutex.hpp"

namespace zbag {
namespace {

constexpr const char* kRowsFunction = "rows_to_write";

// Where who appends meets who encodes: one chunk lies here, another is being encoded.
class Handover {
 public:
  // Waits until there is room. False: nobody takes any more.
  bool put(ColumnChunk chunk) {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() ZBAG_REQUIRES(mutex_) { return !chunk_ || is_closed_; });
    if (is_closed_) return false;
    chunk_ = std::move(chunk);
    changed_.notify_all();
    return true;
  }
  // nullopt: there comes nothing more.
  std::optional<ColumnChunk> take() {
    MutexLock lock(mutex_);
    changed_.wait(lock, [this]() ZBAG_REQUIRES(mutex_) { return chunk_ || is_ended_; });
    changed_.notify_all();
    return std::exchange(chunk_, std::nullopt);
  }
  void end() {  // by who appends
    const MutexLock lock(mutex_);
    is_ended_ = true;
    changed_.notify_all();
  }
  void close() {  // by who encodes
    const MutexLock lock(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  Condition changed_;
  std::optional<ColumnChunk> chunk_ ZBAG_GUARDED_BY(mutex_);
  bool is_ended_ ZBAG_GUARDED_BY(mutex_) = false;
  bool is_closed_ ZBAG_GUARDED_BY(mutex_) = false;
};

class HandedRows : public SqlTable {
 public:
  HandedRows(std::vector<TableColumn> columns, Handover& handover)
      : columns_(std::move(columns)), handover_(handover) {}

  const std::vector<TableColumn>& columns() const override { return columns_; }
  std::uint64_t rows_about() const override { return 1'000'000; }
  Result<std::unique_ptr<TableScan>> scan(const std::vector<std::size_t>& wanted) const override {
    return std::make_unique<Scan>(places_of(wanted), handover_);
  }

 private:
  // Of the wanted columns that are no stamps, among all such.
  std::vector<std::size_t> places_of(const std::vector<std::size_t>& wanted) const {
    std::vector<std::size_t> of_column;
    std::size_t fields = 0;
    for (const TableColumn& column : columns_)
      of_column.push_back(column.is_stamp() ? 0 : fields++);
    std::vector<std::size_t> places;
    for (const std::size_t at : wanted) {
      if (!columns_[at].is_stamp()) places.push_back(of_column[at]);
    }
    return places;
  }

  class Source : public ChunkSource {
   public:
    Source(std::vector<std::size_t> places, Handover& handover)
        : places_(std::move(places)), handover_(handover) {}
    Result<bool> next(ColumnChunk& chunk) override {
      std::optional<ColumnChunk> taken = handover_.take();
      while (taken && taken->keys.empty()) taken = handover_.take();
      if (!taken) return false;
      std::vector<FieldColumn> fields;
      for (const std::size_t place : places_) fields.push_back(std::move(taken->fields.at(place)));
      chunk = std::move(*taken);
      chunk.fields = std::move(fields);
      return true;
    }

   private:
    const std::vector<std::size_t> places_;
    Handover& handover_;
  };

  class Scan : public TableScan {
   public:
    Scan(std::vector<std::size_t> places, Handover& handover)
        : source_(std::make_unique<Source>(std::move(places), handover)) {}
    Result<std::unique_ptr<ChunkSource>> next_stretch() override { return std::move(source_); }

   private:
    std::unique_ptr<Source> source_;
  };

  const std::vector<TableColumn> columns_;
  Handover& handover_;
};

std::string copy_sql(const std::string& path, const std::vector<TableColumn>& columns,
                     const ParquetOptions& options) {
  std::string cells;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string name = sql_name(columns[i].name);
    const bool is_json = !columns[i].is_stamp() && columns[i].kind == ColumnKind::kJson;
    const auto type = options.types.find(columns[i].name);
    const std::string cast = type != options.types.end() ? type->second : is_json ? "VARCHAR" : "";
    cells += fmt::format("{}{}", i > 0 ? ", " : "",
                         cast.empty() ? name : fmt::format("CAST({0} AS {1}) AS {0}", name, cast));
  }
  std::string sql = fmt::format(
      "COPY (SELECT {} FROM {}()) TO {} (FORMAT parquet, CODEC {}, ROW_GROUP_SIZE {}", cells,
      kRowsFunction, sql_text(path), sql_text(options.codec), options.rows_of_group);
  if (options.level) sql += fmt::format(", COMPRESSION_LEVEL {}", *options.level);
  if (options.partition_by.empty()) {
    sql += ", USE_TMP_FILE false";
  } else {
    sql += ", OVERWRITE_OR_IGNORE true, PARTITION_BY (";
    for (std::size_t i = 0; i < options.partition_by.size(); ++i)
      sql += (i > 0 ? ", " : "") + sql_name(options.partition_by[i]);
    sql += ")";
  }
  if (options.metadata.empty()) return sql + ")";
  sql += ", KV_METADATA {";
  for (const auto& [name, value] : options.metadata)
    sql += fmt::format("{}: {},", sql_name(name), sql_text(value));
  sql.back() = '}';
  return sql + ")";
}

}  // namespace

struct ParquetWriter::State {
  Handover handover;
  std::optional<Database> database;
  Status outcome;        // of the thread, once it has ended
  std::jthread encoder;  // the first to go

  ~State() {
    if (database && encoder.joinable()) database->interrupt();
    handover.end();
  }

  void encode(const std::string& sql) {
    outcome = database->run(sql);
    handover.close();
  }
  Status ended() {
    if (encoder.joinable()) encoder.join();
    return outcome;
  }
};

ParquetWriter::ParquetWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParquetWriter::ParquetWriter(ParquetWriter&&) noexcept = default;
ParquetWriter& ParquetWriter::operator=(ParquetWriter&&) noexcept = default;
ParquetWriter::~ParquetWriter() = default;

Result<ParquetWriter> ParquetWriter::open(const std::string& path, std::vector<TableColumn> columns,
                                          const ParquetOptions& options) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", path, error.message()));
  Result<Database> database = Database::open({.allowed_folder = whole.parent_path().string()});
  if (!database) return tl::unexpected(database.error());
  auto state = std::make_unique<State>();
  state->database = std::move(*database);
  const std::string sql = copy_sql(whole.string(), columns, options);
  Status added =
      state->database->add({.name = kRowsFunction,
                            .make = [columns = std::move(columns), &handover = state->handover](
                                        const TableCall&) -> Result<std::unique_ptr<SqlTable>> {
                              return std::make_unique<HandedRows>(columns, handover);
                            }});
  if (!added) return tl::unexpected(added.error());
  if (const auto prepared = state->database->prepare(sql); !prepared)
    return tl::unexpected(prepared.error());
  state->encoder = std::jthread([&kept = *state, sql] { kept.encode(sql); });
  return ParquetWriter(std::move(state));
}

Status ParquetWriter::append(ColumnChunk chunk) {
  if (state_->handover.put(std::move(chunk))) return {};
  Status outcome = state_->ended();
  return outcome ? fail(ErrorCode::kClosed, "the file is finished") : outcome;
}

Status ParquetWriter::finish() {
  state_->handover.end();
  return state_->ended();
}

}  // namespace zbag
