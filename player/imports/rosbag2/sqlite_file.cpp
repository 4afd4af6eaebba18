#include "player/imports/rosbag2/sqlite_file.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

#include "player/imports/unpack.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

tl::unexpected<Error> failure(const std::string& path, sqlite3* database, int code) {
  if ((code & 0xff) == SQLITE_INTERRUPT) return fail(ErrorCode::kClosed, path + ": stopped");
  const bool is_io =
      (code & 0xff) == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_NOMEM;
  return fail(is_io ? ErrorCode::kIo : ErrorCode::kDamaged,
              fmt::format("{}: SQLite: {}", path,
                          printable(database == nullptr ? "no memory" : sqlite3_errmsg(database))));
}

// A URI of the file: what has a meaning in one is written as %XX.
std::string uri_of(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "file:";  // else //tmp would be a host
  for (const char c : path) {
    const bool is_plain = c == '/' || c == '.' || c == '-' || c == '_' || (c >= '0' && c <= '9') ||
                          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    uri += is_plain ? std::string(1, c)
                    : fmt::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return uri + "?mode=ro&immutable=1";
}

int is_to_stop(void* goes_on) {
  const auto& asked = *static_cast<std::function<bool()>*>(goes_on);
  return asked && !asked() ? 1 : 0;
}

}  // namespace

void SqliteRows::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}
void SqliteFile::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<bool> SqliteRows::next() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(path_, database_, code);
}

SqliteType SqliteRows::type(int column) const {
  switch (sqlite3_column_type(statement_.get(), column)) {
    case SQLITE_INTEGER:
      return SqliteType::kInteger;
    case SQLITE_FLOAT:
      return SqliteType::kReal;
    case SQLITE_TEXT:
      return SqliteType::kText;
    case SQLITE_BLOB:
      return SqliteType::kBlob;
    default:
      return SqliteType::kNull;
  }
}

double SqliteRows::real(int column) const {
  return sqlite3_column_double(statement_.get(), column);
}

std::int64_t SqliteRows::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteRows::text(int column) const {
  const auto* const text =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::span<const std::uint8_t> SqliteRows::bytes(int column) const {
  const auto* const bytes =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

Result<SqliteFile> SqliteFile::open(const std::string& path, std::function<bool()> goes_on) {
  constexpr int kFlags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(uri_of(path).c_str(), &database, kFlags, nullptr);
  SqliteFile file(path, database);
  if (code != SQLITE_OK) return failure(path, database, code);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, static_cast<int>(kUnpackedMax));
  for (const char* const pragma : {"PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0"})
    sqlite3_exec(database, pragma, nullptr, nullptr, nullptr);
  constexpr int kStepsBetween = 10'000;
  file.goes_on_ = std::make_unique<std::function<bool()>>(std::move(goes_on));
  sqlite3_progress_handler(database, kStepsBetween, is_to_stop, file.goes_on_.get());
  if (sqlite3_exec(database, "SELECT 1 FROM sqlite_master", nullptr, nullptr, nullptr) ==
      SQLITE_CORRUPT) {
    // Of one that is shorter than it says, what is there is read with this alone.
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
    sqlite3_exec(database, "PRAGMA writable_schema=ON", nullptr, nullptr, nullptr);
  }
  return file;
}

Result<bool> SqliteFile::has_table(std::string_view name) {
  Result<SqliteRows> rows =
      query(fmt::format("SELECT 1 FROM sqlite_master WHERE type='table' AND name='{}' AND "
                        "sql NOT LIKE 'CREATE VIRTUAL%'",
                        name));
  if (!rows) return tl::unexpected(rows.error());
  return rows->next();
}

Result<SqliteRows> SqliteFile::query(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) return failure(path_, database_.get(), code);
  return SqliteRows(path_, database_.get(), statement);
}

}  // namespace zbag
