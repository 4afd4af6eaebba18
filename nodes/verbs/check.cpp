#include "recorder/bag/upkeep/check.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "nodes/bag_paths.hpp"
#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/problem_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/upkeep/salvage.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> bags;
  bool json = false;
  bool quiet = false;
};

Fields fields_of(const std::string& bag, const CheckReport& report) {
  Array problems;
  for (const BagProblem& problem : report.problems) {
    Fields fields{{"what", problem.what}};
    if (!problem.track.empty()) fields.emplace_back("track", problem.track);
    if (problem.first) fields.emplace_back("start", seconds_of_key(*problem.first));
    if (problem.last) fields.emplace_back("end", seconds_of_key(*problem.last));
    fields.emplace_back("points", problem.points);
    problems.emplace_back(std::move(fields));
  }
  return {{"path", bag},
          {"pages", report.pages},
          {"tracks", report.tracks},
          {"blocks", report.blocks},
          {"points", report.points},
          {"unclosed", report.unclosed},
          {"problems", std::move(problems)}};
}

constexpr const char* kRemedy = "zbag recover saves what is intact";

// Whether that is so: of a file that never was a bag there is nothing.
bool can_be_recovered(const std::string& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  return file && salvage(*file, [](double) { return !StopSignal::wanted(); });
}

// On a terminal a screen of them at most; a pipe gets every one.
void say_problems(const std::string& bag, const std::vector<BagProblem>& problems) {
  constexpr std::size_t kShown = 15;
  const std::size_t shown =
      is_terminal(STDERR_FILENO) ? std::min(problems.size(), kShown) : problems.size();
  for (std::size_t i = 0; i < shown; ++i) {
    say_line_always(
        {{"zbag check: ", Tone::kBad}, {fmt::format("{}: {}", bag, problem_text(problems[i]))}});
  }
  if (shown < problems.size())
    say_line_always({{fmt::format("zbag check: and {}: zbag check --json {}",
                                  amount_text(problems.size() - shown, "more problem"), bag),
                      Tone::kFaint}});
}

Result<CheckReport> checked(const std::string& bag, bool quiet) {
  ProgressBar bar("check", quiet);
  Result<CheckReport> report = check_bag(bag, [&](double share) {
    bar.show(share);
    return !StopSignal::wanted();
  });
  const bool is_damaged = !report && report.error().code == ErrorCode::kDamaged;
  if (is_damaged && can_be_recovered(bag))
    return fail(ErrorCode::kDamaged, report.error().message + "; " + kRemedy);
  return report;
}

// One line, and one for each problem.
void print_report(const std::string& bag, const CheckReport& report, bool quiet) {
  say_problems(bag, report.problems);
  if (quiet) return;
  const bool is_whole = report.problems.empty();
  print_line(
      {{bag + ": "},
       {is_whole ? "whole" : "damaged", is_whole ? Tone::kPlain : Tone::kBad},
       {fmt::format(
           ": {} in {} of {}{}{}", amount_text(report.points, "point"),
           amount_text(report.blocks, "block"), amount_text(report.tracks, "track"),
           report.unclosed ? "; the last run is not closed (being recorded, or it was killed)" : "",
           is_whole ? std::string() : fmt::format("; {}", kRemedy))}});
}

// The worst of all exit codes.
int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("check"));
  if (!bags) return show("check", bags.error());
  int exit_code = kExitDone;
  Array reports;
  for (const std::string& bag : bags->paths) {
    if (StopSignal::wanted())
      return std::max(exit_code, show("check", {ErrorCode::kClosed, "stopped before " + bag}));
    const Result<CheckReport> report = checked(bag, arguments.quiet || arguments.json);
    if (!report) {
      exit_code = std::max(exit_code, show("check", report.error()));
      continue;
    }
    if (!report->problems.empty()) exit_code = kExitDamaged;
    if (arguments.json) {
      reports.emplace_back(fields_of(bag, *report));
    } else {
      print_report(bag, *report, arguments.quiet);
    }
  }
  if (!arguments.json || (reports.empty() && !bags->is_list)) return exit_code;
  std::string text;
  write_json(bags->is_list ? Value(std::move(reports)) : reports.front(), text);
  print("{}\n", text);
  return exit_code;
}

}  // namespace

Verb add_check(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "check", "Verifies a bag: its pages, every checksum, every count",
      "zbag check day.zbag");
  auto a = std::make_shared<Arguments>();
  add_bags(*options, a->bags, "Bags to verify");
  options->begin(OptionGroup::kOutput);
  options->add_flag("--json", a->json, "Prints JSON");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
