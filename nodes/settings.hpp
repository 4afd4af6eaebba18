// What stands below the command line: --set > environment > YAML files.
//
// YAML: a map of verbs to options (`record: {sync: 50, track: [imu, laser/**]}`); `all:` is for
// every verb that knows the option. Environment: ZBAG_SYNC for --sync, and what else the table
// names.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/options.hpp"
#include "schemas/result.hpp"

namespace zbag {

// The options of every verb that a file may speak of, by verb.
using KnownOptions = std::map<std::string, std::vector<std::string>>;

// For the options of `table`, after parsing. kInvalid names file, line and path of a key that no
// verb has or, below a verb, not this one, with the nearest known one; kNotFound: no such file.
Result<Settings> read_settings(const OptionTable& table, const KnownOptions& known);

// Variables of requirement S2.26 that are set and mean no option: nobody must believe that they do
// something.
std::vector<std::string> unused_variables();

// The table's options, their values and where these came from, as YAML that --config takes.
std::string settings_text(const OptionTable& table);

}  // namespace zbag
