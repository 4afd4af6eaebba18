// What to write instead of words that zbag does not know: of the nearest it has, or of what other
// tools call what it does.
#pragma once

#include <string>
#include <vector>

namespace zbag {

// Why words[0] is no verb: "no verb 'echo': zbag tap prints frames as they pass". The words behind
// it tell more: `bag info x`, `topic echo x`.
std::string verb_fault(const std::vector<std::string>& words,
                       const std::vector<std::string>& verbs);

// "unknown option --outptu: did you mean --output?"; of an option of other tools what a verb with
// these `options` has instead: "unknown option --topics: write --track PATTERN"; of one that
// chooses a part of a bag, where `verb` looks at tracks whole, who gives that part.
std::string option_fault(const std::string& word, const std::vector<std::string>& options,
                         const std::string& verb = "");

// "'robot/imu' is one argument too many", and where tracks are named if not there; `track` is what
// --track takes.
std::string argument_fault(const std::string& word, const std::vector<std::string>& options,
                           const std::string& track = "PATTERN");

}  // namespace zbag
