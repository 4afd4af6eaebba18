// Where a recording is written: what -o says, or a folder of its own below the base directory.
#pragma once

#include <ctime>
#include <string>

#include "schemas/result.hpp"

namespace zbag {

// "day_{time}_{n}.zbag" at `now`: {time} is YYYYMMDD_HHMMSS (UTC), {n} the first number from 1 on
// whose file does not exist. kInvalid: another word in braces.
Result<std::string> expand_output(const std::string& text, std::time_t now);

// That a bag can be made at `path`, or gone on in with `resume`, as far as what stands there tells;
// kInvalid, kExists: what to write instead.
Status check_output(const std::string& path, bool resume);

// BASE/run_YYYYMMDD_HHMMSS/run.zbag, with a suffix when two runs begin in one second.
std::string default_output(const std::string& base, std::time_t now);

}  // namespace zbag
