// What stands below the command line: --set > environment > YAML files.
//
// YAML: a map of verbs to options (`record: {sync: 50, track: [imu, laser/**]}`); `all:` is for
// every verb that knows the option. Environment: ZBAG_SYNC for --sync, and what else the table
// names.
#pragma once

#include <string>
#include <vector>

#include "nodes/options.hpp"
#include "schemas/result.hpp"

namespace zbag {

// For the options of `table`, after parsing. `verbs` are all that a file may speak of. kInvalid
// names file, line and path of an unknown key, with the nearest known one; kNotFound: no such file.
Result<Settings> read_settings(const OptionTable& table, const std::vector<std::string>& verbs);

// The table's options, their values and where these came from, as YAML that --config takes.
std::string settings_text(const OptionTable& table);

}  // namespace zbag
