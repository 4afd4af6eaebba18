#include <fmt/format.h>

#include "nodes/errors.hpp"
#include "nodes/print_point.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/read/playlist.hpp"

namespace zbag {
namespace {

struct Arguments {
  SelectionArguments selection;
  std::string bag;
  std::optional<std::uint64_t> start_index;
  std::uint64_t limit = 0;
  bool reverse = false;
  bool quiet = false;
  PointStyle style;
  std::vector<std::string> columns;
};

// Points of one track by index, a page at a time. False when stdout takes no more.
Result<bool> print_pages(const BagReader& reader, const Arguments& arguments, PointPrinter& printer,
                         std::uint64_t& printed) {
  const std::string& track = arguments.selection.tracks.front();
  std::uint64_t index = *arguments.start_index;
  std::uint64_t left = arguments.limit == 0 ? UINT64_MAX : arguments.limit;
  while (left > 0) {
    const Result<Page> page =
        reader.read_page(track, index, std::min<std::uint64_t>(left, kPageDefault));
    if (!page) return tl::unexpected(page.error());
    for (const Point& point : page->points) {
      if (!printer.print(track, point.stamp(), point.fields)) return false;
      ++printed;
    }
    index += page->total;
    left -= page->total;
    if (!page->has_more || page->total == 0) break;
  }
  return printer.flush();
}

// What pages of one track can not do would be ignored.
Status check_pages(const Arguments& arguments) {
  const SelectionArguments& selection = arguments.selection;
  if (selection.tracks.size() != 1)
    return fail(ErrorCode::kInvalid, "--start-index needs exactly one --track NAME");
  const std::vector<std::pair<const char*, bool>> others = {{"--start", !selection.start.empty()},
                                                            {"--end", !selection.end.empty()},
                                                            {"--reverse", arguments.reverse},
                                                            {"--all", arguments.style.all}};
  for (const auto& [name, is_given] : others) {
    if (is_given)
      return fail(
          ErrorCode::kInvalid,
          fmt::format("--start-index counts points of a track: it does not go with {}", name));
  }
  return {};
}

// cli.md: nothing was selected. A bag without a point has given all it has.
int exit_code_of(std::uint64_t printed, const Playlist& playlist, bool is_told) {
  if (printed > 0 || playlist.points() == 0) return kExitDone;
  if (!is_told) say_always("zbag cat: no point is chosen by the tracks and times given\n");
  return kExitLossy;
}

int run(const Arguments& arguments) {
  if (const Status status = check_style(arguments.style); !status)
    return show("cat", status.error());
  Result<Playlist> playlist = Playlist::open({arguments.bag});
  if (!playlist) return show("cat", playlist.error());
  const Result<TrackFilter> filter = TrackFilter::parse(arguments.selection.tracks);
  if (!filter) return show("cat", filter.error());
  // Whoever has been told which track is nowhere need not be told that nothing was chosen.
  const bool is_told = arguments.quiet || warn_unmatched_tracks("cat", arguments.selection.tracks,
                                                                playlist->summaries()) > 0;
  PointPrinter printer(arguments.style, arguments.columns);
  if (arguments.start_index) {
    if (const Status status = check_pages(arguments); !status) return show("cat", status.error());
    const Result<BagReader> reader = BagReader::open(arguments.bag);
    if (!reader) return show("cat", reader.error());
    std::uint64_t count = 0;
    const Result<bool> printed = print_pages(*reader, arguments, printer, count);
    if (!printed) return show("cat", printed.error());
    return *printed ? exit_code_of(count, *playlist, is_told) : printer.exit_code("cat");
  }
  BagReader::Selection selection;
  selection.filter = *filter;
  selection.all_tracks = arguments.selection.tracks.empty();
  selection.reverse = arguments.reverse;
  const Result<TimeRange> range =
      parse_range(arguments.selection.start, arguments.selection.end, playlist->extent());
  if (!range) return show("cat", range.error());
  selection.range = *range;
  if (Status status = playlist->select(selection); !status) return show("cat", status.error());
  std::uint64_t printed = 0;
  IntactPoints points(*playlist, [&](const std::string& text) {
    if (!arguments.quiet) warn("cat", text);
  });
  while (!StopSignal::wanted() && (arguments.limit == 0 || printed < arguments.limit)) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return show("cat", point.error());
    if (!*point) break;
    const PointView& view = **point;
    if (!printer.print(view.track, view.stamp(), view.map, view.given_src(), view.given_seq()))
      return printer.exit_code("cat");
    ++printed;
  }
  if (!printer.flush()) return printer.exit_code("cat");
  if (points.left_out() > 0) return kExitDamaged;
  return StopSignal::wanted() ? kExitDone : exit_code_of(printed, *playlist, is_told);
}

}  // namespace

Verb add_cat(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "cat", "Prints points as JSON lines in order of time",
                                    "zbag cat day.zbag --track 'laser/**' --start +10 --limit 5");
  auto a = std::make_shared<Arguments>();
  options->add("BAG", a->bag, option_type::any_text("BAG"), "Bag to read").required();
  add_track(*options, a->selection.tracks);
  add_range(*options, a->selection.start, a->selection.end);
  options->add("--start-index", a->start_index, option_type::count<std::uint64_t>("N", {0, 1e18}),
               "From this index on; needs exactly one --track");
  options->add("--limit", a->limit, option_type::count<std::uint64_t>("N", {0, 1e18}),
               "Stops after so many points; 0: at the end");
  options->add_flag("--reverse", a->reverse, "Latest first");
  add_columns(*options, "--columns", a->columns,
              "Only these fields (nested ones as a.b), separated by commas");
  add_point_style(*options, a->style);
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
