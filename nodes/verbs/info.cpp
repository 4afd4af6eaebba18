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

struct OpenBag {
  static Result<OpenBag> open(const std::string& path) {
    Result<BagReader> reader = BagReader::open(path);
    if (!reader) return tl::unexpected(reader.error());
    Result<BagSummary> summary = reader->summary();
    if (!summary) return tl::unexpected(summary.error());
    return OpenBag{std::move(*reader), std::move(*summary)};
  }

  BagReader reader;
  BagSummary summary;
};

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

// Text is printed; JSON is added to `json`. Gives the exit code.
int show_bag(OpenBag bag, const BagReader::Selection& selection, const Arguments& arguments,
             std::string& json) {
  BagSummary& summary = bag.summary;
  int exit_code = kExitDone;
  if (const Status whole = summary.whole(); !whole) exit_code = show("info", whole.error());
  const BagTextOptions options{size_of_terminal(STDOUT_FILENO), arguments.all, arguments.losses,
                               leave_out(selection, summary)};
  const Result<BlockSpread> read = read_block_spread(*bag.reader.file());
  if (!read) exit_code = std::max(exit_code, show("info", read.error()));
  const std::optional<BlockSpread> spread = read ? std::optional(*read) : std::nullopt;
  if (arguments.json) {
    if (!json.empty()) json += ',';
    write_json(Value(bag_fields(bag.reader, summary, spread)), json);
  } else if (!arguments.quiet) {
    for (const Line& line : bag_text(bag.reader, summary, spread, options)) print_line(line);
  }
  return exit_code;
}

int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags, warner("info"));
  if (!bags) return show("info", bags.error());
  const auto show_stopped = [](const std::string& path) {
    return show("info", {ErrorCode::kClosed, "stopped before " + path});
  };
  Result<BagReader::Selection> selection = BagReader::Selection{.all_tracks = true};
  std::vector<Result<OpenBag>> ahead;  // all of them, where what is chosen hangs on all
  if (arguments.selection.names_tracks()) {
    std::vector<BagSummary> summaries;
    for (const std::string& path : bags->paths) {
      if (StopSignal::wanted()) return show_stopped(path);
      const auto& bag = ahead.emplace_back(OpenBag::open(path));
      summaries.push_back(bag ? bag->summary : unread_bag(path, bag.error()));
    }
    selection = choose_tracks("info", arguments.selection, summaries);
  }
  if (!selection) return show_unchosen("info", selection.error());
  int exit_code = kExitDone;
  std::string json;
  for (std::size_t i = 0; i < bags->paths.size(); ++i) {
    const std::string& path = bags->paths[i];
    if (StopSignal::wanted()) return std::max(exit_code, show_stopped(path));
    Result<OpenBag> bag = ahead.empty() ? OpenBag::open(path) : std::move(ahead[i]);
    exit_code = std::max(exit_code, bag ? show_bag(std::move(*bag), *selection, arguments, json)
                                        : show("info", bag.error()));
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
