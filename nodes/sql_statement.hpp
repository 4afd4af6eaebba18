// Statements of SQL as they are run for somebody to see: their rows as texts of a table, of CSV or
// of JSON lines.
#pragma once

#include <string>
#include <vector>

#include "nodes/text_output.hpp"
#include "player/query/database.hpp"
#include "player/query/sql_text.hpp"

namespace zbag {

// Runs `sql` and writes what it gives to `out`. Blocks until it is done. Errors as
// Database::prepare() and those of `out`; kUnsupported also: what DuckDB would print itself.
Status run_statement(Database& database, const std::string& sql, ShownAs shown, TextOutput& out);

// Runs `COPY (sql) TO target`; errors are those of `sql` alone where it is wrong.
Status copy_rows(Database& database, const std::string& sql, const std::string& target);

// Whether `sql`, one of `all` that are run in their order, gives rows: what needs those before it
// is told by its words.
bool gives_rows(Database& database, const std::string& sql, const std::vector<std::string>& all);

}  // namespace zbag
