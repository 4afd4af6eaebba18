#include "nodes/help_text.hpp"

#include <algorithm>
#include <utility>

#include "nodes/fit_text.hpp"

namespace zbag {
namespace {

constexpr std::size_t kMargin = 2;
constexpr std::size_t kNameColumnsMax = 26;  // a longer name has its line for itself

// Where the texts of a page begin: behind the longest name that is not too long.
std::size_t text_column(const HelpPage& page) {
  std::size_t widest = 0;
  for (const HelpSection& section : page.sections) {
    for (const HelpEntry& entry : section.entries) {
      const std::size_t columns = columns_of(entry.name);
      if (columns <= kNameColumnsMax) widest = std::max(widest, columns);
    }
  }
  return kMargin + widest + kMargin;
}

// `text` behind `head`, its further lines below the first.
std::string beside(const std::string& head, const std::string& text, std::size_t text_at,
                   std::size_t columns) {
  const std::size_t at = columns_of(head);
  const bool has_room = at == text_at || at + kMargin <= text_at;
  const std::vector<std::string> lines = wrapped(text, columns - text_at);
  std::string out = head;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += i == 0 && has_room ? std::string(text_at - at, ' ') : '\n' + std::string(text_at, ' ');
    out += lines[i];
  }
  return out + '\n';
}

}  // namespace

std::vector<std::string> wrapped(const std::string& text, std::size_t columns) {
  std::vector<std::string> lines;
  for (const Line& line : wrapped(Line{{text}}, columns, 0)) {
    std::string joined;
    for (const Piece& piece : line) joined += piece.text;
    if (!joined.empty()) lines.push_back(std::move(joined));
  }
  return lines;
}

std::string help_text(const HelpPage& page, std::size_t columns) {
  std::string out = beside("", page.purpose, 0, columns) + '\n';
  const std::string usage = "Usage: ";
  out += beside(usage, page.usage, usage.size(), columns);
  const std::size_t text_at = text_column(page);
  for (const HelpSection& section : page.sections) {
    if (section.entries.empty()) continue;
    out += '\n' + section.title + ":\n";
    for (const HelpEntry& entry : section.entries)
      out += beside(std::string(kMargin, ' ') + entry.name, entry.text, text_at, columns);
  }
  if (!page.example.empty()) out += "\nExample:\n  " + page.example + '\n';
  return out;
}

}  // namespace zbag
