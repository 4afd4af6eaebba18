// Rows of a query as a table for people, as CSV (RFC 4180) or as a JSON object a line.
//
// A table's columns are as wide as its first rows need, cells are cut behind sixty columns, and
// nothing of a cell reaches the terminal raw. In CSV and JSON all of a value is there; NULL is
// nothing, or null. Not thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "player/query/database.hpp"
#include "player/query/sql_text.hpp"
#include "schemas/result.hpp"

namespace zbag {

class RowPrinter {
 public:
  virtual ~RowPrinter() = default;
  virtual Status begin(const std::vector<ResultColumn>& columns) = 0;
  virtual Status add(std::span<const ResultCell> row) = 0;
  virtual Status end() = 0;
};

// Gives whole lines to `write`, some thousand bytes at a time. `terminal_columns`: of a terminal,
// where a table has forty rows and as many columns as fit, and says what it leaves out.
std::unique_ptr<RowPrinter> make_row_printer(
    ShownAs shown, std::function<Status(std::string_view)> write,
    std::optional<std::size_t> terminal_columns = std::nullopt);

}  // namespace zbag
