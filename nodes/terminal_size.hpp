// What the terminal behind a file handle is able to show.
#pragma once

#include <cstddef>
#include <optional>

namespace zbag {

bool is_terminal(int fd);
// Neither a file nor a terminal that shows sequences as text (TERM=dumb).
bool knows_sequences(int fd);

struct TerminalSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
  bool operator==(const TerminalSize&) const = default;
};
// A terminal that does not say has the size of a new one; nullopt where there is none.
std::optional<TerminalSize> size_of_terminal(int fd);

}  // namespace zbag
