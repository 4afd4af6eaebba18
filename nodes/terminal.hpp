// The terminal: what is said on it, progress bars, live screens, keys.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zbag {

bool is_terminal(int fd);

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

// Reads single keys from the terminal while it lives; does nothing when stdin is none.
class KeyReader {
 public:
  enum class Key { kSpace, kRight, kLeft, kUp, kDown, kPageUp, kPageDown };
  KeyReader();
  ~KeyReader();
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;
  std::optional<Key> read(std::chrono::milliseconds timeout);

 private:
  struct Saved;
  Saved* saved_;
};

// `text` cut or padded to `width` columns (UTF-8 aware enough for names: counts code points).
std::string fit(std::string text, std::size_t width);

}  // namespace zbag
