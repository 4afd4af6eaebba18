#include <unistd.h>

#include <algorithm>

#include "nodes/bag_fields.hpp"
#include "nodes/bag_paths.hpp"
#include "nodes/bag_text.hpp"
#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/copied_records.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> bags;
  SelectionArguments selection;
  bool json = false;
  bool all = false;
  bool losses = false;
  bool quiet = false;
};

// LMDB ends the process where a tree of its pages leads astray: they are looked at first.
Result<BagReader> open_sound(const std::string& path) {
  const Result<std::uint64_t> pages = check_pages(path);
  if (!pages && pages.error().code == ErrorCode::kDamaged) return tl::unexpected(pages.error());
  return BagReader::open(path);
}

// Of all the bags together, so that each may lack what another has. One that can not be read is
// told when its turn comes.
Result<BagReader::Selection> chosen_of(const Arguments& arguments,
                                       const std::vector<std::string>& paths) {
  const SelectionArguments& asked = arguments.selection;
  if (asked.tracks.empty() && asked.excluded.empty())
    return BagReader::Selection{.all_tracks = true};
  std::vector<BagSummary> bags;
  for (const std::string& path : paths) {
    const Result<BagReader> reader = open_sound(path);
    Result<BagSummary> summary =
        reader ? reader->summary() : Result<BagSummary>(tl::unexpected(reader.error()));
    if (summary) bags.push_back(std::move(*summary));
  }
  if (bags.empty()) return BagReader::Selection{};
  return choose("info", asked, bags, SystemTracks::kToo);
}

// Leaves the chosen tracks alone in `bag`; gives how many it had beside them.
std::size_t leave_out(const BagReader::Selection& selection, BagSummary& bag) {
  if (selection.all_tracks) return 0;
  const std::size_t before = bag.tracks.size();
  BagSummary kept = cut_records(bag, {.selection = selection});
  bag.tracks = std::move(kept.tracks);
  bag.losses = std::move(kept.losses);
  bag.unnamed = kept.unnamed;
  return before - bag.tracks.size();
}

int run(const Arguments& arguments) {
  BagTextOptions options{size_of_terminal(STDOUT_FILENO), arguments.all, arguments.losses};
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("info"));
  if (!bags) return show("info", bags.error());
  const Result<BagReader::Selection> selection = chosen_of(arguments, bags->paths);
  if (!selection) return show_unchosen("info", selection.error());
  int exit_code = kExitDone;
  std::string json;
  for (const std::string& path : bags->paths) {
    if (StopSignal::wanted())
      return std::max(exit_code, show("info", {ErrorCode::kClosed, "stopped before " + path}));
    const Result<BagReader> reader = open_sound(path);
    Result<BagSummary> summary =
        reader ? reader->summary() : Result<BagSummary>(tl::unexpected(reader.error()));
    if (!summary) {
      exit_code = std::max(exit_code, show("info", summary.error()));
      continue;
    }
    if (const Status whole = summary->whole(); !whole)
      exit_code = std::max(exit_code, show("info", whole.error()));
    options.tracks_left_out = leave_out(*selection, *summary);
    const Result<BlockSpread> read = read_block_spread(*reader->file());
    if (!read) exit_code = std::max(exit_code, show("info", read.error()));
    const std::optional<BlockSpread> spread = read ? std::optional(*read) : std::nullopt;
    if (arguments.json) {
      if (!json.empty()) json += ',';
      write_json(Value(bag_fields(*reader, *summary, spread)), json);
    } else if (!arguments.quiet) {
      for (const Line& line : bag_text(*reader, *summary, spread, options)) print_line(line);
    }
  }
  if (arguments.json) print("{}\n", bags->is_list ? "[" + json + "]" : json);
  return exit_code;
}

}  // namespace

Verb add_info(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "info", "Shows what bags hold and what became of every frame", "zbag info day.zbag");
  auto a = std::make_shared<Arguments>();
  add_bags(*options, a->bags, "Bags to look at");
  add_tracks(*options, a->selection.tracks, a->selection.excluded);
  options->begin(OptionGroup::kOutput);
  options->add_flag("--json", a->json, "Prints JSON");
  options->add_flag("--all", a->all,
                    "On a terminal: every track and run, more than a screen of them");
  options->add_flag("--losses", a->losses,
                    "On a terminal: every publisher of which frames are missing");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
