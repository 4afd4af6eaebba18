// A database file of SQLite that somebody else has written, read: the only file of imports that
// includes sqlite3.h.
//
//   SqliteFile file = SqliteFile::open("run.db3", goes_on).value();
//   SqliteRows rows = file.query("SELECT id, name FROM topics").value();
//   while (*rows.next()) rows.integer(0), rows.text(1);
//
// Nothing is written, nor is a journal made beside it; one that lies there is not looked at. What a
// schema of a stranger might do is off: no functions, views or virtual tables of it are run. Not
// thread-safe. Errors name the file: kDamaged: it is no database, or not whole; kIo; kClosed: it is
// not to go on, which is asked while rows are looked for.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "schemas/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace zbag {

enum class SqliteType : std::uint8_t { kNull, kInteger, kReal, kText, kBlob };

class SqliteRows {
 public:
  // False: there is no more.
  Result<bool> next();

  // Of the row; columns count from 0. What is of another type is what SQLite makes of it: 0 of a
  // text that is no number, the digits of a number. Valid until next().
  SqliteType type(int column) const;  // to be asked before a value
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;
  std::span<const std::uint8_t> bytes(int column) const;

 private:
  friend class SqliteFile;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  SqliteRows(std::string path, sqlite3* database, sqlite3_stmt* statement)
      : path_(std::move(path)), database_(database), statement_(statement) {}

  std::string path_;
  sqlite3* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteFile {
 public:
  static Result<SqliteFile> open(const std::string& path, std::function<bool()> goes_on);

  // Whether it has such a table, which is no view and no virtual one.
  Result<bool> has_table(std::string_view name);
  // One statement of our own, over tables that are there. The rows must not outlive this.
  Result<SqliteRows> query(const std::string& sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  SqliteFile(std::string path, sqlite3* database) : path_(std::move(path)), database_(database) {}

  std::string path_;
  std::unique_ptr<std::function<bool()>> goes_on_;  // where the database asks it
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace zbag
