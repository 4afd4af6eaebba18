// A line of words as a shell reads it: blanks part words, 'this is one', "this too", \ takes the
// meaning off the next letter. Nothing is run; of what a shell puts in, ${name} is known alone.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zbag {

struct ShellLine {
  std::vector<std::string> words;
  // The line ended within the last word, not behind a blank.
  bool ends_in_word = false;
  // What was not closed: ' or ", { of ${; 0: nothing.
  char open = '\0';
  // Bytes of the last word in front of the open quote, or else behind the last of `breaks` that was
  // not quoted: where a line editor takes the word to begin.
  std::size_t kept = 0;
};

// Gives the value of a variable. What it throws passes through.
using ShellVariable = std::function<std::string(std::string_view name)>;

// Without `variable` ${name} stands for itself. Its value is one word in double quotes and parted
// at blanks without quotes, and no quote in it counts; in single quotes it stands for itself.
ShellLine read_shell_line(std::string_view line, const ShellVariable& variable = nullptr,
                          std::string_view breaks = "");

// `word` so that a shell reads it as one, for people to copy.
std::string shell_quoted(const std::string& word);

// `word` as what goes on behind `open`, a quote or none. nullopt: in double quotes bash would take
// a ! for a command of its history, however it is quoted.
std::optional<std::string> shell_escaped(const std::string& word, char open);

}  // namespace zbag
