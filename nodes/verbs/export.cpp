#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/nested_fields.hpp"
#include "nodes/none_true.hpp"
#include "nodes/number_text.hpp"
#include "nodes/open_bags.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/timings_options.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/exports/exporter.hpp"
#include "player/exports/output_format.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// As option_type::one_of() takes them.
std::vector<std::pair<std::string, std::string>> formats() {
  std::vector<std::pair<std::string, std::string>> named{{"by-name", ""}};
  for (const FormatHelp& format : export_formats()) named.emplace_back(format.name, format.name);
  return named;
}

HelpSection format_section() {
  HelpSection section{"Formats", {}};
  for (const FormatHelp& format : export_formats()) {
    section.entries.push_back(
        {format.name, format.options.empty()
                          ? format.what
                          : fmt::format("{}; with {}", format.what, format.options)});
  }
  return section;
}

std::string of(const char* option, const char* text) {
  return fmt::format("{}: {}", formats_with(option), text);
}

struct Arguments {
  SelectionArguments selection;
  std::vector<std::string> bags;
  ExportOptions output;
  bool is_forced = false;
  Alignment alignment;
  std::string expanded = "none";  // or "suffix"
  TimingsArguments timings;
  bool quiet = false;
};

// Rows of several tracks are chosen of by names that say of which. REQUIRES: the format is known.
SelectionArguments choice_of(const Arguments& arguments) {
  SelectionArguments selection = arguments.selection;
  selection.has_track_columns = !arguments.alignment.track.empty();
  selection.time_name = time_name_of(arguments.output);
  return selection;
}

Status check(const Arguments& arguments, const OptionTable& options, const Playlist& playlist) {
  if (arguments.is_forced && is_one_of(arguments.output.out, playlist)) {
    return fail(ErrorCode::kExists, fmt::format("{} is the bag that is read; choose another name",
                                                printable(arguments.output.out)));
  }
  for (const char* name : {"how", "tolerance"}) {
    const bool is_aligned =
        !arguments.alignment.track.empty() || aligns_itself(arguments.output.format);
    if (is_aligned || !options.is_given(name)) continue;
    return fail(ErrorCode::kInvalid, fmt::format("--{} says how --align TRACK does it: give that, "
                                                 "or leave --{} out",
                                                 name, name));
  }
  if (aligns_itself(arguments.output.format) && !arguments.selection.columns.empty()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("--columns does not go with {}, whose rows have the fields of several "
                            "tracks; choose with --track and --exclude",
                            arguments.output.format));
  }
  return {};
}

ExportChoice export_choice(const Arguments& arguments, const BagReader::Selection& selection,
                           const ExportOptions& output) {
  const bool is_by_exporter = aligns_itself(output.format);
  ExportChoice choice{.selection = selection,
                      .columns = arguments.selection.columns,
                      .where = arguments.selection.where,
                      .limit = arguments.selection.limit,
                      .excluded = excluded_tracks(arguments.selection)};
  if (output.is_aligned && !is_by_exporter) choice.align = arguments.alignment;
  choice.expands_arrays = output.expands_arrays || is_by_exporter;
  return choice;
}

ExportOptions export_options(const Arguments& arguments) {
  ExportOptions output = arguments.output;
  output.is_aligned = !arguments.alignment.track.empty();
  output.alignment = arguments.alignment;
  output.expands_arrays = arguments.expanded == "suffix";
  output.existing = existing_with(arguments.is_forced);
  return output;
}

// The format, where the output's name tells it.
Status complete_output(Arguments& arguments) {
  ExportOptions& output = arguments.output;
  if (output.format.empty()) output.format = format_by_name(output.out);
  if (!output.format.empty()) return {};
  std::vector<std::string> names;
  for (const FormatHelp& format : export_formats()) names.push_back(format.name);
  return fail(ErrorCode::kInvalid, fmt::format("{} tells no format: give --format F, one of: {}",
                                               printable(output.out), fmt::join(names, ", ")));
}

// Notices are of an output that is there.
void tell(const std::vector<Remark>& remarks, bool has_notices) {
  for (const Remark& remark : remarks) {
    if (remark.kind == Remark::Kind::kWarning) {
      warn("export", remark.what);
    } else if (has_notices) {
      say("zbag export: {}\n", remark.what);
    }
  }
}

// What has become of it; `opened` is what became of opening the bags.
int tell(const Arguments& arguments, const Status& written, const ExportReport& report,
         const Playlist& playlist, int opened) {
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
  if (report.points == 0 && report.left_out == 0 && playlist.points() > 0)
    return std::max(opened, show_none_true("export", arguments.selection, playlist.summaries()));
  const int told = report.tracks_given_up > 0 ? std::max<int>(opened, kExitLossy) : opened;
  if (report.left_out == 0) return told;
  warn("export", fmt::format("left out {}", amount_text(report.left_out, "damaged point")));
  return kExitDamaged;
}

// Measured where there is a log, which is told when it went well.
Status write(Exporter& exporter, ExportSource& source, const ExportOptions& output,
             std::optional<TimingLog>& log) {
  PhaseTimer timer({"read", "encode", "write"});
  if (log) source.measure(timer);
  Status written = source.check();
  if (written && !output.is_aligned && !aligns_itself(output.format))
    written = source.leave_out_without_points();
  if (written) {
    const auto writing = phase_of(log ? &timer : nullptr, "write");
    written = exporter.write(source);
  }
  if (log && written)
    log_run("export", *log, output.out, timer.timings(),
            {{"format", output.format}, {"points", source.report().points}});
  return written;
}

int run(const Arguments& arguments, const OptionTable& options) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("export"));
  if (!bags) return show("export", bags.error());
  int opened = kExitDone;
  Result<Playlist> playlist = open_bags("export", *bags, opened);
  if (!playlist) return show("export", playlist.error());
  if (const Status status = check(arguments, options, *playlist); !status)
    return show("export", status.error());
  const Result<BagReader::Selection> selection =
      choose("export", choice_of(arguments), playlist->summaries(), SystemTracks::kWhenNamed);
  if (!selection) return show_unchosen("export", selection.error());
  if (const Status known =
          check_nested_columns("export", arguments.selection.columns, *playlist, *selection);
      !known)
    return show_unchosen("export", known.error());
  if (const std::optional<PointCondition>& where = arguments.selection.where) {
    const Status known = check_nested_fields("export", *where, *playlist, *selection);
    if (!known) return show_unchosen("export", known.error());
  }
  const ExportOptions output = export_options(arguments);
  const Result<std::unique_ptr<Exporter>> exporter = make_exporter(output);
  if (!exporter) return show("export", exporter.error());
  Result<std::optional<TimingLog>> log = open_timings("export", arguments.timings);
  if (!log) return show("export", log.error());
  ProgressBar bar("export", arguments.quiet);
  AlikeRemarks alike;
  const auto total = static_cast<double>(std::max<std::uint64_t>(1, playlist->points()));
  ExportSource source(
      *playlist, export_choice(arguments, *selection, output),
      [&](std::uint64_t done) {
        bar.show(static_cast<double>(done) / total);
        return !StopSignal::wanted();
      },
      [&](const Remark& remark) {
        if (remark.kind == Remark::Kind::kWarning && remark.which.empty())
          return warn("export", remark.what);
        alike.add(remark);
      });
  Status written = write(**exporter, source, output, *log);
  bar.clear();
  tell(alike.take(), written && !arguments.quiet);
  return tell(arguments, written, source.report(), *playlist, opened);
}

void add_format_options(OptionTable& options, ExportOptions& output) {
  options.add(
      "--layout", output.layout,
      option_type::one_of<ExportLayout>("L", {{"by-name", ExportLayout::kByName},
                                              {"neutral", ExportLayout::kNeutral},
                                              {"rows", ExportLayout::kRows}}),
      of("--layout", "neutral (one file that import and pub read) or rows (a file a track)"));
  options.add("--binary", output.binary,
              option_type::one_of<BinaryAs>("B", {{"by-format", BinaryAs::kByFormat},
                                                  {"base64", BinaryAs::kBase64},
                                                  {"hex", BinaryAs::kHex},
                                                  {"files", BinaryAs::kFiles}}),
              of("--binary", "bytes as base64, as hex, or in files beside the output"));
  options.add("--codec", output.codec,
              option_type::one_of<VideoCodec>(
                  "C", {{"h264", VideoCodec::kH264}, {"av1", VideoCodec::kAv1}}),
              of("--codec", "h264 (the default) or av1"));
  options.add(
      "--encoding", output.encoding,
      option_type::one_of<std::string>(
          "E", {{"by-format", ""}, {"json", "json"}, {"cdr", "cdr"}, {"msgpack", "msgpack"}}),
      of("--encoding", "json (the default), cdr (ROS 2 messages) or msgpack"));
  options.add("--compression", output.compression, option_type::any_text("C"),
              of("--compression", "one of those below, or none"));
  options.add(
      "--compression-level", output.level,
      option_type::or_word(option_type::count<unsigned>("N", {1, 100}), std::string("default")),
      "Of the compression: the higher, the smaller and slower");
  options
      .add_list("--partition-by", output.partition_by, option_type::any_text("A,B"),
                of("--partition-by", "a folder for each run, track, date, hour, in that order"))
      .comma_separated();
}

// Of formats that have tracks as tables.
void add_row_options(OptionTable& options, Arguments& arguments) {
  options.add(
      "--expand-arrays", arguments.expanded,
      option_type::one_of<std::string>("E", {{"none", "none"}, {"suffix", "suffix"}}),
      of("--expand-arrays", "lists of numbers as columns NAME_x, _y, _z; longer NAME_0, _1..."));
  options.add(
      "--align", arguments.alignment.track, option_type::any_text("TRACK"),
      of("--align",
         "a row for each point of this track, with what the others had then, as TRACK.FIELD; "
         "--columns takes that, TRACK, or FIELD of all that have it; lerobot: a frame"));
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
  options->add("--format", a->output.format, option_type::one_of<std::string>("F", formats()),
               "What to write, as below; by-name: what the end of OUT tells, as .csv");
  options->add_flag("--force", a->is_forced,
                    "Replace files of the names that are written; other files of a folder stay");
  add_selection(*options, a->selection);
  add_where(*options, a->selection);
  add_timings_options(*options, a->timings);
  add_format_options(*options, a->output);
  add_row_options(*options, *a);
  options->add_loudness(a->quiet);
  options->explain(format_section());
  options->explain({"Where nothing is chosen",
                    {{"of a track", "It is left out where others have points, as a notice says"},
                     {"of all", "The format's empty shape is written, and the exit code is 3"}}});
  const OptionTable& table = *options;
  return {std::move(options), [a, &table] {
            const Status complete = complete_output(*a);
            return complete ? run(*a, table) : show("export", complete.error());
          }};
}

}  // namespace zbag
