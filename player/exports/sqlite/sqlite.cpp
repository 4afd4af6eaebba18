// sqlite: one database with the tables `runs`, `episodes` and `steps` of requirements S2.22, a
// table for each track (track_table.hpp), and what is known beside the points: `tracks`, `fields`,
// `losses` and `metadata`.

#include <fmt/format.h>

#include <array>

#include "player/columns/column_names.hpp"
#include "player/exports/export_records.hpp"
#include "player/exports/exporter.hpp"
#include "player/exports/sqlite/track_table.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using sqlite::Database;
using sqlite::identifier;
using sqlite::Insert;
using sqlite::TableColumn;
using sqlite::TrackTable;

constexpr std::uint64_t kTransactionRows = 8'192;

// The first three exactly so in requirements S2.22.
constexpr const char* kTables = R"(
CREATE TABLE runs(run_id TEXT PRIMARY KEY, start_timestamp REAL NOT NULL, end_timestamp REAL,
  configuration TEXT, metadata TEXT);
CREATE TABLE episodes(episode_id INTEGER, run_id TEXT, start_timestamp REAL NOT NULL,
  end_timestamp REAL, total_steps INTEGER, total_reward REAL, success BOOLEAN,
  termination_reason TEXT, metadata TEXT, PRIMARY KEY(episode_id, run_id),
  FOREIGN KEY(run_id) REFERENCES runs(run_id));
CREATE TABLE steps(step_id INTEGER PRIMARY KEY AUTOINCREMENT, episode_id INTEGER, run_id TEXT,
  step_number INTEGER, timestamp REAL, agent_id INTEGER, position_x REAL, position_y REAL,
  orientation REAL, action_data TEXT, observation_data TEXT, reward REAL,
  FOREIGN KEY(episode_id, run_id) REFERENCES episodes(episode_id, run_id));
CREATE TABLE tracks(track TEXT PRIMARY KEY, table_name TEXT NOT NULL, points INTEGER NOT NULL);
CREATE TABLE fields(table_name TEXT NOT NULL, column_name TEXT NOT NULL, names TEXT NOT NULL,
  kind TEXT NOT NULL);
CREATE TABLE losses(track TEXT NOT NULL, publisher TEXT NOT NULL, run_start_ns INTEGER NOT NULL,
  lost INTEGER NOT NULL, missed_before INTEGER NOT NULL, received INTEGER NOT NULL);
CREATE TABLE metadata(name TEXT PRIMARY KEY, value TEXT NOT NULL);
)";
constexpr std::array kOwnTables{"runs",   "episodes", "steps",   "tracks",
                                "fields", "losses",   "metadata"};

// The tables of a file.
class SqliteTables {
 public:
  SqliteTables(Database& database, ExportSource& source) : database_(database), source_(source) {
    for (const char* const name : kOwnTables) names_.add(name);
  }

  Status write();

 private:
  Status write_records();
  Status write_losses(const std::vector<LossRecord>& losses);
  std::string name_table(const std::string& track);
  Status write_track(const std::string& track, const std::string& table);
  Status write_rows(const std::string& track, TrackTable& rows);
  Status describe(const std::string& track, const std::string& table, const TrackTable& rows);

  Database& database_;
  ExportSource& source_;
  ColumnNames names_;
};

Status SqliteTables::write() {
  if (Status made = database_.run(fmt::format("BEGIN;{}", kTables)); !made) return made;
  if (Status written = write_records(); !written) return written;
  // All tables before any index, so that no track loses its name to one.
  std::vector<std::string> tables;
  for (const auto& [track, record] : source_.tracks()) tables.push_back(name_table(track));
  auto table = tables.begin();
  for (const auto& [track, record] : source_.tracks()) {
    if (Status written = write_track(track, *table++); !written) return written;
  }
  return database_.run("COMMIT");
}

Status SqliteTables::write_records() {
  const ExportRecords records = records_of(source_);
  Result<Insert> runs = database_.insert_into("runs", 5);
  if (!runs) return tl::unexpected(runs.error());
  for (const ExportRun& run : records.runs) {
    runs->bind_text(1, run.id);
    runs->bind(2, run.record.start);
    if (run.record.end) runs->bind(3, *run.record.end);
    runs->bind_text(4, json_of(run.record.config));
    runs->bind_text(5, json_of(run.metadata()));
    if (Status added = runs->step(); !added) return added;
  }
  Result<Insert> metadata = database_.insert_into("metadata", 2);
  if (!metadata) return tl::unexpected(metadata.error());
  for (const auto& [name, value] : records.origin) {
    metadata->bind_text(1, name);
    metadata->bind_text(2, value);
    if (Status added = metadata->step(); !added) return added;
  }
  return write_losses(records.losses);
}

Status SqliteTables::write_losses(const std::vector<LossRecord>& losses) {
  Result<Insert> rows = database_.insert_into("losses", 6);
  if (!rows) return tl::unexpected(rows.error());
  for (const LossRecord& loss : losses) {
    rows->bind_text(1, loss.track);
    rows->bind_text(2, loss.publisher);
    int at = 3;
    rows->bind(at++, loss.run_start_ns);
    for (const std::uint64_t count : {loss.lost, loss.missed_before, loss.received})
      rows->bind(at++, static_cast<std::int64_t>(count));
    if (Status added = rows->step(); !added) return added;
  }
  return {};
}

std::string SqliteTables::name_table(const std::string& track) {
  // Names that begin so are SQLite's own.
  constexpr std::string_view kReserved = "sqlite_";
  const bool is_reserved =
      track.size() >= kReserved.size() &&
      std::equal(kReserved.begin(), kReserved.end(), track.begin(),
                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  std::string name = names_.add(is_reserved ? "_" + track : track);
  if (name != track) {
    source_.notice("tables under other names, since those of their tracks are taken",
                   fmt::format("that of track {} is {}", printable(track), printable(name)));
  }
  return name;
}

Status SqliteTables::write_track(const std::string& track, const std::string& table) {
  Result<TrackTable> rows = TrackTable::create(database_, source_, track, table);
  if (!rows) return tl::unexpected(rows.error());
  if (Status written = write_rows(track, *rows); !written) return written;
  if (Status described = describe(track, table, *rows); !described) return described;
  return database_.run(fmt::format("CREATE INDEX {} ON {}(timestamp)",
                                   identifier(names_.add(table + "_timestamp")),
                                   identifier(table)));
}

Status SqliteTables::write_rows(const std::string& track, TrackTable& rows) {
  std::uint64_t in_transaction = 0;
  return source_.each_chunk_of(track, rows.fields(), [&](const ColumnChunk& chunk) -> Status {
    if (Status added = rows.append(chunk); !added) return added;
    in_transaction += chunk.keys.size();
    if (in_transaction < kTransactionRows) return {};
    in_transaction = 0;
    return database_.run("COMMIT; BEGIN");
  });
}

Status SqliteTables::describe(const std::string& track, const std::string& table,
                              const TrackTable& rows) {
  Result<Insert> tracks = database_.insert_into("tracks", 3);
  if (!tracks) return tl::unexpected(tracks.error());
  tracks->bind_text(1, track);
  tracks->bind_text(2, table);
  tracks->bind(3, static_cast<std::int64_t>(rows.rows()));
  if (Status added = tracks->step(); !added) return added;
  Result<Insert> fields = database_.insert_into("fields", 4);
  if (!fields) return tl::unexpected(fields.error());
  for (const TableColumn& column : rows.columns()) {
    fields->bind_text(1, table);
    fields->bind_text(2, column.name);
    fields->bind_text(3, json_of(column.field.names));
    fields->bind_text(4, name_of(column.field.kind));
    if (Status added = fields->step(); !added) return added;
  }
  return {};
}

class SqliteExporter : public Exporter {
 public:
  explicit SqliteExporter(const ExportOptions& options)
      : out_(options.out), existing_(options.existing) {}

  Status write(ExportSource& source) override {
    Result<OutputFile> file = OutputFile::create(out_, existing_);
    if (!file) return tl::unexpected(file.error());
    Result<Database> database = Database::create(file->by_name());
    if (!database) return tl::unexpected(database.error());
    if (Status written = SqliteTables(*database, source).write(); !written) return written;
    if (Status closed = database->close(); !closed) return closed;
    if (Status finished = file->finish(); !finished) return finished;
    return file->publish();
  }

 private:
  std::string out_;
  Existing existing_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_sqlite_exporter(const ExportOptions& options) {
  if (options.out == "-") {
    return fail(ErrorCode::kInvalid,
                "sqlite is no text for stdout; give a file with -o, such as run.db");
  }
  return std::make_unique<SqliteExporter>(options);
}

}  // namespace zbag
