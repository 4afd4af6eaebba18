#include "benchmarks/peers/synced_log.hpp"

#include <unistd.h>

#include <cstdio>

#ifdef ZBAG_HAS_LCM
#include <lcm/eventlog.h>
#endif
#ifdef ZBAG_HAS_SQLITE
#include <sqlite3.h>
#endif

namespace zbag::bench {

#ifdef ZBAG_HAS_LCM
namespace {

class LcmLog : public SyncedLog {
 public:
  LcmLog(lcm_eventlog_t* log, std::vector<std::string> tracks)
      : log_(log), tracks_(std::move(tracks)) {}

  bool write(const std::vector<SyncedFrame>& frames) override {
    for (const SyncedFrame& frame : frames) {
      const std::string& track = tracks_[frame.track];
      lcm_eventlog_event_t event{};
      event.eventnum = number_++;
      event.timestamp = frame.ts_ns / 1000;
      event.channellen = static_cast<std::int32_t>(track.size());
      event.datalen = static_cast<std::int32_t>(frame.bytes.size());
      event.channel = const_cast<char*>(track.c_str());
      event.data = const_cast<char*>(frame.bytes.data());
      if (lcm_eventlog_write_event(log_.get(), &event) != 0) return false;
    }
    return std::fflush(log_->f) == 0 && ::fdatasync(::fileno(log_->f)) == 0;
  }
  bool close() override {
    log_.reset();
    return true;
  }

 private:
  struct Close {
    void operator()(lcm_eventlog_t* log) const { lcm_eventlog_destroy(log); }
  };
  std::unique_ptr<lcm_eventlog_t, Close> log_;
  std::vector<std::string> tracks_;
  std::int64_t number_ = 0;
};

}  // namespace

std::unique_ptr<SyncedLog> synced_lcm(const std::string& path,
                                      const std::vector<std::string>& tracks) {
  lcm_eventlog_t* const log = lcm_eventlog_create(path.c_str(), "w");
  return log == nullptr ? nullptr : std::make_unique<LcmLog>(log, tracks);
}
#else
std::unique_ptr<SyncedLog> synced_lcm(const std::string&, const std::vector<std::string>&) {
  return nullptr;
}
#endif

#ifdef ZBAG_HAS_SQLITE
namespace {

class SqliteLog : public SyncedLog {
 public:
  ~SqliteLog() override {
    sqlite3_finalize(insert_);
    sqlite3_close(db_);
  }

  bool open(const std::string& path) {
    return sqlite3_open(path.c_str(), &db_) == SQLITE_OK &&
           exec(
               "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, "
               "timestamp INTEGER NOT NULL, data BLOB NOT NULL);"
               "CREATE INDEX timestamp_idx ON messages (timestamp ASC);") &&
           sqlite3_prepare_v2(db_,
                              "INSERT INTO messages (timestamp, topic_id, data) VALUES (?, ?, ?);",
                              -1, &insert_, nullptr) == SQLITE_OK;
  }
  bool write(const std::vector<SyncedFrame>& frames) override {
    bool ok = exec("BEGIN TRANSACTION;");
    for (const SyncedFrame& frame : frames) {
      sqlite3_bind_int64(insert_, 1, frame.ts_ns);
      sqlite3_bind_int(insert_, 2, static_cast<int>(frame.track) + 1);
      sqlite3_bind_blob(insert_, 3, frame.bytes.data(), static_cast<int>(frame.bytes.size()),
                        SQLITE_STATIC);
      ok = ok && sqlite3_step(insert_) == SQLITE_DONE;
      sqlite3_reset(insert_);
    }
    return ok && exec("COMMIT;");
  }
  bool close() override { return exec("PRAGMA wal_checkpoint(TRUNCATE);"); }

 private:
  bool exec(const char* sql) {
    return sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

}  // namespace

std::unique_ptr<SyncedLog> synced_sqlite(const std::string& path, const std::vector<std::string>&) {
  auto log = std::make_unique<SqliteLog>();
  return log->open(path) ? std::move(log) : nullptr;
}
#else
std::unique_ptr<SyncedLog> synced_sqlite(const std::string&, const std::vector<std::string>&) {
  return nullptr;
}
#endif

}  // namespace zbag::bench
