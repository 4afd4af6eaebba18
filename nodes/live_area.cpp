#include "nodes/live_area.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "nodes/terminal_size.hpp"
#include "schemas/mutex.hpp"

namespace zbag::live_area {
namespace {

Mutex mutex;
std::vector<DrawnLine> drawn ZBAG_GUARDED_BY(mutex);

// Rows that lines take now: where the terminal has become narrower, it has broken them.
std::size_t rows_of(const std::vector<DrawnLine>& lines) {
  const std::size_t columns = size_of_terminal(STDERR_FILENO).value_or(TerminalSize{}).columns;
  std::size_t rows = 0;
  for (const DrawnLine& line : lines)
    rows += std::max<std::size_t>(1, (line.columns + columns - 1) / columns);
  return rows;
}

// To the beginning of the first of so many rows, from the last one.
std::string climb(std::size_t rows) {
  return rows > 1 ? fmt::format("\r\x1b[{}A", rows - 1) : "\r";
}

std::string erased(const std::vector<DrawnLine>& lines) {
  if (lines.empty()) return {};
  const std::size_t rows = rows_of(lines);
  return climb(rows) + (rows > 1 ? "\x1b[J" : "\x1b[K");
}

std::string text_of(const std::vector<DrawnLine>& lines) {
  std::string text;
  for (const DrawnLine& line : lines) {
    text += text.empty() ? "\r" : "\n";
    text += line.bytes + "\x1b[K";
  }
  return text;
}

// Unbuffered, in one call of the system.
void put(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace

bool can_draw() { return knows_sequences(STDERR_FILENO); }

void draw(std::vector<DrawnLine> lines) {
  if (!can_draw()) return;
  const MutexLock lock(mutex);
  const std::size_t rows = rows_of(drawn);
  std::string text = climb(rows) + text_of(lines);
  if (rows > lines.size()) text += "\x1b[J";
  drawn = std::move(lines);
  put(text);
}

void erase() {
  const MutexLock lock(mutex);
  put(erased(std::exchange(drawn, {})));
}

void write_above(std::FILE* file, std::string_view text) {
  const MutexLock lock(mutex);
  const bool is_above = !drawn.empty() && is_terminal(::fileno(file));
  if (is_above) put(erased(drawn));
  std::fwrite(text.data(), 1, text.size(), file);
  if (!is_above) return;
  std::fflush(file);
  put(text_of(drawn));
}

}  // namespace zbag::live_area
