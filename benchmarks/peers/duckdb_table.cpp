#include <duckdb.h>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {
namespace {

// A database with one connection.
class Database {
 public:
  explicit Database(const std::string& path) {
    ok_ = duckdb_open(path.c_str(), &db_) == DuckDBSuccess &&
          duckdb_connect(db_, &connection_) == DuckDBSuccess;
  }
  ~Database() {
    duckdb_disconnect(&connection_);
    duckdb_close(&db_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  bool ok() const { return ok_; }
  duckdb_connection connection() const { return connection_; }
  bool exec(const char* sql) const {
    return duckdb_query(connection_, sql, nullptr) == DuckDBSuccess;
  }

 private:
  duckdb_database db_ = nullptr;
  duckdb_connection connection_ = nullptr;
  bool ok_ = false;
};

bool write_duckdb(const Workload& work, const std::string& path) {
  const Database db(path);
  // A checkpoint rewrites the last row group, 120 000 rows whatever their size: one, at the end.
  if (!db.ok() || !db.exec("SET checkpoint_threshold = '100GB';") ||
      !db.exec("CREATE TABLE messages(track UINTEGER, ts BIGINT, data BLOB);"))
    return false;
  duckdb_appender appender = nullptr;
  bool ok =
      duckdb_appender_create(db.connection(), nullptr, "messages", &appender) == DuckDBSuccess;
  // Left alone the appender commits by rows, however large they are.
  constexpr std::size_t kBatchBytes = 64u << 20;
  std::size_t pending = 0;
  for (const Workload::Frame& frame : work.frames) {
    ok = ok && duckdb_append_uint32(appender, frame.track) == DuckDBSuccess &&
         duckdb_append_int64(appender, frame.ts_ns) == DuckDBSuccess &&
         duckdb_append_blob(appender, frame.bytes.data(), frame.bytes.size()) == DuckDBSuccess &&
         duckdb_appender_end_row(appender) == DuckDBSuccess;
    pending += frame.bytes.size();
    if (pending < kBatchBytes) continue;
    pending = 0;
    ok = ok && duckdb_appender_flush(appender) == DuckDBSuccess;
  }
  ok = ok && duckdb_appender_close(appender) == DuckDBSuccess;
  return duckdb_appender_destroy(&appender) == DuckDBSuccess && ok;
}

// Visits the blobs of the first column of a chunk, then frees it.
void visit(duckdb_data_chunk chunk, Visited& visited) {
  auto* const blobs =
      static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
  const idx_t rows = duckdb_data_chunk_get_size(chunk);
  for (idx_t row = 0; row < rows; ++row)
    visited.add(duckdb_string_t_data(&blobs[row]), duckdb_string_t_length(blobs[row]));
  duckdb_destroy_data_chunk(&chunk);
}

class Reader : public PeerReader {
 public:
  explicit Reader(const std::string& path) : db_(path) {
    ok_ = db_.ok() &&
          duckdb_prepare(db_.connection(), "SELECT data FROM messages WHERE ts >= ? AND ts < ?;",
                         &all_) == DuckDBSuccess &&
          duckdb_prepare(db_.connection(),
                         "SELECT data FROM messages WHERE ts >= ? AND ts < ? AND track = ?;",
                         &one_) == DuckDBSuccess;
  }
  ~Reader() override {
    duckdb_destroy_prepare(&all_);
    duckdb_destroy_prepare(&one_);
  }

  bool ok() const { return ok_; }

  bool read(const Selection& selection, Visited& visited) override {
    duckdb_prepared_statement const query = selection.track ? one_ : all_;
    duckdb_bind_int64(query, 1, selection.first_ns);
    duckdb_bind_int64(query, 2, selection.limit_ns);
    if (selection.track) duckdb_bind_uint32(query, 3, *selection.track);
    duckdb_result result{};
    bool ok = duckdb_execute_prepared_streaming(query, &result) == DuckDBSuccess;
    while (ok) {
      duckdb_data_chunk const chunk = duckdb_fetch_chunk(result);
      if (chunk == nullptr) break;
      visit(chunk, visited);
    }
    ok = ok && duckdb_result_error(&result) == nullptr;
    duckdb_destroy_result(&result);
    return ok;
  }

 private:
  Database db_;
  duckdb_prepared_statement all_ = nullptr;
  duckdb_prepared_statement one_ = nullptr;
  bool ok_ = false;
};

std::unique_ptr<PeerReader> open_duckdb(const Workload&, const std::string& path) {
  auto reader = std::make_unique<Reader>(path);
  if (!reader->ok()) return nullptr;
  return reader;
}

}  // namespace

Peer duckdb_table() { return {"DuckDB", write_duckdb, open_duckdb}; }

}  // namespace zbag::bench
