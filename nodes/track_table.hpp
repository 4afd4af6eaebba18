// A table of tracks as people read it: names to the left, numbers to the right of them.
//
//   TrackTable table({{"points", 3}, {"lost", 9}});
//   table.add("robot/imu", {{"1,000", 1000}, {"2", 2, Tone::kBad}});
//   table.sort(1, true);
//   for (const Line& line : table.lines(80)) print_line(line);
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nodes/fit_text.hpp"

namespace zbag {

struct TrackColumn {
  std::string title;
  int worth;  // where a terminal is too narrow, the columns of the least worth are left out
};

struct TrackCell {
  std::string text;
  double order;  // what rows are sorted by
  Tone tone = Tone::kPlain;
};

// 1234 -> "1,234"; `tone` is that of more than none.
TrackCell count_cell(std::uint64_t count, Tone tone = Tone::kPlain);

class TrackTable {
 public:
  // What stands behind the numbers of a row, in so many columns.
  using Tail = std::function<std::string(std::size_t columns)>;

  explicit TrackTable(std::vector<TrackColumn> columns, std::string tail_title = "");
  // One cell a column. A name that breaks the rules of names is shown as printable() has it.
  void add(const std::string& name, std::vector<TrackCell> cells, Tail tail = {});

  std::size_t size() const { return rows_.size(); }
  const std::vector<TrackColumn>& columns() const { return columns_; }
  // By name (nullopt) or by a column, whose greatest come first; equal ones by name.
  void sort(std::optional<std::size_t> column, bool is_reversed);

  // Indices of the columns for which there is room.
  std::vector<std::size_t> shown_columns(std::size_t width) const;
  // The titles, then each row: no line wider than `width`, no two different names alike. Nothing is
  // cut without a width.
  std::vector<Line> lines(std::optional<std::size_t> width) const;

 private:
  struct Row {
    std::string name;
    std::vector<TrackCell> cells;
    Tail tail;
  };
  struct Layout;
  Layout layout(std::optional<std::size_t> width) const;
  std::size_t widest_cell(std::size_t column) const;

  std::vector<TrackColumn> columns_;
  std::string tail_title_;
  std::vector<Row> rows_;
};

}  // namespace zbag
