// What is said where no point has come out of what was chosen.
#pragma once

#include <string>
#include <vector>

#include "nodes/usual_options.hpp"
#include "recorder/bag/read/bag_reader.hpp"

namespace zbag {

// As show_nothing_chosen(), of verbs that have --where: where that alone has chosen, of how many
// points it is not true. REQUIRES: choose() has taken the arguments.
int show_none_true(const std::string& verb, const SelectionArguments& arguments,
                   const std::vector<BagSummary>& bags);

}  // namespace zbag
