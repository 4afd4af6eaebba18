#include "recorder/bag/upkeep/compact.hpp"

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
  std::string bag;
  std::optional<std::string> out;
  bool quiet = false;
};

int run(const Arguments& arguments) {
  Result<CompactReport> report = CompactReport{};
  {
    ProgressBar bar("compact", arguments.quiet);
    report = compact_bag(arguments.bag, arguments.out, [&](double share) {
      bar.show(share);
      return !StopSignal::wanted();
    });
  }
  if (!report) return show_unmade("compact", report.error());
  if (!arguments.quiet)
    say("compacted {}, {} late ones put in place: {} before, {} after\n",
        amount_text(report->points, "point"), count_text(report->folded),
        bytes_text(report->bytes_before), bytes_text(report->bytes_after));
  return kExitDone;
}

}  // namespace

Verb add_compact(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "compact",
      "Folds late points and small blocks of a bag into full ones; in place without -o",
      "zbag compact day.zbag");
  auto a = std::make_shared<Arguments>();
  add_bag(*options, a->bag, "Bag to rewrite");
  options->begin(OptionGroup::kOutput);
  options->add("-o,--output", a->out, option_type::any_text("NEW"),
               "Bag to write instead; never overwritten");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
