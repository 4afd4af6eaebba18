#include "recorder/bag/upkeep/recover.hpp"

#include <fmt/format.h>

#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/problem_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::string bag;
  std::string out;
  bool quiet = false;
};

// What was not intact, a line each.
void print_damage(const std::string& bag, const RecoverReport& report) {
  for (const std::string& what : report.damage) say_always("zbag recover: {}: {}\n", bag, what);
  if (report.damage_count > report.damage.size())
    say_always("zbag recover: {}: {} more pages or records are damaged\n", bag,
               count_text(report.damage_count - report.damage.size()));
  for (const std::string& name : report.unnamed_tracks)
    warn("recover", fmt::format("the name of a track is lost; it is called {} now", name));
  for (const BagProblem& lost : report.lost)
    say_always("zbag recover: {}: {}\n", bag, problem_text(lost));
  for (const std::string& doubt : report.doubts) say_always("zbag recover: {}: {}\n", bag, doubt);
}

std::string outcome_of(const RecoverReport& report) {
  if (report.is_whole()) return "the bag is whole";
  const bool is_sure = report.doubts.empty();
  if (report.lost.empty())
    return is_sure ? "no point is known to be missing" : "points may be missing";
  return fmt::format("lost {}{}", amount_text(report.lost_points, "point"),
                     is_sure ? "" : " or more");
}

int run(const Arguments& arguments) {
  Result<RecoverReport> report = RecoverReport{};
  {
    ProgressBar bar("recover", arguments.quiet);
    report = recover_bag(arguments.bag, arguments.out, [&](double share) {
      bar.show(share);
      return !StopSignal::wanted();
    });
  }
  if (!report) return show_unmade("recover", report.error());
  print_damage(arguments.bag, *report);
  if (!arguments.quiet) {
    say("recovered {} of {} into {}; {}\n", amount_text(report->points, "point"),
        amount_text(report->tracks, "track"), arguments.out, outcome_of(*report));
  }
  return report->is_whole() ? kExitDone : kExitLossy;
}

}  // namespace

Verb add_recover(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "recover",
      "Saves everything intact of a damaged bag into a new one, and says what is lost",
      "zbag recover broken.zbag -o saved.zbag");
  auto a = std::make_shared<Arguments>();
  add_bag(*options, a->bag, "Bag to read; it is not changed");
  add_new_bag(*options, a->out);
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
