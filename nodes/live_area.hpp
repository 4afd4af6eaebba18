// The last lines of the terminal behind stderr, which are redrawn in place while what is said goes
// above them.
//
// There is one in a process, as there is one terminal. Thread-safe; blocks as long as the terminal
// takes nothing. Where stderr is no terminal, or one that knows no sequences (TERM=dumb), nothing
// is drawn and text is just written.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace zbag::live_area {

// Ready for the terminal: harmless, with its colours; narrower than the terminal, for one that
// begins a line behind its last column.
struct DrawnLine {
  std::string bytes;
  std::size_t columns;
};

bool can_draw();
// In place of what was drawn before. The cursor stays behind the last line: nothing scrolls by it.
void draw(std::vector<DrawnLine> lines);
void erase();

// Writes `text`, whole lines, to `file`: above what is drawn where that is the terminal.
void write_above(std::FILE* file, std::string_view text);

}  // namespace zbag::live_area
