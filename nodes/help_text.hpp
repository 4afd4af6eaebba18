// The layout of help: names on the left, what they mean on the right, lines of a given width.
//
// Lines break between words alone; a word that is wider than its room stands on a line of its own.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace zbag {

struct HelpEntry {
  std::string name;
  std::string text;
};

struct HelpSection {
  std::string title;
  std::vector<HelpEntry> entries;
};

struct HelpPage {
  std::string purpose;
  std::string usage;                  // "zbag cat BAG [OPTIONS]"
  std::vector<HelpSection> sections;  // those without entries are left out
  std::string example;
};

std::string help_text(const HelpPage& page, std::size_t columns);

// The lines of `text` when none may be wider than `columns`.
std::vector<std::string> wrapped(const std::string& text, std::size_t columns);

}  // namespace zbag
