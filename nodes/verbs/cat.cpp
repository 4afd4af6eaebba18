#include <fmt/format.h>

#include <algorithm>

#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/nested_fields.hpp"
#include "nodes/none_true.hpp"
#include "nodes/number_text.hpp"
#include "nodes/open_bags.hpp"
#include "nodes/print_point.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/read/index_cursor.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/read/playlist.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  SelectionArguments selection;
  std::vector<std::string> bags;
  std::optional<std::uint64_t> start_index;
  bool reverse = false;
  bool quiet = false;
  PointStyle style;
};

// What points by index can not do would be ignored.
Status check_by_index(const Arguments& arguments, const Playlist& playlist) {
  const SelectionArguments& selection = arguments.selection;
  if (selection.tracks.size() != 1 || selection.tracks.front().find('*') != std::string::npos)
    return fail(ErrorCode::kInvalid, "--start-index needs exactly one --track NAME");
  if (playlist.summaries().size() != 1)
    return fail(ErrorCode::kInvalid, "--start-index counts points of a track in one bag: name it");
  const std::vector<std::pair<const char*, bool>> others = {
      {"--start", !selection.start.empty()},
      {"--end", !selection.end.empty()},
      {"--duration", selection.duration.has_value()},
      {"--exclude", !selection.excluded.empty()},
      {"--reverse", arguments.reverse}};
  for (const auto& [name, is_given] : others) {
    if (is_given)
      return fail(
          ErrorCode::kInvalid,
          fmt::format("--start-index counts points of a track: it does not go with {}", name));
  }
  return {};
}

// Of a track that has no point of that index, how many it has.
int show_too_far(const std::string& track, const Playlist& playlist) {
  std::uint64_t points = 0;
  for (const TrackRecord& one : playlist.summaries().front().tracks) {
    if (one.name == track) points = one.total();
  }
  say_always("zbag cat: no point is chosen: {} has {}, and the first has index 0\n",
             printable(track), amount_text(points, "point"));
  return kExitLossy;
}

// cli.md: exit 3 says that nothing was selected; a bag without a point has given all it has.
int end_of(std::uint64_t printed, const Arguments& arguments, const Playlist& playlist) {
  if (printed > 0 || playlist.points() == 0) return kExitDone;
  return arguments.start_index ? show_too_far(arguments.selection.tracks.front(), playlist)
                               : show_none_true("cat", arguments.selection, playlist.summaries());
}

// Prints what the cursor gives, until it is enough or somebody stops it. The bag may be a
// stranger's: what is damaged is left out and told of.
template <class Cursor>
int print_points(Cursor& cursor, const Arguments& arguments, const Playlist& playlist,
                 PointPrinter& printer) {
  IntactPoints points(cursor, [&](const std::string& text) {
    if (!arguments.quiet) warn("cat", text);
  });
  const std::uint64_t limit = arguments.selection.limit;
  const std::optional<PointCondition>& where = arguments.selection.where;
  std::uint64_t printed = 0;
  bool is_stopped = false;
  while (limit == 0 || printed < limit) {
    is_stopped = StopSignal::wanted();
    if (is_stopped) break;
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) {
      printer.flush();  // what can be read before it
      return show("cat", point.error());
    }
    if (!*point) break;
    const PointView& view = **point;
    if (where && !where->matches(view.track, open_map(view.map).value(), view.stamp())) continue;
    if (!printer.print(view.track, view.stamp(), view.map, view.given_src(), view.given_seq()))
      return printer.exit_code("cat");
    ++printed;
  }
  if (!printer.flush()) return printer.exit_code("cat");
  const int exit_code = points.left_out() > 0 ? kExitDamaged : kExitDone;
  if (is_stopped)
    return std::max(exit_code,
                    show("cat", {ErrorCode::kClosed,
                                 fmt::format("stopped after {}", amount_text(printed, "point"))}));
  return exit_code == kExitDone ? end_of(printed, arguments, playlist) : exit_code;
}

int print_by_index(const Arguments& arguments, const Playlist& playlist, PointPrinter& printer) {
  if (const Status status = check_by_index(arguments, playlist); !status)
    return show("cat", status.error());
  Result<IndexCursor> cursor =
      IndexCursor::open(playlist.readers().front().file(), arguments.selection.tracks.front(),
                        *arguments.start_index);
  if (!cursor) return show("cat", cursor.error());
  return print_points(*cursor, arguments, playlist, printer);
}

int run(const Arguments& arguments) {
  if (const Status status = check_style(arguments.style); !status)
    return show("cat", status.error());
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("cat"));
  if (!bags) return show("cat", bags.error());
  int opened = kExitDone;
  Result<Playlist> playlist = open_bags("cat", *bags, opened);
  if (!playlist) return show("cat", playlist.error());
  Result<BagReader::Selection> selection =
      choose("cat", arguments.selection, playlist->summaries(), SystemTracks::kButOriginals);
  if (!selection) return show_unchosen("cat", selection.error());
  if (const Status known =
          check_nested_columns("cat", arguments.selection.columns, *playlist, *selection);
      !known)
    return show_unchosen("cat", known.error());
  if (const std::optional<PointCondition>& where = arguments.selection.where) {
    const Status known = check_nested_fields("cat", *where, *playlist, *selection);
    if (!known) return show_unchosen("cat", known.error());
  }
  PointPrinter printer(arguments.style, arguments.selection.columns);
  if (arguments.start_index) return std::max(opened, print_by_index(arguments, *playlist, printer));
  selection->reverse = arguments.reverse;
  if (Status status = playlist->select(*selection); !status) return show("cat", status.error());
  return std::max(opened, print_points(*playlist, arguments, *playlist, printer));
}

}  // namespace

Verb add_cat(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "cat", "Prints points as JSON lines in order of time",
                                    "zbag cat day.zbag --track 'laser/**' --start +10 --limit 5");
  auto a = std::make_shared<Arguments>();
  add_bags(*options, a->bags, "Bags to read, merged by _ts");
  add_selection(*options, a->selection);
  add_where(*options, a->selection);
  options->begin(OptionGroup::kSelection);
  options->add("--start-index", a->start_index, option_type::count<std::uint64_t>("N", {0, 1e18}),
               "From this index on; needs exactly one --track");
  options->add_flag("--reverse", a->reverse, "Latest first");
  options->begin(OptionGroup::kOutput);
  add_point_style(*options, a->style);
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
