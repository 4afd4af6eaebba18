#include <fmt/format.h>

#include "nodes/command.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "player/formats/exporter.hpp"

namespace zbag {
namespace {

struct Arguments {
  SelectionArguments selection;
  std::string bag;
  ExportOptions output;
  std::string layout = "by-name";
  bool quiet = false;
};

int run(Arguments arguments) {
  Result<Playlist> playlist = Playlist::open({arguments.bag});
  if (!playlist) return show("export", playlist.error());
  if (arguments.layout == "neutral") {
    arguments.output.layout = ExportLayout::kNeutral;
  } else if (arguments.layout == "rows") {
    arguments.output.layout = ExportLayout::kRows;
  } else if (arguments.layout != "by-name") {
    return show("export", {ErrorCode::kInvalid,
                           fmt::format("--layout {}: use neutral or rows", arguments.layout)});
  }
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
  CLI::App* const app = add_subcommand(root, "export", "Writes points in another format",
                                       "zbag export day.zbag -o out --format jsonl");
  auto a = std::make_shared<Arguments>();
  app->add_option("BAG", a->bag, "Bag to read")->required()->capture_default_str();
  app->add_option("-o,--output", a->output.out, "File or folder to write; - is stdout")
      ->required()
      ->type_name("OUT")
      ->capture_default_str();
  app->add_option("--format", a->output.format, "json or jsonl")
      ->required()
      ->type_name("F")
      ->capture_default_str();
  add_selection(*app, a->selection, true);
  app->add_option("--columns", a->output.columns,
                  "Only these fields (nested ones as a.b), separated by commas")
      ->delimiter(',')
      ->type_name("A,B");
  app->add_option("--layout", a->layout,
                  "jsonl: neutral (one file that import and pub read) or rows (a file a track)")
      ->type_name("L");
  add_quiet(*app, a->quiet);
  return {app, [a] { return run(*a); }};
}

}  // namespace zbag
