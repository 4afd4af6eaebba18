// A database of DuckDB in memory that reads tables of ours.
//
//   Database database = Database::open({}).value();
//   database.add({.name = "numbers", .make = ...});
//   Statement statement = database.prepare("SELECT count(*) FROM numbers()").value();
//   statement.run([](std::span<const ResultCell> row) { ...; return Status(); });
//
// Nothing is downloaded and no file is read or written but those that Options allow. Errors: the
// first line of what DuckDB says, and where in the SQL; kUnsupported: this build or this machine
// has no DuckDB. Not thread-safe, but for interrupt(). The only room that includes duckdb.h.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "player/query/sql_table.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// What a call of a table function says; all empty where it takes nothing.
struct TableCall {
  std::vector<std::string> bags;
  std::string track;
  std::optional<Timestamp> since;
  std::optional<Timestamp> until;
};

// NAME(), or with `takes_track` NAME(BAG or [BAG, ...], TRACK, since := T, until := T).
struct TableFunction {
  std::string name;
  bool takes_track = false;
  // Called for every table that a statement names, by whatever thread.
  std::function<Result<std::unique_ptr<SqlTable>>(const TableCall&)> make;
};

// What a name stands for that no table has: a call of a table function, with these parameters.
struct NamedCall {
  std::string function;
  std::vector<std::string> parameters;
};

// What kind of thing a column of a result is, for who shows it.
enum class ResultKind : std::uint8_t { kText, kNumber, kBool, kBlob, kNested, kJson };
struct ResultColumn {
  std::string name;
  ResultKind kind = ResultKind::kText;
};
using ResultCell = std::optional<std::string_view>;  // nullopt: NULL

class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();

  const std::vector<ResultColumn>& columns() const;
  // Whether its rows are what it is for; others answer with what they did, or nothing.
  bool is_query() const;
  bool is_explain() const;  // a text of lines for people, in its last column
  // Rows as texts, one after another, as they are found; the first error of `take` ends it; an
  // empty one passes over them. kUnsupported: cells of other types than text, bools and the usual
  // numbers, which SQL has to cast.
  using TakeRow = std::function<Status(std::span<const ResultCell>)>;
  Status run(const TakeRow& take);
  // The same as MessagePack values, exactly as they are (result_items.hpp); an empty one is NULL.
  // Lent during the call. kInvalid: a column is of another type.
  using TakeItems = std::function<Status(std::span<const std::string_view>)>;
  Status run_items(const TakeItems& take);

 private:
  friend class Database;
  struct State;
  explicit Statement(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class Database {
 public:
  struct Options {
    std::size_t threads = 0;       // 0: as many as there are cores
    std::size_t memory_bytes = 0;  // that queries may take, before they write aside; 0: a half
    // What SQL may read and write; empty: nothing.
    std::string allowed_folder;  // and what is below it
    std::string allowed_file;
    bool allows_files = false;  // whatever file it names; and SQL may change settings
  };
  static Result<Database> open(const Options& options);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  Status add(TableFunction function);
  // Asked for every name of a table that is none; nullopt: it stands for nothing. By whatever
  // thread. Once.
  void set_lookup(std::function<std::optional<NamedCall>(const std::string& name)> lookup);
  // Called with each statement before it is prepared, but for those that it runs itself. Once.
  void set_before(std::function<void(const std::string& sql)> before);
  // What is said of a name that stands for nothing.
  void set_unknown_table(std::function<std::string(const std::string& name)> text);
  // One statement.
  Result<Statement> prepare(const std::string& sql);
  // Prepares and runs a statement of which nothing is wanted back.
  Status run(const std::string& sql);
  // Ends what runs, with kClosed. For any thread.
  void interrupt();

  static Result<std::string> library_version();

 private:
  struct State;
  explicit Database(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
