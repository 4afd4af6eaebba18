// Names of columns, and of tables, as DuckDB and SQLite can tell them apart: both ignore the case
// of ASCII letters.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

namespace zbag {

// The name with the case taken out that they ignore.
std::string without_case(std::string_view name);

class ColumnNames {
 public:
  // `name`, or where one of its letters is taken already, with `_2`, `_3`... behind it. What
  // can be no name (bytes that are no UTF-8, NUL, none at all) is written in other letters.
  std::string add(std::string_view name);

 private:
  std::unordered_set<std::string> used_;
};

}  // namespace zbag
