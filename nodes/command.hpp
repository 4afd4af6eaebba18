// What all verbs of the command share: options, exit codes, how an error is shown.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// cli.md, Exit codes.
enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitLossy = 3,    // done, but data was lost or skipped
  kExitDamaged = 4,  // the input is damaged
};

// Options every verb on the bus has.
struct BusArguments {
  BusUrls urls;
  std::string name;
  bool quiet = false;
};

// A verb: its options hang on `app`; `run` gives the exit code.
struct Verb {
  CLI::App* app;
  std::function<int()> run;
};
using Verbs = std::vector<Verb>;

// One function a verb, each in verbs/<name>.cpp: adds the subcommand to `root`.
Verb add_broker(CLI::App& root);
Verb add_pub(CLI::App& root);
Verb add_tap(CLI::App& root);
Verb add_topics(CLI::App& root);
Verb add_record(CLI::App& root);
Verb add_play(CLI::App& root);
Verb add_info(CLI::App& root);
Verb add_cat(CLI::App& root);
Verb add_export(CLI::App& root);
Verb add_import(CLI::App& root);
Verb add_check(CLI::App& root);
Verb add_recover(CLI::App& root);
Verb add_compact(CLI::App& root);
Verb add_cut(CLI::App& root);
Verb add_merge(CLI::App& root);
Verb add_launch(CLI::App& root);
Verb add_ctl(CLI::App& root);
Verb add_version(CLI::App& root);

// A subcommand with a purpose, a help text that ends with `example`.
CLI::App* add_subcommand(CLI::App& root, const std::string& name, const std::string& purpose,
                         const std::string& example);
void add_bus_options(CLI::App& app, BusArguments& arguments);
void add_quiet(CLI::App& app, bool& quiet);

// kInvalid unless low <= value <= high; NaN never is.
Status check_number(const char* option, double value, double low, double high);

// Where values that do not stand on the command line came from, by option: show() names the origin
// of an option it speaks of. Set once by main(), before a verb runs.
void set_origins(std::map<std::string, std::string> origins);
// `message`, with where the value came from when it speaks of such an option.
std::string with_origin(const std::string& message);

// Prints "zbag VERB: message" on stderr and gives the exit code that fits.
int show(const std::string& verb, const Error& error);
// The same for a bag that could not be made of others: a full disk is a failure then, not a loss.
int show_unmade(const std::string& verb, Error error);
void warn(const std::string& verb, const std::string& message);
int exit_code_of(ErrorCode code);

// "track a from 1.0 to 2.0, 30 points: wrong checksum"
std::string problem_text(const BagProblem& problem);

// 12345678 -> "12.3 MB"; 1234567 -> "1,234,567".
std::string bytes_text(std::uint64_t bytes);
std::string count_text(std::uint64_t count);

// Options that choose points of bags.
struct SelectionArguments {
  std::vector<std::string> tracks;
  std::vector<std::string> excluded;
  std::string start;
  std::string end;
};
void add_selection(CLI::App& app, SelectionArguments& arguments, bool with_exclude);
// -o NEW, required.
void add_new_bag(CLI::App& app, std::string& path);
// Warns of patterns that match no track of the bags, with the nearest name there is.
void warn_unmatched_tracks(const std::string& verb, const std::vector<std::string>& patterns,
                           const std::vector<BagSummary>& bags);
// kInvalid: none of shallow, deep, append.
Result<MergeMode> parse_merge_mode(const std::string& text);

}  // namespace zbag
