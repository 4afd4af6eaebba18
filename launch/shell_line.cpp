#include "launch/shell_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zbag {
namespace {

constexpr std::string_view kBlanks = " \t\n";

bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// What means nothing to a shell, wherever it stands; bytes of UTF-8 do not either.
bool is_plain(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_letter || is_one_of(c, "_@%+=:,./-") || static_cast<unsigned char>(c) >= 0x80;
}

class LineReader {
 public:
  LineReader(std::string_view line, const ShellVariable& variable, std::string_view breaks)
      : line_(line), variable_(variable), breaks_(breaks) {}

  ShellLine read() {
    while (at_ < line_.size()) {
      if (!take_variable()) take_letter(line_[at_++]);
    }
    out_.ends_in_word = is_in_word_;
    if (is_in_word_) out_.words.push_back(std::move(word_));
    if (out_.open == '\0') out_.open = quote_;
    if (quote_ == '\0') out_.kept = behind_break_;
    return std::move(out_);
  }

 private:
  void add(char c) {
    word_ += c;
    is_in_word_ = true;
  }

  void end_word() {
    if (std::exchange(is_in_word_, false)) out_.words.push_back(std::exchange(word_, {}));
    behind_break_ = 0;
  }

  bool take_variable() {
    if (!variable_ || quote_ == '\'' || !line_.substr(at_).starts_with("${")) return false;
    const std::size_t end = line_.find('}', at_);
    if (end == std::string_view::npos) {
      out_.open = '{';
      at_ = line_.size();
      return true;
    }
    const std::string value = variable_(line_.substr(at_ + 2, end - at_ - 2));
    at_ = end + 1;
    for (const char c : value) {
      if (quote_ == '\0' && is_one_of(c, kBlanks)) {
        end_word();
      } else {
        add(c);
      }
    }
    return true;
  }

  void take_letter(char c) {
    if (quote_ != '\0' && c == quote_) {
      quote_ = '\0';
    } else if (c == '\\' && quote_ != '\'') {
      take_escaped();
    } else if (quote_ != '\0') {
      add(c);
    } else if (c == '\'' || c == '"') {
      quote_ = c;
      is_in_word_ = true;
      out_.kept = word_.size();
    } else if (is_one_of(c, kBlanks)) {
      end_word();
    } else {
      add(c);
      if (is_one_of(c, breaks_)) behind_break_ = word_.size();
    }
  }

  void take_escaped() {
    is_in_word_ = true;
    if (at_ == line_.size()) return;  // the letter has not been typed yet
    const char c = line_[at_++];
    if (c == '\n') return;  // the line goes on
    if (quote_ == '"' && !is_one_of(c, "\"\\$`")) add('\\');
    add(c);
  }

  std::string_view line_;
  const ShellVariable& variable_;
  std::string_view breaks_;
  std::size_t at_ = 0;
  char quote_ = '\0';
  std::string word_;
  bool is_in_word_ = false;
  std::size_t behind_break_ = 0;
  ShellLine out_;
};

}  // namespace

ShellLine read_shell_line(std::string_view line, const ShellVariable& variable,
                          std::string_view breaks) {
  return LineReader(line, variable, breaks).read();
}

std::string shell_quoted(const std::string& word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  return fmt::format("'{}'", shell_escaped(word, '\'').value_or(""));
}

std::optional<std::string> shell_escaped(const std::string& word, char open) {
  std::string out;
  for (const char c : word) {
    if (open == '\'') {
      out += c == '\'' ? std::string("'\\''") : std::string(1, c);
      continue;
    }
    if (open == '"' && c == '!') return std::nullopt;
    const bool has_meaning = open == '"' ? is_one_of(c, "\"\\$`") : !is_plain(c);
    if (has_meaning) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace zbag
