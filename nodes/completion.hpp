// Shell completion: scripts for bash, zsh and fish that ask this binary.
//
// `zbag completion SHELL` prints a script to source. What it asks, `zbag completion words SHELL
// WORD...`, is answered from the tables of options, the bag on the line and the nodes that run.
//
// Safety: names of strangers (tracks, fields) become words of a command line. A name with a control
// character, the newline too, is left out; the rest is quoted for bash as the word under the cursor
// is (launch/shell_line.hpp), while zsh and fish quote what they are given.
#pragma once

#include <string>
#include <vector>

#include "nodes/verb.hpp"

namespace zbag {

// `zbag completion SHELL`.
Verb add_completion(CLI::App& root);

// True of "completion words ...", which is answered before anything else is read: what stands
// behind is a command line, and not ours.
bool is_completion_request(const std::vector<std::string>& words);
// Prints "words", "bags", "files" or "folders", what the shell is to complete, and a line for each
// word. Never fails: who presses a key wants no error.
int print_completions(const Verbs& verbs, const std::vector<std::string>& words);

}  // namespace zbag
