#include <sqlite3.h>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {
namespace {

bool write_sqlite(const Workload& work, const std::string& path, const char* pragmas) {
  sqlite3* db = nullptr;
  if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) return false;
  const auto exec = [&](const char* sql) {
    return sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  };
  bool ok =
      exec(pragmas) &&
      exec(
          "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, "
          "serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);"
          "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp "
          "INTEGER NOT NULL, "
          "data BLOB NOT NULL);"
          "CREATE INDEX timestamp_idx ON messages (timestamp ASC);");
  sqlite3_stmt* insert = nullptr;
  ok = ok &&
       sqlite3_prepare_v2(db, "INSERT INTO messages (timestamp, topic_id, data) VALUES (?, ?, ?);",
                          -1, &insert, nullptr) == SQLITE_OK;
  // rosbag2 hands its plugin a cache of messages at a time, each one transaction.
  constexpr std::size_t kBatchBytes = 8u << 20;
  std::size_t pending = 0;
  ok = ok && exec("BEGIN TRANSACTION;");
  for (const Workload::Frame& frame : work.frames) {
    sqlite3_bind_int64(insert, 1, frame.ts_ns);
    sqlite3_bind_int(insert, 2, static_cast<int>(frame.track) + 1);
    sqlite3_bind_blob(insert, 3, frame.bytes.data(), static_cast<int>(frame.bytes.size()),
                      SQLITE_STATIC);
    ok = ok && sqlite3_step(insert) == SQLITE_DONE;
    sqlite3_reset(insert);
    pending += frame.bytes.size();
    if (pending < kBatchBytes) continue;
    pending = 0;
    ok = ok && exec("COMMIT; BEGIN TRANSACTION;");
  }
  ok = ok && exec("COMMIT;");
  sqlite3_finalize(insert);
  sqlite3_close(db);
  return ok;
}

}  // namespace

bool write_sqlite_fast(const Workload& work, const std::string& path) {
  return write_sqlite(work, path, "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;");
}

bool write_sqlite_resilient(const Workload& work, const std::string& path) {
  return write_sqlite(work, path, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
}

}  // namespace zbag::bench
