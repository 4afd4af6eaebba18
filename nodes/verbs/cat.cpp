#include <fmt/format.h>

#include "nodes/errors.hpp"
#include "nodes/print_point.hpp"
#include "nodes/stop_signal.hpp"
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
  bool all = false;
  bool quiet = false;
  PointFormat format = PointFormat::kJson;
  std::vector<std::string> columns;
};

// Points of one track by index, a page at a time. False when stdout takes no more.
Result<bool> print_pages(const BagReader& reader, const Arguments& arguments,
                         PointPrinter& printer) {
  const std::string& track = arguments.selection.tracks.front();
  std::uint64_t index = *arguments.start_index;
  std::uint64_t left = arguments.limit == 0 ? UINT64_MAX : arguments.limit;
  while (left > 0) {
    const Result<Page> page =
        reader.read_page(track, index, std::min<std::uint64_t>(left, kPageDefault));
    if (!page) return tl::unexpected(page.error());
    for (const Point& point : page->points) {
      if (!printer.print(track, point.stamp(), point.fields)) return false;
    }
    index += page->total;
    left -= page->total;
    if (!page->has_more || page->total == 0) break;
  }
  return printer.flush();
}

int run(const Arguments& arguments) {
  Result<Playlist> playlist = Playlist::open({arguments.bag});
  if (!playlist) return show("cat", playlist.error());
  const Result<TrackFilter> filter = TrackFilter::parse(arguments.selection.tracks);
  if (!filter) return show("cat", filter.error());
  if (!arguments.quiet)
    warn_unmatched_tracks("cat", arguments.selection.tracks, playlist->summaries());
  PointPrinter printer(arguments.format, arguments.columns, arguments.all);
  if (arguments.start_index) {
    if (arguments.selection.tracks.size() != 1)
      return show("cat", {ErrorCode::kInvalid, "--start-index needs exactly one --track NAME"});
    const Result<BagReader> reader = BagReader::open(arguments.bag);
    if (!reader) return show("cat", reader.error());
    const Result<bool> printed = print_pages(*reader, arguments, printer);
    if (!printed) return show("cat", printed.error());
    return *printed ? kExitDone : printer.exit_code("cat");
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
  return points.left_out() > 0 ? kExitDamaged : kExitDone;
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
  add_point_format(*options, a->format);
  options->add_flag("--all", a->all, "Shows _src and _seq too");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
