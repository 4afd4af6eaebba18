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
#include "player/exports/exporter.hpp"

namespace zbag {
namespace {

// As option_type::one_of() takes them.
std::vector<std::pair<std::string, std::string>> formats() {
  std::vector<std::pair<std::string, std::string>> named;
  for (const std::string& format : export_formats()) named.emplace_back(format, format);
  return named;
}

struct Arguments {
  SelectionArguments selection;
  std::vector<std::string> bags;
  ExportOptions output;
  bool is_forced = false;
  bool quiet = false;
};

int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("export"));
  if (!bags) return show("export", bags.error());
  int opened = kExitDone;
  Result<Playlist> playlist = open_bags("export", *bags, opened);
  if (!playlist) return show("export", playlist.error());
  const Result<BagReader::Selection> selection =
      choose("export", arguments.selection, playlist->summaries(), SystemTracks::kWhenNamed);
  if (!selection) return show_unchosen("export", selection.error());
  ExportOptions output = arguments.output;
  if (arguments.is_forced) output.existing = Existing::kIsReplaced;
  const Result<std::unique_ptr<Exporter>> exporter = make_exporter(output);
  if (!exporter) return show("export", exporter.error());
  ProgressBar bar("export", arguments.quiet);
  const auto total = static_cast<double>(std::max<std::uint64_t>(1, playlist->points()));
  ExportSource source(
      *playlist,
      {.selection = *selection,
       .columns = arguments.selection.columns,
       .where = arguments.selection.where,
       .limit = arguments.selection.limit},
      [&](std::uint64_t done) {
        bar.show(static_cast<double>(done) / total);
        return !StopSignal::wanted();
      },
      [](const std::string& text) { warn("export", text); });
  const Status written = (*exporter)->write(source);
  bar.clear();
  const ExportReport& report = source.report();
  const bool is_stdout = arguments.output.out == "-";
  if (!written) {
    if (written.error().code != ErrorCode::kClosed) return show_unmade("export", written.error());
    if (!StopSignal::wanted()) return opened;  // whoever read our stdout has seen enough
    return show("export",
                {ErrorCode::kClosed,
                 is_stdout ? fmt::format("stopped after {}", amount_text(report.points, "point"))
                           : "stopped; nothing was written"});
  }
  if (!arguments.quiet && !is_stdout)
    say("exported {} to {}\n", amount_text(report.points, "point"), arguments.output.out);
  if (report.points == 0 && report.left_out == 0 && playlist->points() > 0)
    return std::max(opened, show_nothing_chosen("export", playlist->extent()));
  if (report.left_out == 0) return opened;
  warn("export", fmt::format("left out {}", amount_text(report.left_out, "damaged point")));
  return kExitDamaged;
}

}  // namespace

Verb add_export(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(root, "export", "Writes points in another format",
                                               "zbag export day.zbag -o out --format jsonl");
  auto a = std::make_shared<Arguments>();
  add_bags(*options, a->bags, "Bags to read, merged by _ts");
  options->begin(OptionGroup::kOutput);
  options
      ->add("-o,--output", a->output.out, option_type::any_text("OUT"),
            "File or folder to write; - is stdout")
      .required();
  options
      ->add("--format", a->output.format, option_type::one_of<std::string>("F", formats()),
            "What to write")
      .required();
  options->add_flag("--force", a->is_forced, "Replace files that are there already");
  add_selection(*options, a->selection);
  add_where(*options, a->selection);
  options->add("--layout", a->output.layout,
               option_type::one_of<ExportLayout>("L", {{"by-name", ExportLayout::kByName},
                                                       {"neutral", ExportLayout::kNeutral},
                                                       {"rows", ExportLayout::kRows}}),
               "jsonl: neutral (one file that import and pub read) or rows (a file a track)");
  options->add("--encoding", a->output.encoding, option_type::any_text("E"),
               "mcap: json, cdr (ROS 2 messages) or msgpack");
  options->add("--compression", a->output.compression, option_type::any_text("C"),
               "mcap, rosbag2: zstd, lz4 or none");
  options->add("--compression-level", a->output.compression_level,
               option_type::count<unsigned>("N", {0, 22}), "More is smaller and slower");
  options->add("--binary", a->output.binary,
               option_type::one_of<BinaryAs>("B", {{"by-format", BinaryAs::kByFormat},
                                                   {"base64", BinaryAs::kBase64},
                                                   {"hex", BinaryAs::kHex},
                                                   {"files", BinaryAs::kFiles}}),
               "csv, json, jsonl: bytes as base64, as hex, or in files beside the output");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
