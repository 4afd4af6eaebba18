// Text of SQL: where its statements end, and what a query is wrapped into to be shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "player/query/database.hpp"

namespace zbag {

// 'it''s': any text as a value in SQL.
std::string sql_text(std::string_view text);
// "a""b": any text as a name in SQL.
std::string sql_name(std::string_view name);

struct SqlStatements {
  std::vector<std::string> whole;  // without the semicolons
  std::string rest;                // what no semicolon ends; empty: nothing but blanks and comments
};
// Semicolons within texts, names and comments end nothing.
SqlStatements split_statements(std::string_view sql);

// What stands between blanks and comments, without its case.
std::vector<std::string> words_of(std::string_view sql);

// The texts that stand in single quotes.
std::vector<std::string> texts_of(std::string_view sql);

// EXECUTE name(1, 2): "name", as it is called, and "(1, 2)". nullopt: it is another statement.
struct Execution {
  std::string name;
  std::string arguments;
};
std::optional<Execution> execution_of(std::string_view sql);

enum class ShownAs { kTable, kCsv, kJson };
// The query whose rows are those of `sql` as texts, in the same order: `columns` are those of
// `sql`. Nested values are JSON; blobs base64, but in a table their sizes; where it is not for a
// table, texts and numbers are as they are, else cut behind some hundred characters.
std::string shown_query(std::string_view sql, const std::vector<ResultColumn>& columns,
                        ShownAs shown);

}  // namespace zbag
