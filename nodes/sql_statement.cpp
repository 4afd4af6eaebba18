#include "nodes/sql_statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "nodes/row_printer.hpp"
#include "nodes/terminal.hpp"
#include "player/columns/column_names.hpp"
#include "player/query/bag_database.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kShownName = "\"zbag shown\"";  // of what is prepared around another

// An object of JSON has a name once.
std::vector<ResultColumn> with_names_once(std::vector<ResultColumn> columns) {
  std::set<std::string> used;
  for (const ResultColumn& column : columns) used.insert(column.name);
  std::set<std::string> given;
  for (ResultColumn& column : columns) {
    if (given.insert(column.name).second) continue;
    std::string other = column.name;
    for (int i = 2; !used.insert(other).second; ++i) other = fmt::format("{}_{}", column.name, i);
    column.name = std::move(other);
  }
  return columns;
}

// A plan is a drawing of many lines.
Status show_plan(Statement& plan, TextOutput& out) {
  return plan.run([&](std::span<const ResultCell> row) {
    return out.write(harmless(row.back().value_or("")) + '\n');
  });
}

// EXECUTE is no part of another statement: that is prepared around what it runs, and executed with
// the same arguments. `around` makes one text of the other.
Result<std::string> executed_within(Database& database, const Execution& execution,
                                    const std::function<std::string(const std::string&)>& around) {
  Result<Statement> asked = database.prepare(
      "SELECT statement FROM duckdb_prepared_statements() WHERE lower(name) = lower(" +
      sql_text(execution.name) + ")");
  if (!asked) return tl::unexpected(asked.error());
  std::string text;
  Status found = asked->run([&](std::span<const ResultCell> row) {
    text = row[0].value_or("");
    return Status();
  });
  if (found) found = database.run(fmt::format("PREPARE {} AS {}", kShownName, around(text)));
  if (!found) return tl::unexpected(found.error());
  return fmt::format("EXECUTE {}{}", kShownName, execution.arguments);
}

// What gives the rows of `sql` as texts.
Result<Statement> prepare_texts(Database& database, const std::string& sql,
                                const std::vector<ResultColumn>& columns, ShownAs shown) {
  const auto around = [&](const std::string& text) { return shown_query(text, columns, shown); };
  const std::optional<Execution> execution = execution_of(sql);
  const Result<std::string> texts =
      execution ? executed_within(database, *execution, around) : around(sql);
  if (!texts) return tl::unexpected(texts.error());
  return database.prepare(*texts);
}

constexpr std::string_view kFirstWords[] = {"select", "from", "with", "values", "table", "("};

bool begins_query(std::string_view word) {
  return std::any_of(std::begin(kFirstWords), std::end(kFirstWords),
                     [&](std::string_view first) { return word.starts_with(first); });
}

// Whether the last of `all` that prepares `name` prepares what gives rows.
bool prepares_rows(const std::vector<std::string>& all, const std::string& name) {
  bool gives = false;
  for (const std::string& sql : all) {
    const std::vector<std::string> words = words_of(sql);
    const auto as = std::find(words.begin(), words.end(), "as");
    const bool is_its = words.size() > 3 && words[0] == "prepare" && words.end() - as > 1 &&
                        execution_of("execute " + words[1])->name == name;
    if (is_its) gives = begins_query(*(as + 1));
  }
  return gives;
}

}  // namespace

// A statement that gives rows is run within another that makes texts of them; one of which DuckDB
// makes no part of another (EXPLAIN, PRAGMA) gives simple ones as it is.
Status run_statement(Database& database, const std::string& asked, ShownAs shown, TextOutput& out) {
  const std::vector<std::string> words = words_of(asked);
  const bool asks_for_tables = words == std::vector<std::string>{"show", "tables"};
  // DuckDB would print the profiles itself.
  if (words.size() > 1 && words[0] == "pragma" && words[1].starts_with("enable_profil"))
    return fail(ErrorCode::kUnsupported, "EXPLAIN ANALYZE says what a statement costs");
  const std::string& sql = asks_for_tables ? BagDatabase::tables_query() : asked;
  Result<Statement> statement = database.prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  if (shown == ShownAs::kTable) out.begin_table();
  if (shown == ShownAs::kTable && statement->is_explain()) return show_plan(*statement, out);
  std::vector<ResultColumn> columns = statement->columns();
  Result<Statement> as_texts = prepare_texts(database, sql, columns, shown);
  const bool has_rows = as_texts || statement->is_query();
  if (shown == ShownAs::kJson) columns = with_names_once(std::move(columns));
  if (as_texts) statement = std::move(as_texts);
  const auto printer = make_row_printer(
      shown, [&out](std::string_view text) { return out.write(text); }, out.terminal_columns());
  if (has_rows) {
    if (Status begun = printer->begin(columns); !begun) return begun;
  }
  const Statement::TakeRow take = [&](std::span<const ResultCell> row) {
    return printer->add(row);
  };
  Status ran = statement->run(has_rows ? take : nullptr);
  return ran && has_rows ? printer->end() : ran;
}

Status copy_rows(Database& database, const std::string& sql, const std::string& target) {
  // Where it is wrong is told by the statement alone.
  if (const auto alone = database.prepare(sql); !alone) return tl::unexpected(alone.error());
  const auto around = [&](const std::string& text) {
    return fmt::format("COPY (\n{}\n) TO {}", text, target);
  };
  const std::optional<Execution> execution = execution_of(sql);
  const Result<std::string> copy =
      execution ? executed_within(database, *execution, around) : around(sql);
  return copy ? database.run(*copy) : tl::unexpected(copy.error());
}

bool gives_rows(Database& database, const std::string& sql, const std::vector<std::string>& all) {
  if (const auto statement = database.prepare(sql)) return statement->is_query();
  if (const auto execution = execution_of(sql))
    return prepares_rows(all, without_case(execution->name));
  const std::vector<std::string> words = words_of(sql);
  return begins_query(words.front()) ||
         std::find(words.begin(), words.end(), "returning") != words.end();
}

}  // namespace zbag
