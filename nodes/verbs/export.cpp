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
#include "schemas/track_name.hpp"

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
  Alignment alignment;
  std::string expanded = "none";  // or "suffix"
  bool quiet = false;
};

Status check(const Arguments& arguments, const Playlist& playlist) {
  if (arguments.is_forced && is_one_of(arguments.output.out, playlist)) {
    return fail(ErrorCode::kExists, fmt::format("{} is the bag that is read; choose another name",
                                                printable(arguments.output.out)));
  }
  if (!arguments.alignment.track.empty() && !arguments.selection.columns.empty()) {
    return fail(ErrorCode::kInvalid,
                "--columns does not go with --align, whose rows have the fields of several tracks");
  }
  return {};
}

int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("export"));
  if (!bags) return show("export", bags.error());
  int opened = kExitDone;
  Result<Playlist> playlist = open_bags("export", *bags, opened);
  if (!playlist) return show("export", playlist.error());
  const Result<BagReader::Selection> selection =
      choose("export", arguments.selection, playlist->summaries(), SystemTracks::kWhenNamed);
  if (!selection) return show_unchosen("export", selection.error());
  if (const Status status = check(arguments, *playlist); !status)
    return show("export", status.error());
  ExportOptions output = arguments.output;
  output.is_aligned = !arguments.alignment.track.empty();
  output.expands_arrays = arguments.expanded == "suffix";
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
       .limit = arguments.selection.limit,
       .align = output.is_aligned ? std::optional(arguments.alignment) : std::nullopt,
       .expands_arrays = output.expands_arrays},
      [&](std::uint64_t done) {
        bar.show(static_cast<double>(done) / total);
        return !StopSignal::wanted();
      },
      [](const std::string& text) { warn("export", text); });
  Status written = source.check();
  if (written) written = (*exporter)->write(source);
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

void add_format_options(OptionTable& options, ExportOptions& output) {
  options.add("--layout", output.layout,
              option_type::one_of<ExportLayout>("L", {{"by-name", ExportLayout::kByName},
                                                      {"neutral", ExportLayout::kNeutral},
                                                      {"rows", ExportLayout::kRows}}),
              "jsonl: neutral (one file that import and pub read) or rows (a file a track)");
  options.add("--binary", output.binary,
              option_type::one_of<BinaryAs>("B", {{"by-format", BinaryAs::kByFormat},
                                                  {"base64", BinaryAs::kBase64},
                                                  {"hex", BinaryAs::kHex},
                                                  {"files", BinaryAs::kFiles}}),
              "csv, json, jsonl: bytes as base64, as hex, or in files beside the output");
  options.add("--codec", output.codec,
              option_type::one_of<VideoCodec>(
                  "C", {{"h264", VideoCodec::kH264}, {"av1", VideoCodec::kAv1}}),
              "mp4: h264 (the default) or av1");
  options.add(
      "--encoding", output.encoding,
      option_type::one_of<std::string>(
          "E", {{"by-format", ""}, {"json", "json"}, {"cdr", "cdr"}, {"msgpack", "msgpack"}}),
      "mcap: json (the default), cdr (ROS 2 messages) or msgpack");
  options.add(
      "--compression", output.compression, option_type::any_text("C"),
      "parquet: none, snappy, gzip, lz4, brotli or zstd (default); mcap, rosbag2: none, lz4 "
      "or zstd (default); hdf5: none, gzip (default), lzf or szip");
  options.add(
      "--compression-level", output.level,
      option_type::or_word(option_type::count<unsigned>("N", {1, 100}), std::string("default")),
      "Of the compression: the higher, the smaller and slower");
  options
      .add_list("--partition-by", output.partition_by, option_type::any_text("A,B"),
                "parquet: a folder for each run, track, date, hour, in that order")
      .comma_separated();
}

// Of formats that have tracks as tables.
void add_row_options(OptionTable& options, Arguments& arguments) {
  options.add(
      "--expand-arrays", arguments.expanded,
      option_type::one_of<std::string>("E", {{"none", "none"}, {"suffix", "suffix"}}),
      "csv, parquet, hdf5: lists of numbers as columns NAME_x, _y, _z; longer ones NAME_0, _1...");
  options.add(
      "--align", arguments.alignment.track, option_type::any_text("TRACK"),
      "csv, parquet, hdf5, json, rows of jsonl: a row for each point of this track, with what "
      "the others had then, as TRACK.FIELD");
  options.add("--how", arguments.alignment.how,
              option_type::one_of<AlignHow>("H", {{"floor", AlignHow::kFloor},
                                                  {"nearest", AlignHow::kNearest},
                                                  {"linear", AlignHow::kLinear}}),
              "Of --align: the last point by then, the nearest, or numbers in between");
  options.add("--tolerance", arguments.alignment.tolerance,
              option_type::or_word(option_type::seconds<std::chrono::nanoseconds>({0, 1e9}),
                                   std::string("any")),
              "Of --align: nothing of what lies further away");
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
  add_format_options(*options, a->output);
  add_row_options(*options, *a);
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
