#include "player/exports/sqlite/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "schemas/no_room.hpp"
#include "schemas/track_name.hpp"

namespace zbag::sqlite {
namespace {

tl::unexpected<Error> failure(sqlite3* database, int code) {
  const bool is_full = code == SQLITE_FULL || is_no_room(sqlite3_system_errno(database));
  const ErrorCode kind = is_full                                         ? ErrorCode::kDiskFull
                         : code == SQLITE_TOOBIG || code == SQLITE_ERROR ? ErrorCode::kUnsupported
                                                                         : ErrorCode::kIo;
  return fail(kind, "SQLite: " +
                        printable(is_full ? "no room left on the disk" : sqlite3_errmsg(database)));
}

// A null pointer would be NULL.
const char* data_of(std::string_view bytes) { return bytes.empty() ? "" : bytes.data(); }

}  // namespace

std::string identifier(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    text += c;
    if (c == '"') text += c;
  }
  return text + '"';
}

void Insert::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Insert::Insert(sqlite3* database, sqlite3_stmt* statement)
    : database_(database), statement_(statement) {}

void Insert::note(int code) {
  if (failure_ == SQLITE_OK) failure_ = code;
}

void Insert::bind(int column, std::int64_t value) {
  note(sqlite3_bind_int64(statement_.get(), column, value));
}

void Insert::bind(int column, double value) {
  note(sqlite3_bind_double(statement_.get(), column, value));
}

void Insert::bind_text(int column, std::string_view text) {
  note(sqlite3_bind_text64(statement_.get(), column, data_of(text), text.size(), SQLITE_TRANSIENT,
                           SQLITE_UTF8));
}

void Insert::bind_blob(int column, std::string_view bytes) {
  note(sqlite3_bind_blob64(statement_.get(), column, data_of(bytes), bytes.size(),
                           SQLITE_TRANSIENT));
}

Status Insert::step() {
  if (failure_ != SQLITE_OK) return failure(database_, failure_);
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_DONE) return failure(database_, code);
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  return {};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::create(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(opened);
  if (code != SQLITE_OK) return failure(opened, code);
  for (const char* const sql : {"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF"}) {
    if (Status set = database.run(sql); !set) return tl::unexpected(set.error());
  }
  return database;
}

Status Database::run(const std::string& sql) {
  const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(database_.get(), code);
  return {};
}

Result<Insert> Database::insert_into(std::string_view table, std::size_t columns) {
  std::string sql = "INSERT INTO " + identifier(table) + " VALUES(?";
  for (std::size_t i = 1; i < columns; ++i) sql += ",?";
  sql += ')';
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(database_.get(), code);
  return Insert(database_.get(), statement);
}

Status Database::close() {
  const int code = sqlite3_close(database_.get());
  if (code != SQLITE_OK) return failure(database_.get(), code);
  static_cast<void>(database_.release());
  return {};
}

}  // namespace zbag::sqlite
