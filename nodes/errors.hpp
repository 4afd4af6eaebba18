// Exit codes, and how an error or a warning is shown: the one place where errors end.
#pragma once

#include <functional>
#include <string>

#include "schemas/result.hpp"

namespace zbag {

// cli.md, Exit codes.
enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitLossy = 3,    // done, but data was lost or skipped
  kExitDamaged = 4,  // the input is damaged
};

int exit_code_of(ErrorCode code);

// Prints "zbag VERB: message" on stderr and gives the exit code that fits.
int show(const std::string& verb, const Error& error);
// The same for a bag that could not be made of others: a full disk is a failure then, not a loss.
int show_unmade(const std::string& verb, Error error);
// Says nothing with --log-level error.
void warn(const std::string& verb, const std::string& message);
// The same as a function, for what does not know the verb.
std::function<void(const std::string&)> warner(const std::string& verb);

}  // namespace zbag
