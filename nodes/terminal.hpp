// The terminal: what is said on it and how much of that, colours, keys.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nodes/fit_text.hpp"
#include "nodes/keys.hpp"

namespace zbag {

// How much is said (--log-level). Of the process, as stderr is: set once, before a verb runs.
enum class LogLevel : std::uint8_t { kError, kWarning, kInfo };
void set_log_level(LogLevel level);
bool is_said(LogLevel level);

// Text for people: all that a verb prints passes through here. What strangers have named can do
// nothing to the terminal: control bytes come out as \xNN. What can not be written (the terminal is
// gone, the pipe is closed) costs no more than the text, which of stdout main() tells.
void say_text(std::string_view text);    // on stderr
void print_text(std::string_view text);  // on stdout
// The same of what another program wrote for people, whose colours stay.
void print_coloured_text(std::string_view text);
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

// When what lines mean is told by colours, too (--color). Of the process. kAuto: on a terminal,
// unless the environment has NO_COLOR.
enum class ColourMode : std::uint8_t { kAuto, kAlways, kNever };
void set_colours(ColourMode mode);
bool is_coloured(int fd);
// As the file behind `fd` gets it.
std::string painted(const Line& line, int fd);
void print_line(const Line& line);       // on stdout
void say_line(const Line& line);         // on stderr, at level `info` alone
void say_line_always(const Line& line);  // on stderr, at every level

// Has the terminal read lines and show what is typed again, as before keys were read. For signal
// handlers, too.
void give_terminal_back();

// Reads single keys from the terminal while it lives and the process is in its foreground; does
// nothing when stdin is none. One in a process.
class KeyReader {
 public:
  KeyReader() { static_cast<void>(take_terminal()); }
  ~KeyReader() { give_terminal_back(); }
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;
  // The next key, of those that came together one after another; waits for one up to `timeout`.
  std::optional<Key> read(std::chrono::milliseconds timeout);

 private:
  static bool take_terminal();

  std::string pending_;
};

}  // namespace zbag
