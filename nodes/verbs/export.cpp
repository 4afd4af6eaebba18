#include <fmt/format.h>

#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/formats/exporter.hpp"

namespace zbag {
namespace {

struct Arguments {
  SelectionArguments selection;
  std::string bag;
  ExportOptions output;
  bool quiet = false;
};

int run(const Arguments& arguments) {
  Result<Playlist> playlist = Playlist::open({arguments.bag});
  if (!playlist) return show("export", playlist.error());
  BagReader::Selection selection;
  const Result<TrackFilter> filter =
      TrackFilter::parse(arguments.selection.tracks, arguments.selection.excluded);
  if (!filter) return show("export", filter.error());
  selection.filter = *filter;
  const Result<TimeRange> range =
      parse_range(arguments.selection.start, arguments.selection.end, playlist->extent());
  if (!range) return show("export", range.error());
  selection.range = *range;
  if (!arguments.quiet)
    warn_unmatched_tracks("export", arguments.selection.tracks, playlist->summaries());
  Result<std::unique_ptr<Exporter>> exporter = make_exporter(arguments.output);
  if (!exporter) return show("export", exporter.error());
  ProgressBar bar("export", arguments.quiet);
  const auto total = static_cast<double>(std::max<std::uint64_t>(1, playlist->points()));
  const Result<ExportReport> report = export_points(
      *playlist, selection, **exporter,
      [&](std::uint64_t done) { bar.show(static_cast<double>(done) / total); },
      [](const std::string& text) { warn("export", text); });
  if (!report) {
    // Whoever read our stdout has seen enough.
    return report.error().code == ErrorCode::kClosed ? kExitDone : show("export", report.error());
  }
  if (!arguments.quiet && arguments.output.out != "-")
    say("exported {} points to {}\n", count_text(report->points), arguments.output.out);
  if (report->left_out == 0) return kExitDone;
  warn("export", fmt::format("{} damaged points were left out", report->left_out));
  return kExitDamaged;
}

}  // namespace

Verb add_export(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(root, "export", "Writes points in another format",
                                               "zbag export day.zbag -o out --format jsonl");
  auto a = std::make_shared<Arguments>();
  options->add("BAG", a->bag, option_type::any_text("BAG"), "Bag to read").required();
  options->begin(OptionGroup::kOutput);
  options
      ->add("-o,--output", a->output.out, option_type::any_text("OUT"),
            "File or folder to write; - is stdout")
      .required();
  options
      ->add("--format", a->output.format,
            option_type::one_of<std::string>("F", {{"json", "json"}, {"jsonl", "jsonl"}}),
            "json or jsonl")
      .required();
  add_selection(*options, a->selection);
  add_columns(*options, "--columns", a->output.columns,
              "Only these fields (nested ones as a.b), separated by commas");
  options->add("--layout", a->output.layout,
               option_type::one_of<ExportLayout>("L", {{"by-name", ExportLayout::kByName},
                                                       {"neutral", ExportLayout::kNeutral},
                                                       {"rows", ExportLayout::kRows}}),
               "jsonl: neutral (one file that import and pub read) or rows (a file a track)");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
