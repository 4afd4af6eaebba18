#include "nodes/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "nodes/settings.hpp"
#include "nodes/terminal.hpp"

namespace zbag {

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return kExitUsage;
    case ErrorCode::kDamaged:
      return kExitDamaged;
    case ErrorCode::kDiskFull:
      return kExitLossy;
    default:
      return kExitFailed;
  }
}

Status check_number(const char* option, double value, double low, double high) {
  if (value >= low && value <= high) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("--{} {}: give a number from {} to {}", option, value, low, high));
}

namespace {

std::map<std::string, std::string>& origins() {
  static std::map<std::string, std::string> instance;
  return instance;
}

}  // namespace

void set_origins(std::map<std::string, std::string> found) { origins() = std::move(found); }

std::string with_origin(const std::string& message) {
  for (const auto& [option, origin] : origins()) {
    const std::string name = "--" + option;
    const std::size_t at = message.find(name);
    if (at == std::string::npos) continue;
    const std::size_t end = at + name.size();
    const bool is_whole = end == message.size() || message[end] == ' ' || message[end] == ':';
    if (is_whole) return fmt::format("{} (set by {})", message, origin);
  }
  return message;
}

int show(const std::string& verb, const Error& error) {
  say("zbag {}: {}\n", verb, with_origin(error.message));
  return exit_code_of(error.code);
}

int show_unmade(const std::string& verb, Error error) {
  if (error.code == ErrorCode::kDiskFull) error.code = ErrorCode::kIo;
  return show(verb, error);
}

void warn(const std::string& verb, const std::string& message) {
  say("zbag {}: warning: {}\n", verb, message);
}

CLI::App* add_subcommand(CLI::App& root, const std::string& name, const std::string& purpose,
                         const std::string& example) {
  CLI::App* const app = root.add_subcommand(name, purpose);
  app->footer("Example:\n  " + example + "\n");
  app->option_defaults()->always_capture_default();
  return app;
}

void add_quiet(CLI::App& app, bool& quiet) { app.add_flag("--quiet", quiet, "Print errors only"); }

void add_bus_options(CLI::App& app, BusArguments& arguments) {
  app.add_option("--publish-to", arguments.urls.publish_to,
                 "URL where publishers send (the broker's XSUB)")
      ->type_name("URL");
  app.add_option("--subscribe-to", arguments.urls.subscribe_to,
                 "URL where subscribers listen (the broker's XPUB)")
      ->type_name("URL");
  app.add_option("--name", arguments.name,
                 "Name of this node on the bus and for zbag ctl [the verb]")
      ->type_name("NODE")
      ->capture_default_str();
  add_quiet(app, arguments.quiet);
}

void add_selection(CLI::App& app, SelectionArguments& arguments, bool with_exclude) {
  app.add_option("--track", arguments.tracks,
                 "Only tracks that match: * is one segment, ** any number")
      ->type_name("PATTERN");
  if (with_exclude)
    app.add_option("--exclude", arguments.excluded, "No tracks that match")->type_name("PATTERN");
  app.add_option("--start", arguments.start,
                 "First time: seconds since the epoch, ISO 8601, or +10 / +1m30s after the bag's "
                 "start, -5 before its end")
      ->type_name("TIME");
  app.add_option("--end", arguments.end, "Last time, included; written like --start")
      ->type_name("TIME");
}

void add_new_bag(CLI::App& app, std::string& path) {
  app.add_option("-o,--output", path, "Bag to write; never overwritten")
      ->required()
      ->type_name("NEW")
      ->capture_default_str();
}

void warn_unmatched_tracks(const std::string& verb, const std::vector<std::string>& patterns,
                           const std::vector<BagSummary>& bags) {
  std::vector<std::string> names;
  for (const BagSummary& bag : bags) {
    for (const TrackRecord& track : bag.tracks) names.push_back(track.name);
  }
  for (const std::string& text : patterns) {
    const Result<TrackPattern> pattern = TrackPattern::parse(text);
    if (!pattern) continue;  // an error of its own
    const bool is_matched = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name == text || pattern->matches(name);
    });
    if (!is_matched)
      warn(verb, fmt::format("no track matches {}{}", text, nearest_hint(text, names)));
  }
}

Result<MergeMode> parse_merge_mode(const std::string& text) {
  if (text == "shallow") return MergeMode::kShallow;
  if (text == "deep") return MergeMode::kDeep;
  if (text == "append") return MergeMode::kAppend;
  return fail(ErrorCode::kInvalid, fmt::format("--merge {}: use shallow, deep or append", text));
}

std::string problem_text(const BagProblem& problem) {
  std::string where;
  if (!problem.track.empty()) where = "track " + problem.track;
  if (problem.first)
    where += fmt::format(" from {} to {}", seconds_text(seconds_of_key(*problem.first)),
                         seconds_text(seconds_of_key(problem.last.value_or(*problem.first))));
  if (problem.points > 0) where += fmt::format(", {} points", problem.points);
  return where.empty() ? problem.what : fmt::format("{}: {}", where, problem.what);
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000.0;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return value < 99.95 ? fmt::format("{:.1f} {}", value, kUnits[unit])
                       : fmt::format("{:.0f} {}", value, kUnits[unit]);
}

std::string count_text(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

}  // namespace zbag
