#include "recorder/bag/upkeep/check.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <span>
#include <string_view>

#include "nodes/bag_paths.hpp"
#include "nodes/choice.hpp"
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
  SelectionArguments selection;
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
          {"tracks_left_out", report.tracks_left_out},
          {"blocks", report.blocks},
          {"points", report.points},
          {"unclosed", report.unclosed},
          {"problems", std::move(problems)}};
}

constexpr const char* kRemedy = "zbag recover saves what is intact";

// Whether that is so: of a file that never was a bag there is nothing.
bool can_be_recovered(const std::string& path) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return false;
  // Pages of a bag are used from the first one on: what has no block there is not read to its end.
  constexpr std::size_t kLookedAt = 64u << 20;
  constexpr std::string_view kBlock = "ZBK1";
  const std::span<const std::uint8_t> begin =
      file->bytes().first(std::min(kLookedAt, file->bytes().size()));
  return std::search(begin.begin(), begin.end(), kBlock.begin(), kBlock.end()) != begin.end() &&
         salvage(*file, [](double) { return !StopSignal::wanted(); });
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

// What it says it holds, where its pages are sound.
BagSummary summary_of(const std::string& path, const Result<CheckReport>& records) {
  if (!records) return unread_bag(path, records.error());
  if (!records->has_sound_pages) return unread_bag(path, {ErrorCode::kDamaged, "its pages"});
  const Result<BagReader> reader = BagReader::open(path);
  Result<BagSummary> summary =
      reader ? reader->summary() : Result<BagSummary>(tl::unexpected(reader.error()));
  return summary ? std::move(*summary) : unread_bag(path, summary.error());
}

// The rest, and what can be done for a bag that is damaged so that it can not be checked.
Result<CheckReport> checked(const std::string& bag, Result<CheckReport> records,
                            const BagReader::Selection& selection, bool quiet) {
  ProgressBar bar("check", quiet);
  const auto show_share = [&](double share) {
    bar.show(share);
    return !StopSignal::wanted();
  };
  Result<CheckReport> report =
      records ? check_tracks(bag, std::move(*records), selection, show_share) : std::move(records);
  const bool is_damaged = !report && report.error().code == ErrorCode::kDamaged;
  if (is_damaged && can_be_recovered(bag))
    return fail(ErrorCode::kDamaged, report.error().message + "; " + kRemedy);
  return report;
}

// "in 9 blocks of 4 tracks", and how many are left out.
std::string looked_at_text(const CheckReport& report) {
  const std::string blocks = amount_text(report.blocks, "block");
  const std::string tracks = amount_text(report.tracks + report.tracks_left_out, "track");
  return report.tracks_left_out == 0
             ? fmt::format("{} of {}", blocks, tracks)
             : fmt::format("{}; {} of {} looked at", blocks, count_text(report.tracks), tracks);
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
           ": {} in {}{}{}", amount_text(report.points, "point"), looked_at_text(report),
           report.unclosed ? "; the last run is not closed (being recorded, or it was killed)" : "",
           is_whole ? std::string() : fmt::format("; {}", kRemedy))}});
}

// The worst of all exit codes.
int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("check"));
  if (!bags) return show("check", bags.error());
  const auto show_stopped = [](const std::string& bag) {
    return show("check", {ErrorCode::kClosed, "stopped before " + bag});
  };
  Result<BagReader::Selection> selection = BagReader::Selection{.all_tracks = true};
  std::vector<Result<CheckReport>> ahead;  // of all of them, where what is chosen hangs on all
  if (arguments.selection.names_tracks()) {
    std::vector<BagSummary> summaries;
    for (const std::string& bag : bags->paths) {
      if (StopSignal::wanted()) return show_stopped(bag);
      summaries.push_back(summary_of(bag, ahead.emplace_back(check_records(bag))));
    }
    selection = choose_tracks("check", arguments.selection, summaries);
  }
  if (!selection) return show_unchosen("check", selection.error());
  int exit_code = kExitDone;
  Array reports;
  for (std::size_t i = 0; i < bags->paths.size(); ++i) {
    const std::string& bag = bags->paths[i];
    if (StopSignal::wanted()) return std::max(exit_code, show_stopped(bag));
    const Result<CheckReport> report =
        checked(bag, ahead.empty() ? check_records(bag) : std::move(ahead[i]), *selection,
                arguments.quiet || arguments.json);
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
  add_tracks(*options, a->selection.tracks, a->selection.excluded);
  options->begin(OptionGroup::kOutput);
  options->add_flag("--json", a->json, "Prints JSON");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
