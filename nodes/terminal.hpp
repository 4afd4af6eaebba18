// The terminal: what is said on it, progress bars, live screens and lines, keys.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/fit_text.hpp"
#include "nodes/keys.hpp"

namespace zbag {

bool is_terminal(int fd);
// Columns of the terminal behind `fd`; nullopt where there is none.
std::optional<std::size_t> terminal_columns(int fd);

// How much is said (--log-level). Of the process, as stderr is: set once, before a verb runs.
enum class LogLevel : std::uint8_t { kError, kWarning, kInfo };
void set_log_level(LogLevel level);
bool is_said(LogLevel level);

// Text for people: all that a verb prints passes through here. What strangers have named can do
// nothing to the terminal: control bytes come out as \xNN. What can not be written (the terminal is
// gone, the pipe is closed) costs no more than the text, which of stdout main() tells.
void say_text(std::string_view text);    // on stderr
void print_text(std::string_view text);  // on stdout
template <class... Values>
void print(fmt::format_string<Values...> format, Values&&... values) {
  print_text(fmt::format(format, std::forward<Values>(values)...));
}
// At every level: errors, what was asked for, and the `ready` line, which those wait for who
// started the node.
template <class... Values>
void say_always(fmt::format_string<Values...> format, Values&&... values) {
  say_text(fmt::format(format, std::forward<Values>(values)...));
}
// Summaries and notices: at level `info` alone.
template <class... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
  if (is_said(LogLevel::kInfo)) say_always(format, std::forward<Values>(values)...);
}

// A bar on stderr when that is a terminal, silent otherwise and below level `info`. Redraws ten
// times a second at most.
class ProgressBar {
 public:
  ProgressBar(std::string label, bool quiet);
  ~ProgressBar();  // clears the line
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void show(double share);  // 0 to 1
  void clear();             // so that a line can be said

 private:
  std::string label_;
  bool enabled_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

// A block of lines on stderr that is redrawn in place on a terminal, appended otherwise.
class LiveScreen {
 public:
  void draw(const std::vector<std::string>& lines);

 private:
  std::size_t drawn_ = 0;
};

// One line on stderr, redrawn in place ten times a second at most and cut to the terminal's width;
// nothing anywhere else and below level `info`.
class StatusLine {
 public:
  explicit StatusLine(bool quiet)
      : enabled_(!quiet && is_said(LogLevel::kInfo) && is_terminal(2)) {}
  ~StatusLine() { clear(); }
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;
  void show(const std::string& text);
  void clear();  // so that a line can be said

 private:
  bool enabled_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

// Reads single keys from the terminal while it lives; does nothing when stdin is none.
class KeyReader {
 public:
  KeyReader();
  ~KeyReader();
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;
  // The next key, of those that came together one after another; waits for one up to `timeout`.
  std::optional<Key> read(std::chrono::milliseconds timeout);

 private:
  struct Saved;
  Saved* saved_;
  std::string pending_;
};

}  // namespace zbag
