#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "nodes/bag_paths.hpp"
#include "nodes/choice.hpp"
#include "nodes/diff_text.hpp"
#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/terminal_size.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/query/diff/bag_diff.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

struct Arguments {
  DiffedBags bags;
  SelectionArguments selection;
  std::optional<double> tolerance;
  std::optional<std::uint64_t> limit;  // 0: none
  bool json = false;
  bool quiet = false;
};

struct OpenBag {
  BagReader reader;
  BagSummary summary;
};

// A folder stands for the one bag in it.
Result<OpenBag> open(const std::string& named) {
  const Result<BagPaths> found = find_bags({named}, warner("diff"));
  if (!found) return tl::unexpected(found.error());
  if (found->paths.size() != 1)
    return fail(ErrorCode::kInvalid, fmt::format("{} holds {}: name one of them", named,
                                                 amount_text(found->paths.size(), "bag")));
  Result<BagReader> reader = BagReader::open(found->paths.front());
  if (!reader) return tl::unexpected(reader.error());
  Result<BagSummary> summary = reader->summary();
  if (!summary) return tl::unexpected(summary.error());
  return OpenBag{std::move(*reader), std::move(*summary)};
}

// The differences that are shown, of all there are.
class Told {
 public:
  // On a terminal half of it is theirs.
  Told(const Arguments& arguments, const std::optional<TerminalSize>& terminal)
      : is_json_(arguments.json) {
    constexpr std::size_t kInPipe = 20;
    const std::size_t usual = terminal ? std::max<std::size_t>(terminal->rows / 2, 4) : kInPipe;
    const std::uint64_t limit = arguments.limit.value_or(arguments.json ? 0 : usual);
    limit_ = limit == 0 ? UINT64_MAX : limit;
    if (arguments.quiet) limit_ = 0;
  }

  // False: no more of them.
  bool take(const Difference& difference) {
    has_more_ = told_ == limit_;
    if (has_more_) return false;
    ++told_;
    if (is_json_) {
      print("{}\n", difference_json(difference));
      return std::ferror(stdout) == 0;
    }
    lines_.push_back(difference_line(difference));
    return true;
  }

  const std::vector<Line>& lines() const { return lines_; }
  bool has_more() const { return has_more_; }

 private:
  const bool is_json_;
  std::uint64_t limit_ = 0;
  std::uint64_t told_ = 0;
  bool has_more_ = false;
  std::vector<Line> lines_;
};

void print_text_of(const Arguments& arguments, const BagDiff& diff, const Told& told,
                   const std::optional<TerminalSize>& terminal) {
  // The head, titles, the blank line, what is left out twice, the prompt.
  constexpr std::size_t kLinesBeside = 6;
  const std::size_t used = kLinesBeside + told.lines().size();
  const std::size_t tracks_max = !terminal               ? SIZE_MAX
                                 : terminal->rows > used ? terminal->rows - used
                                                         : 1;
  const auto print_cut = [&](const Line& line) {
    print_line(terminal ? cut(line, terminal->columns) : line);
  };
  print_line(diff_head(arguments.bags, diff));
  for (const Line& line : diff_table(diff, terminal, tracks_max)) print_line(line);
  if (!told.lines().empty()) print("\n");
  for (const Line& line : told.lines()) print_cut(line);
  if (told.has_more())
    print_cut({{"there are more: --limit 0 prints all, --json as lines of JSON", Tone::kFaint}});
}

DiffOptions options_of(const Arguments& arguments, const BagReader::Selection& selection) {
  return {selection, !arguments.selection.tracks.empty(), excluded_tracks(arguments.selection),
          arguments.selection.columns, arguments.tolerance};
}

int run(const Arguments& arguments) {
  Result<OpenBag> a = open(arguments.bags.a);
  if (!a) return show("diff", a.error());
  Result<OpenBag> b = open(arguments.bags.b);
  if (!b) return show("diff", b.error());
  const std::vector<BagSummary> summaries{a->summary, b->summary};
  const Result<BagReader::Selection> selection =
      choose("diff", arguments.selection, summaries, SystemTracks::kToo);
  if (!selection) return show_unchosen("diff", selection.error());
  const std::optional<TerminalSize> terminal = size_of_terminal(STDOUT_FILENO);
  Told told(arguments, terminal);
  Result<BagDiff> diff = fail(ErrorCode::kClosed, "");
  {
    ProgressBar bar("diff", arguments.quiet || arguments.json);
    diff = diff_bags(a->reader, b->reader, options_of(arguments, *selection),
                     {[&](const Difference& difference) { return told.take(difference); },
                      [&](double share) {
                        bar.show(share);
                        return !StopSignal::wanted();
                      },
                      warner("diff")});
  }
  if (!diff) return show("diff", diff.error());
  if (diff->tracks.empty() && diff->is_equal() && extent_of(summaries))
    return show_nothing_chosen("diff", extent_of(summaries));
  if (arguments.json) {
    std::string text;
    write_json(Value(diff_fields(arguments.bags, *diff)), text);
    print("{}\n", text);
  } else if (!arguments.quiet) {
    print_text_of(arguments, *diff, told, terminal);
  }
  return diff->is_equal() ? kExitDone : kExitLossy;
}

}  // namespace

Verb add_diff(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "diff",
      "Compares two bags, point by point and field by field; exits with 3 where they "
      "differ",
      "zbag diff day.zbag replayed.zbag --tolerance 1e-6");
  auto a = std::make_shared<Arguments>();
  options->add("A", a->bags.a, option_type::any_text("BAG"), "Bag that says what is expected")
      .required();
  options->add("B", a->bags.b, option_type::any_text("BAG"), "Bag that is held against it")
      .required();
  options->add("--tolerance", a->tolerance, option_type::number("N", {0.0, 1e300}),
               "How far apart two numbers may lie, in lists, too, and int beside float; without it "
               "values and types must be equal");
  add_tracks(*options, a->selection.tracks, a->selection.excluded);
  add_times(*options, a->selection);
  add_columns(*options, a->selection.columns);
  options->begin(OptionGroup::kOutput);
  options->add("--limit", a->limit, option_type::count<std::uint64_t>("N", {0, 1e18}),
               "Differences that are printed, of all that are counted; 0: all [with --json all, on "
               "a terminal half of it, else 20]");
  options->add_flag("--json", a->json,
                    "Prints a line of JSON for each difference, then one for the bags");
  options->add_loudness(a->quiet);
  options->explain(
      {"What is compared",
       {{"points", "paired by track and _ts in ns, those of one stamp in their order"},
        {"fields", "by name, nested ones as pose.x; their order in a map does not matter"},
        {"values", "with their types: 1 is not 1.0 without --tolerance; NaN is NaN"},
        {"schemas", "what tracks mean (zbag schema), the newest of both"},
        {"not",
         "arrival, _src, _seq, losses, runs, attachments, nor the formats that tracks came in, "
         "unless --track names _sys/original/**; what is damaged is told of"}}});
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
