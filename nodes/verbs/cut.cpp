#include "recorder/bag/upkeep/cut.hpp"

#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"

namespace zbag {
namespace {

struct Arguments {
  SelectionArguments selection;
  std::string bag;
  std::string out;
  bool state_at_start = false;
  bool quiet = false;
};

int run(const Arguments& arguments) {
  const Result<BagReader> reader = BagReader::open(arguments.bag);
  if (!reader) return show("cut", reader.error());
  const Result<BagSummary> summary = reader->summary();
  if (!summary) return show("cut", summary.error());
  const std::vector<BagSummary> bags{*summary};
  const Result<PointChoice> choice = choose_copied("cut", arguments.selection, bags);
  if (!choice) return show_unchosen("cut", choice.error());
  Result<CutReport> report = CutReport{};
  {
    ProgressBar bar("cut", arguments.quiet);
    report = cut_bag(
        *reader, arguments.out, {*choice, arguments.state_at_start},
        [&](double share) {
          bar.show(share);
          return !StopSignal::wanted();
        },
        [&](const std::string& text) { warn("cut", text); });
  }
  if (!report) return show_unmade("cut", report.error());
  if (!arguments.quiet)
    say("cut {} into {}\n", amount_text(report->points, "point"), arguments.out);
  return show_copied("cut", report->points, report->left_out, bags);
}

}  // namespace

Verb add_cut(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "cut",
      "Copies a choice of a bag's points into a new bag, also while it is being recorded",
      "zbag cut day.zbag -o crash.zbag --start -30 --state-at-start");
  auto a = std::make_shared<Arguments>();
  add_bag(*options, a->bag, "Bag to read");
  add_new_bag(*options, a->out);
  add_selection(*options, a->selection);
  options->begin(OptionGroup::kSelection);
  options->add_flag("--state-at-start", a->state_at_start,
                    "Also the last point before the start of every track, stamped as it is, and "
                    "whatever --limit is");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
