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

// What is said of every variable ZBAG_... that is set and none of `known`, those of all options,
// nor one that zbag reads elsewhere; to `record` also of those of requirement S2.26 that mean no
// option. Nobody must believe that they do something.
std::vector<std::string> unused_variables(const std::string& verb,
                                          const std::vector<std::string>& known);

// The table's options, their values and where these came from, as YAML that --config takes.
std::string settings_text(const OptionTable& table);

}  // namespace zbag
