// What may stand at the cursor of a command line, as the tables of options have it.
#pragma once

#include <string>
#include <vector>

#include "nodes/verb.hpp"

namespace zbag {

enum class Completes { kWords, kBags, kFiles, kFolders };

struct Candidate {
  std::string word;  // the whole of it, "--track=robot/arm"
  std::string help;
};

struct Completion {
  Completes what = Completes::kWords;
  std::vector<Candidate> candidates;  // kWords: what may stand there, begun so or not
};

// `words` stand behind the command's name; the last is the one under the cursor, empty where none
// has been begun. Reads the bags on the line, those in folders, too, where tracks or fields are
// asked for, and asks a node that runs for its operations, half a second long; what fails there
// gives no candidates.
Completion complete(const Verbs& verbs, const std::vector<std::string>& words);

}  // namespace zbag
