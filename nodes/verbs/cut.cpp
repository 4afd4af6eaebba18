#include "recorder/bag/upkeep/cut.hpp"

#include <fmt/format.h>

#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"

namespace zbag {
namespace {

struct Arguments {
  SelectionArguments selection;
  std::string bag;
  std::string out;
  std::optional<std::chrono::nanoseconds> duration;
  bool state_at_start = false;
  bool quiet = false;
};

// Everything, system tracks too, unless tracks are named.
Result<BagReader::Selection> chosen_tracks(const SelectionArguments& arguments) {
  BagReader::Selection selection;
  selection.all_tracks = arguments.tracks.empty() && arguments.excluded.empty();
  const std::vector<std::string> everything{"**", "_sys/**"};
  const Result<TrackFilter> filter = TrackFilter::parse(
      arguments.tracks.empty() ? everything : arguments.tracks, arguments.excluded);
  if (!filter) return tl::unexpected(filter.error());
  selection.filter = *filter;
  return selection;
}

Result<CutOptions> parse(const Arguments& arguments, const BagSummary& summary) {
  const Result<BagReader::Selection> selection = chosen_tracks(arguments.selection);
  if (!selection) return tl::unexpected(selection.error());
  std::optional<TimeRange> extent;
  if (summary.start()) extent = TimeRange{summary.start()->ns(), summary.end()->ns()};
  const Result<TimeRange> range =
      parse_range(arguments.selection.start, arguments.selection.end, extent);
  if (!range) return tl::unexpected(range.error());
  CutOptions options{.selection = *selection, .state_at_start = arguments.state_at_start};
  options.selection.range = *range;
  if (arguments.duration && extent) {
    const std::int64_t first = std::max(range->first, extent->first);
    options.selection.range.last = std::min(range->last, first + arguments.duration->count());
  }
  options.is_trimmed =
      arguments.duration || !arguments.selection.start.empty() || !arguments.selection.end.empty();
  return options;
}

int run(const Arguments& arguments) {
  const Result<BagReader> reader = BagReader::open(arguments.bag);
  if (!reader) return show("cut", reader.error());
  const Result<BagSummary> summary = reader->summary();
  if (!summary) return show("cut", summary.error());
  const Result<CutOptions> options = parse(arguments, *summary);
  if (!options) return show("cut", options.error());
  if (!arguments.quiet) warn_unmatched_tracks("cut", arguments.selection.tracks, {*summary});
  Result<CutReport> report = CutReport{};
  {
    ProgressBar bar("cut", arguments.quiet);
    report = cut_bag(
        *reader, arguments.out, *options,
        [&](double share) {
          bar.show(share);
          return !StopSignal::wanted();
        },
        [&](const std::string& text) { warn("cut", text); });
  }
  if (!report) return show_unmade("cut", report.error());
  if (!arguments.quiet) say("cut {} points into {}\n", count_text(report->points), arguments.out);
  if (report->left_out == 0) return kExitDone;
  warn("cut",
       fmt::format("{} damaged blocks, points and records were left out; zbag check names them",
                   report->left_out));
  return kExitDamaged;
}

}  // namespace

Verb add_cut(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "cut",
      "Copies a choice of a bag's points into a new bag, also while it is being recorded",
      "zbag cut day.zbag -o crash.zbag --start -30 --state-at-start");
  auto a = std::make_shared<Arguments>();
  options->add("BAG", a->bag, option_type::any_text("BAG"), "Bag to read").required();
  add_new_bag(*options, a->out);
  add_selection(*options, a->selection);
  options->begin(OptionGroup::kSelection);
  options->add("--duration", a->duration,
               option_type::or_zero(option_type::seconds<std::chrono::nanoseconds>({0.0, 1e9})),
               "Seconds from the start on; 0: to the end");
  options->add_flag("--state-at-start", a->state_at_start,
                    "Also the last point before the start of every track, stamped as it is");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
