#include <sqlite3.h>

#include "benchmarks/peers/peers.hpp"

namespace zbag::bench {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

Database open_database(const std::string& path) {
  sqlite3* db = nullptr;
  const bool ok = sqlite3_open(path.c_str(), &db) == SQLITE_OK;
  Database owned(db);  // SQLite hands out a handle to close even when it fails
  return ok ? std::move(owned) : nullptr;
}

bool exec(const Database& db, const char* sql) {
  return sqlite3_exec(db.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

// nullptr when the text is no statement of this database.
Statement prepare(const Database& db, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(db.get(), sql, -1, &statement, nullptr);
  return Statement(statement);
}

bool create_layout(const Database& db, const Workload& work) {
  if (!exec(db,
            "CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, "
            "serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL);"
            "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp "
            "INTEGER NOT NULL, data BLOB NOT NULL);"
            "CREATE INDEX timestamp_idx ON messages (timestamp ASC);"))
    return false;
  const Statement insert =
      prepare(db, "INSERT INTO topics VALUES (NULL, ?, 'zbag/Frame', 'msgpack', '');");
  for (const std::string& track : work.tracks) {  // ids count from 1
    sqlite3_bind_text(insert.get(), 1, track.c_str(), -1, SQLITE_STATIC);
    if (sqlite3_step(insert.get()) != SQLITE_DONE) return false;
    sqlite3_reset(insert.get());
  }
  return true;
}

bool write_sqlite(const Workload& work, const std::string& path, const char* pragmas) {
  const Database db = open_database(path);
  if (!db || !exec(db, pragmas) || !create_layout(db, work)) return false;
  const Statement insert =
      prepare(db, "INSERT INTO messages (timestamp, topic_id, data) VALUES (?, ?, ?);");
  // rosbag2 hands its plugin a cache of messages at a time, each one transaction.
  constexpr std::size_t kBatchBytes = 8u << 20;
  std::size_t pending = 0;
  bool ok = insert != nullptr && exec(db, "BEGIN TRANSACTION;");
  for (const Workload::Frame& frame : work.frames) {
    sqlite3_bind_int64(insert.get(), 1, frame.ts_ns);
    sqlite3_bind_int(insert.get(), 2, static_cast<int>(frame.track) + 1);
    sqlite3_bind_blob(insert.get(), 3, frame.bytes.data(), static_cast<int>(frame.bytes.size()),
                      SQLITE_STATIC);
    ok = ok && sqlite3_step(insert.get()) == SQLITE_DONE;
    sqlite3_reset(insert.get());
    pending += frame.bytes.size();
    if (pending < kBatchBytes) continue;
    pending = 0;
    ok = ok && exec(db, "COMMIT; BEGIN TRANSACTION;");
  }
  return ok && exec(db, "COMMIT;");
}

class Reader : public PeerReader {
 public:
  Reader(Database db, const Workload& work)
      : db_(std::move(db)),
        work_(work),
        all_(prepare(db_,
                     "SELECT data FROM messages JOIN topics ON messages.topic_id = topics.id "
                     "WHERE timestamp >= ? AND timestamp < ? "
                     "ORDER BY messages.timestamp, messages.id;")),
        one_(prepare(db_,
                     "SELECT data FROM messages JOIN topics ON messages.topic_id = topics.id "
                     "WHERE timestamp >= ? AND timestamp < ? AND topics.name IN (?) "
                     "ORDER BY messages.timestamp, messages.id;")) {}

  bool read(const Selection& selection, Visited& visited) override {
    sqlite3_stmt* const query = selection.track ? one_.get() : all_.get();
    if (query == nullptr) return false;
    sqlite3_bind_int64(query, 1, selection.first_ns);
    sqlite3_bind_int64(query, 2, selection.limit_ns);
    if (selection.track)
      sqlite3_bind_text(query, 3, work_.tracks[*selection.track].c_str(), -1, SQLITE_STATIC);
    int step = SQLITE_OK;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
      const void* const data = sqlite3_column_blob(query, 0);
      visited.add(data, static_cast<std::size_t>(sqlite3_column_bytes(query, 0)));
    }
    sqlite3_reset(query);
    return step == SQLITE_DONE;
  }

 private:
  Database db_;
  const Workload& work_;
  Statement all_;
  Statement one_;
};

std::unique_ptr<PeerReader> open_sqlite(const Workload& work, const std::string& path) {
  Database db = open_database(path);
  if (!db) return nullptr;
  return std::make_unique<Reader>(std::move(db), work);
}

Peer sqlite_log(const std::string& name, const char* pragmas) {
  return {name,
          [=](const Workload& work, const std::string& path) {
            return write_sqlite(work, path, pragmas);
          },
          open_sqlite};
}

}  // namespace

std::vector<Peer> sqlite_logs() {
  Peer resilient =
      sqlite_log("SQLite resilient", "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;");
  resilient.open = {};  // the same file in the end
  return {sqlite_log("SQLite fast", "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF;"),
          std::move(resilient)};
}

}  // namespace zbag::bench
