#include "nodes/fit_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <clocale>
#include <cwchar>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace zbag {
namespace {

// UTF-8 for the calls of the C library while it lives, whatever the user's language.
class Utf8 {
 public:
  Utf8() : before_(::uselocale(locale())) {}
  ~Utf8() { ::uselocale(before_); }
  Utf8(const Utf8&) = delete;
  Utf8& operator=(const Utf8&) = delete;

 private:
  static locale_t locale() {
    static const locale_t kUtf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    return kUtf8;
  }
  locale_t before_;
};

struct Character {
  std::size_t bytes;
  std::size_t columns;
};

// The first character of `text`, which is not empty.
Character first_of(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) return {1, 1};
  std::mbstate_t state{};
  wchar_t wide = 0;
  const std::size_t bytes = std::mbrtowc(&wide, text.data(), text.size(), &state);
  if (bytes == 0 || bytes > text.size()) return {1, 1};
  const int columns = ::wcwidth(wide);
  return {bytes, columns < 0 ? 1 : static_cast<std::size_t>(columns)};
}

// The bytes at the beginning of `text` that fit into `width` columns.
std::size_t head_bytes(std::string_view text, std::size_t width) {
  const Utf8 utf8;
  std::size_t at = 0;
  while (at < text.size()) {
    const Character next = first_of(text.substr(at));
    if (next.columns > width) break;
    width -= next.columns;
    at += next.bytes;
  }
  return at;
}

// Where the longest end of `text` begins that fits into `width` columns.
std::size_t tail_begin(std::string_view text, std::size_t width) {
  std::size_t left = columns_of(text);
  const Utf8 utf8;
  std::size_t at = 0;
  while (at < text.size() && left > width) {
    const Character next = first_of(text.substr(at));
    left -= next.columns;
    at += next.bytes;
  }
  return at;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  const Utf8 utf8;
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character next = first_of(text);
    columns += next.columns;
    text.remove_prefix(next.bytes);
  }
  return columns;
}

std::size_t columns_of(const Line& line) {
  std::size_t columns = 0;
  for (const Piece& piece : line) columns += columns_of(piece.text);
  return columns;
}

std::string fit(std::string_view text, std::size_t width) {
  std::string head(text.substr(0, head_bytes(text, width)));
  return head + std::string(width - columns_of(head), ' ');
}

std::string right_aligned(std::string_view text, std::size_t width) {
  const std::size_t columns = columns_of(text);
  return std::string(width > columns ? width - columns : 0, ' ') + std::string(text);
}

Line cut(Line line, std::size_t width) {
  for (Piece& piece : line) {
    piece.text.resize(head_bytes(piece.text, width));
    width -= columns_of(piece.text);
  }
  return line;
}

std::vector<Line> wrapped(const Line& line, std::size_t width, std::size_t indent) {
  std::vector<Line> lines(1);
  std::size_t used = 0;
  std::size_t blanks = 0;  // before the word
  Line word;               // of one piece or several
  const auto put_word = [&] {
    const std::size_t columns = columns_of(word);
    if (used > indent && blanks > 0 && used + blanks + columns > width) {
      lines.emplace_back();
      used = 0;
      blanks = indent;
    }
    lines.back().push_back({std::string(blanks, ' ')});
    std::move(word.begin(), word.end(), std::back_inserter(lines.back()));
    used += blanks + columns;
    blanks = 0;
    word.clear();
  };
  for (const Piece& piece : line) {
    std::string_view rest = piece.text;
    while (!rest.empty()) {
      const std::size_t blank = std::min(rest.find(' '), rest.size());
      if (blank > 0) word.push_back({std::string(rest.substr(0, blank)), piece.tone});
      rest.remove_prefix(blank);
      if (rest.empty()) continue;
      if (!word.empty()) put_word();
      ++blanks;
      rest.remove_prefix(1);
    }
  }
  if (!word.empty()) put_word();
  return lines;
}

std::string shortened(std::string_view text, std::size_t width) {
  if (columns_of(text) <= width) return std::string(text);
  if (width < 3) return std::string(text.substr(0, head_bytes(text, width)));
  const std::size_t head = (width - 1) / 2;
  return std::string(text.substr(0, head_bytes(text, head))) + "\u2026" +
         std::string(text.substr(tail_begin(text, width - 1 - head)));
}

bool are_told_apart(const std::vector<std::string>& names, std::size_t width) {
  std::set<std::string> cut;
  for (const std::string& name : names) cut.insert(shortened(name, width));
  return cut.size() == std::set<std::string>(names.begin(), names.end()).size();
}

std::vector<std::string> told_apart(const std::vector<std::string>& names, std::size_t width) {
  std::size_t widest = 0;
  for (const std::string& name : names) widest = std::max(widest, columns_of(name));
  width = std::min(width, widest);
  std::set<std::string> seen;                // of what is shown
  std::map<std::string, std::string> shown;  // by name
  std::map<std::string, int> marks;          // the last one, by what looks alike
  for (const std::string& name : names) {
    if (shown.contains(name)) continue;
    const std::string alike = shortened(name, width);
    std::string text = alike;
    while (!seen.insert(text).second) {
      const std::string mark = fmt::format("~{}", ++marks.try_emplace(alike, 1).first->second);
      text = shortened(name, width - std::min(width, mark.size())) + mark;
    }
    shown.emplace(name, fit(text, width));
  }
  std::vector<std::string> cut;
  cut.reserve(names.size());
  for (const std::string& name : names) cut.push_back(shown.at(name));
  return cut;
}

}  // namespace zbag
