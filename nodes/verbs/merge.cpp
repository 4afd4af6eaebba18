#include "recorder/bag/upkeep/merge.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/open_bags.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> bags;
  std::string out;
  SelectionArguments selection;
  MergeRules merge;
  bool quiet = false;
};

int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("merge"));
  if (!bags) return show("merge", bags.error());
  int opened = kExitDone;
  Result<Playlist> playlist = open_bags("merge", *bags, opened);
  if (!playlist) return show("merge", playlist.error());
  const Result<PointChoice> choice =
      choose_copied("merge", arguments.selection, playlist->summaries());
  if (!choice) return show_unchosen("merge", choice.error());
  ProgressBar bar("merge", arguments.quiet);
  const Result<MergeReport> report = merge_bags(
      *playlist, arguments.out, {arguments.merge, *choice},
      [&](double share) {
        bar.show(share);
        return !StopSignal::wanted();
      },
      [&](const std::string& text) { warn("merge", text); });
  if (!report) return show_unmade("merge", report.error());
  if (!arguments.quiet)
    say("merged {} into {}: {}, {} kept apart, {} merged into others, {} duplicates\n",
        amount_text(playlist->readers().size(), "bag"), arguments.out,
        amount_text(report->points, "point"), count_text(report->kept_apart),
        count_text(report->merged), count_text(report->duplicates));
  if (report->overwritten > 0 && !arguments.quiet)
    warn("merge", fmt::format("{} overwritten by different ones of equal _ts; --merge join keeps "
                              "them all",
                              amount_text(report->overwritten, "value")));
  return std::max(opened,
                  show_copied("merge", report->points, report->left_out, playlist->summaries()));
}

}  // namespace

Verb add_merge(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "merge",
      "Joins bags, or a choice of their points, into one by _ts; runs and losses are kept",
      "zbag merge front.zbag back.zbag -o robot.zbag");
  auto a = std::make_shared<Arguments>();
  add_bags(*options, a->bags, "Bags to join; of equal stamps the first comes first");
  add_new_bag(*options, a->out);
  add_selection(*options, a->selection);
  add_merge_rules(*options, a->merge);
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
