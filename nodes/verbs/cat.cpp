#include <fmt/format.h>

#include "nodes/bag_paths.hpp"
#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/print_point.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/read/playlist.hpp"

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

// Points of one track by index, a page at a time. False when stdout takes no more.
Result<bool> print_pages(const BagReader& reader, const Arguments& arguments, PointPrinter& printer,
                         std::uint64_t& printed) {
  const std::string& track = arguments.selection.tracks.front();
  std::uint64_t index = *arguments.start_index;
  std::uint64_t left = arguments.selection.limit == 0 ? UINT64_MAX : arguments.selection.limit;
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
Status check_pages(const Arguments& arguments, const Playlist& playlist) {
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
int exit_code_of(std::uint64_t printed, const Playlist& playlist) {
  return printed > 0 || playlist.points() == 0 ? kExitDone : show_nothing_chosen("cat");
}

int print_by_index(const Arguments& arguments, const Playlist& playlist, PointPrinter& printer) {
  if (const Status status = check_pages(arguments, playlist); !status)
    return show("cat", status.error());
  std::uint64_t count = 0;
  const Result<bool> printed = print_pages(playlist.readers().front(), arguments, printer, count);
  if (!printed) return show("cat", printed.error());
  return *printed ? exit_code_of(count, playlist) : printer.exit_code("cat");
}

int print_by_time(const Arguments& arguments, Playlist& playlist, PointPrinter& printer) {
  std::uint64_t printed = 0;
  IntactPoints points(playlist, [&](const std::string& text) {
    if (!arguments.quiet) warn("cat", text);
  });
  points.end_after(arguments.selection.limit);
  while (!StopSignal::wanted()) {
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
  return StopSignal::wanted() ? kExitDone : exit_code_of(printed, playlist);
}

int run(const Arguments& arguments) {
  if (const Status status = check_style(arguments.style); !status)
    return show("cat", status.error());
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("cat"));
  if (!bags) return show("cat", bags.error());
  Result<Playlist> playlist = Playlist::open(bags->paths);
  if (!playlist) return show("cat", playlist.error());
  Result<BagReader::Selection> selection =
      choose("cat", arguments.selection, playlist->summaries(), SystemTracks::kToo);
  if (!selection) return show_unchosen("cat", selection.error());
  PointPrinter printer(arguments.style, arguments.selection.columns);
  if (arguments.start_index) return print_by_index(arguments, *playlist, printer);
  selection->reverse = arguments.reverse;
  if (Status status = playlist->select(*selection); !status) return show("cat", status.error());
  return print_by_time(arguments, *playlist, printer);
}

}  // namespace

Verb add_cat(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "cat", "Prints points as JSON lines in order of time",
                                    "zbag cat day.zbag --track 'laser/**' --start +10 --limit 5");
  auto a = std::make_shared<Arguments>();
  add_bags(*options, a->bags, "Bags to read, merged by _ts");
  add_selection(*options, a->selection);
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
