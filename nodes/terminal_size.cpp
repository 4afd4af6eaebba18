#include "nodes/terminal_size.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace zbag {

bool is_terminal(int fd) { return ::isatty(fd) == 1; }

bool knows_sequences(int fd) {
  const char* const kind = std::getenv("TERM");
  return is_terminal(fd) && (kind == nullptr || std::string_view(kind) != "dumb");
}

std::optional<TerminalSize> size_of_terminal(int fd) {
  winsize given{};
  if (!is_terminal(fd)) return std::nullopt;
  TerminalSize size;
  if (::ioctl(fd, TIOCGWINSZ, &given) != 0) return size;
  if (given.ws_row >= 2) size.rows = given.ws_row;
  if (given.ws_col >= 2) size.columns = given.ws_col;
  return size;
}

}  // namespace zbag
