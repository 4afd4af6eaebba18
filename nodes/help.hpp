// What `zbag --help`, `zbag VERB --help` and `zbag help` print, made of the tables of options.
#pragma once

#include "nodes/verb.hpp"

namespace zbag {

// On stdout, as wide as the terminal: between 40 and 100 columns, 80 in a pipe.
void print_help(const Verb& verb);
void print_help(const Verbs& verbs);  // of the command as a whole

// `zbag help [VERB]`. `verbs` are all there are when it runs, and outlive it.
Verb add_help(CLI::App& root, const Verbs& verbs);

}  // namespace zbag
