// What is wrong with a bag, as `check` and `recover` name it.
#pragma once

#include <string>

#include "recorder/bag/upkeep/check.hpp"

namespace zbag {

// "track a from 1.0 to 2.0, 30 points: wrong checksum"
std::string problem_text(const BagProblem& problem);

}  // namespace zbag
