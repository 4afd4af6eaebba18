// Where an option's value comes from: command line > --set > environment > YAML file > default.
//
// The lower layers are turned into command-line arguments in front of the real ones, so that one
// parser checks them all. YAML: a map of verbs to options (`record: {sync: 50, track: [imu,
// laser/**]}`); `all:` is for every verb. Environment: ZBAG_SYNC for --sync, and the PLUME_ names
// of requirements S2.26 that mean the same.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

#include "schemas/result.hpp"

namespace zbag {

// Adds --config and --set to a verb, for its help.
void add_settings_options(CLI::App& app);

// The verb of that name; nullptr when there is none.
const CLI::App* find_verb(const CLI::App& root, const std::string& name);

// "; did you mean record?", or nothing when no known word is near.
std::string nearest_hint(const std::string& word, const std::vector<std::string>& known);

// Where each value below the command line came from: "c.yaml:3" or "ZBAG_SYNC", by option name.
using Origins = std::map<std::string, std::string>;

// The arguments to parse: those given with the lower layers' put in front. kInvalid names file,
// line and path of an unknown key, with the nearest known one; kNotFound: no such file.
Result<std::vector<std::string>> layered_arguments(const CLI::App& root,
                                                   const std::vector<std::string>& given,
                                                   Origins& origins);

}  // namespace zbag
