// What is redrawn in place on a terminal while a verb works: bars, a line, a table. What is said
// meanwhile goes above it. Below level `info` there is none of them, nor where stderr is no
// terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "nodes/fit_text.hpp"
#include "nodes/keys.hpp"
#include "nodes/terminal_size.hpp"
#include "nodes/track_table.hpp"

namespace zbag {

// One line, redrawn ten times a second at most and cut to the terminal's width.
class StatusLine {
 public:
  explicit StatusLine(bool quiet);
  ~StatusLine();  // erases it
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  // Behind the line the first of `hints` that fits whole.
  void show(const Line& line, const std::vector<std::string>& hints = {});
  // Whether show() would draw now: to be asked where making the line costs more.
  bool is_due() const;
  void clear();

 private:
  bool is_enabled_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point drawn_at_;
};

class ProgressBar {
 public:
  ProgressBar(std::string label, bool quiet) : label_(std::move(label)), line_(quiet) {}
  void show(double share);  // 0 to 1
  void clear() { line_.clear(); }

 private:
  std::string label_;
  StatusLine line_;
};

// A table of tracks with lines above it, as much of it as the terminal has rows for: scrolled by ↑
// ↓ PgUp PgDn Home End, sorted by s (the next column there is room for) and r (the other way
// round). Anywhere else than on a terminal, and whatever the level, each draw appends the whole of
// it.
class LiveTable {
 public:
  LiveTable() = default;
  ~LiveTable() { erase(); }
  LiveTable(const LiveTable&) = delete;
  LiveTable& operator=(const LiveTable&) = delete;
  // `keys` is what keys do beside those of a table, for its last line: "q ends".
  void draw(std::vector<Line> head, TrackTable table, std::string keys);
  // Draws it again as the key has it; what means nothing to a table does nothing.
  void on_key(Key key);
  // Draws it again where the terminal has another size by now.
  void follow_size();
  void erase();

 private:
  void draw_in_place();
  void sort_by_next();
  Line foot(std::size_t shown) const;

  std::vector<Line> head_;
  TrackTable table_{{}};
  std::string keys_;
  std::optional<std::size_t> sorted_by_;  // a column; nullopt: the name
  bool is_reversed_ = false;
  std::size_t first_ = 0;  // of the rows, that is shown
  std::size_t page_ = 1;   // rows shown at most
  bool is_drawn_ = false;
  TerminalSize size_;  // it was drawn for
};

}  // namespace zbag
