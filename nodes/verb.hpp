// A verb of the command: its options and what it does. One file each, verbs/<name>.cpp.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/options.hpp"

namespace zbag {

struct Verb {
  std::unique_ptr<OptionTable> options;
  std::function<int()> run;  // gives the exit code; called when the options have their values
  std::string group = {};    // the heading of zbag --help under which it stands
};
using Verbs = std::vector<Verb>;

inline std::vector<std::string> verb_names(const Verbs& verbs) {
  std::vector<std::string> names;
  names.reserve(verbs.size());
  for (const Verb& verb : verbs) names.push_back(verb.options->verb());
  return names;
}

// Null: there is none of that name.
inline const Verb* find_verb(const Verbs& verbs, const std::string& name) {
  for (const Verb& verb : verbs) {
    if (verb.options->verb() == name) return &verb;
  }
  return nullptr;
}

// Each adds its subcommand to `root`.
Verb add_broker(CLI::App& root);
Verb add_pub(CLI::App& root);
Verb add_tap(CLI::App& root);
Verb add_topics(CLI::App& root);
Verb add_record(CLI::App& root);
Verb add_play(CLI::App& root);
Verb add_info(CLI::App& root);
Verb add_cat(CLI::App& root);
Verb add_export(CLI::App& root);
Verb add_sql(CLI::App& root);
Verb add_import(CLI::App& root);
Verb add_check(CLI::App& root);
Verb add_recover(CLI::App& root);
Verb add_compact(CLI::App& root);
Verb add_cut(CLI::App& root);
Verb add_merge(CLI::App& root);
Verb add_diff(CLI::App& root);
Verb add_schema(CLI::App& root);
Verb add_analyze(CLI::App& root);
Verb add_plot(CLI::App& root);
Verb add_launch(CLI::App& root);
Verb add_ctl(CLI::App& root);
Verb add_timings(CLI::App& root);
Verb add_version(CLI::App& root);

}  // namespace zbag
