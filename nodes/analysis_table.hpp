// Rows of numbers, and a text behind them where there is one, as a table that fits a terminal.
//
//   AnalysisTable table({{"count", 12}, {"group", 12, true}}, 80);
//   table.add({"7", "idle"}, out);
//   table.end(out);
//
// Without a terminal every row is written as it comes, and nothing is cut. On one the first rows
// tell how wide columns are: numbers that have no room are left out from the last on, which is said
// at the end; texts are cut in their middle, no two different ones alike.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace zbag {

class AnalysisTable {
 public:
  struct Column {
    std::string title;
    std::size_t width = 0;  // usual
    bool is_text = false;   // REQUIRES: the last alone may be one
  };
  // `terminal`: its columns; nullopt: there is none.
  AnalysisTable(std::vector<Column> columns, std::optional<std::size_t> terminal);

  // Both append to `out` what is ready. REQUIRES: a cell a column.
  void add(std::vector<std::string> cells, std::string& out);
  void end(std::string& out);

 private:
  using Row = std::vector<std::string>;
  void lay_out();
  void cut_texts(std::size_t room);
  void flush(std::string& out);
  void put(const Row& cells, std::string& out) const;

  std::vector<Column> columns_;
  std::optional<std::size_t> terminal_;
  std::vector<Row> held_;           // the titles first, until they are laid out
  std::vector<std::size_t> shown_;  // indices of columns
  bool is_laid_out_ = false;
};

}  // namespace zbag
