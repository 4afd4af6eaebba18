// A database file of SQLite, written once and by nobody else: the only room that includes
// sqlite3.h.
//
//   Database database = Database::create("run.db").value();
//   database.run("CREATE TABLE " + identifier(name) + "(x REAL)");
//   Insert insert = database.insert_into(name, 1).value();
//   insert.bind(1, 0.5);
//   insert.step();
//   database.close();
//
// Names of others go through identifier(), values through bind(): nothing of them is ever SQL. It
// is written without a journal, since it is a file of its own that is thrown away when it fails.
// Not thread-safe. Errors: kDiskFull, kIo, kUnsupported (more than SQLite can hold).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "schemas/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace zbag::sqlite {

// A name as SQL takes it. REQUIRES: it has no NUL.
std::string identifier(std::string_view name);

// The columns that a table can have at most.
inline constexpr std::size_t kColumnsMax = 2'000;

// Adds rows. Columns count from 1 and are NULL where nothing was bound since the last step().
class Insert {
 public:
  // Values are copied.
  void bind(int column, std::int64_t value);
  void bind(int column, double value);                // NaN is NULL, as SQLite knows none
  void bind_text(int column, std::string_view text);  // UTF-8
  void bind_blob(int column, std::string_view bytes);
  Status step();

 private:
  friend class Database;
  Insert(sqlite3* database, sqlite3_stmt* statement);
  void note(int code);

  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int failure_ = 0;  // of the first bind that went wrong
};

class Database {
 public:
  // `path` is an empty file, or none.
  static Result<Database> create(const std::string& path);

  // One statement of our own that gives no rows.
  Status run(const std::string& sql);
  Result<Insert> insert_into(std::string_view table, std::size_t columns);
  // All is in the file. REQUIRES: there is no Insert of it any more.
  Status close();

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace zbag::sqlite
