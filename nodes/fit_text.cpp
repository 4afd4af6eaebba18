#include "nodes/fit_text.hpp"

#include <algorithm>
#include <set>

namespace zbag {
namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }

// The bytes of the first `count` characters.
std::size_t bytes_of(const std::string& text, std::size_t count) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (begins_character(text[at]) && count-- == 0) break;
  }
  return at;
}

}  // namespace

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string fit(const std::string& text, std::size_t width) {
  const std::size_t columns = columns_of(text);
  if (columns <= width) return text + std::string(width - columns, ' ');
  return text.substr(0, bytes_of(text, width));
}

std::string shortened(const std::string& text, std::size_t width) {
  const std::size_t columns = columns_of(text);
  if (columns <= width || width < 3) return text.substr(0, bytes_of(text, width));
  const std::size_t head = (width - 1) / 2;
  const std::size_t tail = width - 1 - head;
  return text.substr(0, bytes_of(text, head)) + "\u2026" +
         text.substr(bytes_of(text, columns - tail));
}

std::vector<std::string> told_apart(const std::vector<std::string>& names, std::size_t width) {
  std::size_t widest = 0;
  for (const std::string& name : names) widest = std::max(widest, columns_of(name));
  const std::size_t different = std::set<std::string>(names.begin(), names.end()).size();
  std::vector<std::string> cut;
  for (std::size_t tried = std::min(width, widest); tried <= widest; ++tried) {
    cut.clear();
    for (const std::string& name : names) cut.push_back(shortened(name, tried));
    if (std::set<std::string>(cut.begin(), cut.end()).size() < different) continue;
    for (std::string& name : cut) name = fit(name, tried);
    break;
  }
  return cut;
}

}  // namespace zbag
