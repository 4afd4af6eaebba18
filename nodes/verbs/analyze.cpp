#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "nodes/analysis.hpp"
#include "nodes/bag_fields.hpp"
#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/field_choice.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/open_bags.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/query/plot/gnuplot.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

using Function = AnalysisFunction;

const option_type::Words<Function>& functions() {
  static const option_type::Words<Function> kWords{{"moving-average", Function::kMovingAverage},
                                                   {"anomalies", Function::kAnomalies},
                                                   {"trends", Function::kTrends},
                                                   {"percentiles", Function::kPercentiles},
                                                   {"correlation", Function::kCorrelation},
                                                   {"distribution", Function::kDistribution},
                                                   {"top-values", Function::kTopValues}};
  return kWords;
}

std::string name_of(Function function) {
  return functions()[static_cast<std::size_t>(function)].first;
}

// Of a word that stands where the function does and is none, what to write.
Result<Function> parse_function(const std::string& word, const std::string& bag) {
  Result<Function> function = option_type::one_of<Function>("FUNCTION", functions()).parse(word);
  if (function) return function;
  if (std::ranges::find(functions(), bag, &std::pair<std::string, Function>::first) !=
      functions().end())
    return fail(ErrorCode::kInvalid, "BAG comes first, then FUNCTION");
  if (word.ends_with(".zbag")) return fail(ErrorCode::kInvalid, "several bags: a folder of them");
  return function;
}

// Options that mean something to some functions alone.
struct OwnedOption {
  const char* name;
  std::vector<Function> owners;
};
const std::vector<OwnedOption>& owned_options() {
  static const std::vector<OwnedOption> kOwned{
      {"window", {Function::kMovingAverage, Function::kTrends}},
      {"mode", {Function::kMovingAverage}},
      {"threshold", {Function::kAnomalies}},
      {"eps", {Function::kTrends}},
      {"percentiles", {Function::kPercentiles}},
      {"with", {Function::kCorrelation}},
      {"tolerance", {Function::kCorrelation}},
      {"bins", {Function::kDistribution}},
      {"group-by", {Function::kTopValues}},
      {"top", {Function::kTopValues}},
      {"intervals",
       {Function::kMovingAverage, Function::kAnomalies, Function::kTrends, Function::kPercentiles,
        Function::kDistribution}}};
  return kOwned;
}

struct Arguments {
  SelectionArguments selection;
  std::string bag;
  AnalysisRequest request;
  std::string track;
  std::string field;
  bool intervals = false;
  std::chrono::nanoseconds window{std::chrono::seconds{1}};
  std::chrono::nanoseconds tolerance{0};
  std::string with;
  std::string group;
  std::string picture;
  bool is_forced = false;  // to replace one that is there
  bool json = false;
  bool quiet = false;
};

// Nothing is given that the function has no use for, and all that it needs.
Status check(const Arguments& arguments, const OptionTable& options) {
  const Function function = arguments.request.function;
  for (const OwnedOption& owned : owned_options()) {
    const bool is_mine =
        std::find(owned.owners.begin(), owned.owners.end(), function) != owned.owners.end();
    if (!options.is_given(owned.name) || is_mine) continue;
    std::vector<std::string> owners;
    for (const Function owner : owned.owners) owners.push_back(name_of(owner));
    return fail(ErrorCode::kInvalid,
                fmt::format("--{} is of {}, and means nothing to {}", owned.name,
                            alternatives(owners), name_of(function)));
  }
  if (arguments.intervals && !arguments.field.empty())
    return fail(ErrorCode::kInvalid, "--intervals looks at no field: leave one of them out");
  const bool has_field =
      arguments.intervals || !arguments.field.empty() || !arguments.group.empty();
  if (!has_field) return fail(ErrorCode::kInvalid, "--field is required: whose numbers to look at");
  if (function == Function::kCorrelation && arguments.with.empty())
    return fail(ErrorCode::kInvalid, "correlation needs --with FIELD or --with TRACK:FIELD");
  if (arguments.picture.empty() && arguments.is_forced)
    return fail(ErrorCode::kInvalid, "--force is of --plot OUT: give that, or leave --force out");
  return arguments.picture.empty()
             ? Status()
             : check_picture(arguments.picture, existing_with(arguments.is_forced));
}

// The field, and what it is compared with or counted by.
struct Chosen {
  ChosenFields own;
  std::optional<ChosenFields> other;
};

Result<Chosen> choose_all(const Arguments& arguments, const Playlist& bags) {
  const auto choose = [&](const NamedFields& named) {
    return choose_fields("analyze", arguments.selection, bags, named);
  };
  NamedFields own{arguments.track, {}};
  for (const std::string& field : {arguments.field, arguments.group}) {
    if (!field.empty()) own.fields.push_back(field);
  }
  Result<ChosenFields> chosen = choose(own);
  if (!chosen) return tl::unexpected(chosen.error());
  if (arguments.with.empty()) return Chosen{std::move(*chosen), std::nullopt};
  Result<NamedFields> with = NamedFields{arguments.track, {arguments.with}};
  if (arguments.with.find(':') != std::string::npos)
    with = parse_track_fields(arguments.with, track_names(bags.summaries()));
  if (!with) return tl::unexpected(with.error());
  if (with->fields.size() > 1) return fail(ErrorCode::kInvalid, "--with takes one field");
  if (with->track == arguments.track && arguments.tolerance.count() > 0)
    return fail(ErrorCode::kInvalid,
                fmt::format("--tolerance pairs points of two tracks: both fields are of {}",
                            printable(arguments.track)));
  Result<ChosenFields> other = choose(*with);
  if (!other) return tl::unexpected(other.error());
  return Chosen{std::move(*chosen), std::move(*other)};
}

Fields skipped_fields(const Skipped& skipped) {
  return {{"absent", skipped.absent},
          {"null", skipped.nil},
          {"not_numbers", skipped.not_numbers},
          {"nan", skipped.nan},
          {"infinite", skipped.infinite}};
}

class AnalyzeRun {
 public:
  AnalyzeRun(const Arguments& arguments, const Playlist& bags, Chosen chosen)
      : arguments_(arguments),
        bags_(bags),
        chosen_(std::move(chosen)),
        request_(arguments.request) {
    request_.window = arguments.window.count();
    request_.tolerance = arguments.tolerance.count();
    if (!arguments.picture.empty()) request_.axis = chosen_.own.axis;
    if (chosen_.other) request_.other = {chosen_.other->track, chosen_.other->fields[0]};
    if (request_.function == Function::kTopValues) request_.group = chosen_.own.fields.back();
    name_ = arguments.intervals ? "seconds between points" : arguments.field;
  }

  int run() {
    ProgressBar bar("analyze", arguments_.quiet);
    TrackAnalytics::Query query{chosen_.own.track, chosen_.own.range};
    if (!arguments_.intervals && !is_counted_alone()) query.field = chosen_.own.fields[0];
    query.warn = warner("analyze");
    query.go_on = [&](std::int64_t key) {
      const TimeRange axis = chosen_.own.axis;
      bar.show(seconds_between(axis.first, key) /
               std::max(seconds_between(axis.first, axis.last), 1e-9));
      return !StopSignal::wanted() && AnalysisReport::is_read();
    };
    TrackAnalytics analytics(bags_.readers(), std::move(query));
    AnalysisReport report(arguments_.json, head());
    const Result<AnalysisOutcome> outcome = analyze(analytics, request_, name_, report);
    bar.clear();
    if (!outcome) {
      const bool is_unread = outcome.error().code == ErrorCode::kClosed && !StopSignal::wanted();
      return is_unread ? kExitDone : show("analyze", outcome.error());
    }
    if (!outcome->none.empty() && !arguments_.json) print("{}\n", outcome->none);
    const TrackAnalytics::Reading& reading = analytics.reading();
    // Programs are told, too, what there was instead of numbers.
    if (outcome->numbers > 0 || arguments_.json) report.finish(tail(*outcome, reading));
    if (outcome->more_values > 0 && !arguments_.json)
      print("  and {} of {}; --top {} shows all\n", amount_text(outcome->more_values, "more value"),
            amount_text(outcome->more_points, "point"), reading.groups);
    return std::max(tell(*outcome, reading), draw(*outcome));
  }

 private:
  // Points by what they have there, without a number of theirs.
  bool is_counted_alone() const {
    return request_.function == Function::kTopValues &&
           (arguments_.group.empty() || arguments_.field.empty());
  }

  Fields head() const {
    Fields head{{"function", name_of(request_.function)}, {"track", chosen_.own.track}};
    if (!arguments_.field.empty()) head.emplace_back("field", arguments_.field);
    if (arguments_.intervals) head.emplace_back("intervals", true);
    if (request_.function == Function::kTopValues)
      head.emplace_back("group_by", request_.group->text);
    return head;
  }

  Fields tail(const AnalysisOutcome& outcome, const TrackAnalytics::Reading& reading) const {
    Fields tail{{"points", reading.points}, {"skipped", skipped_fields(reading.skipped)}};
    if (chosen_.other)
      tail.emplace_back("with", Fields{{"track", chosen_.other->track},
                                       {"field", chosen_.other->fields[0].text},
                                       {"points", reading.other_points},
                                       {"skipped", skipped_fields(reading.other_skipped)}});
    if (request_.group) {
      tail.emplace_back("without_group", reading.other_skipped.not_numbers);
      tail.emplace_back("more_values", outcome.more_values);
      tail.emplace_back("more_points", outcome.more_points);
    }
    tail.emplace_back("damaged_blocks", reading.left_out);
    return tail;
  }

  int tell(const AnalysisOutcome& outcome, const TrackAnalytics::Reading& reading) const {
    if (reading.left_out > 0) return kExitDamaged;
    if (reading.points == 0) return show_nothing_chosen("analyze", bags_.extent());
    if (!outcome.remark.empty()) warn("analyze", outcome.remark);
    if (outcome.numbers == 0) return show_no_number(reading);
    if (!arguments_.quiet && !arguments_.json) {
      const std::uint64_t skipped = arguments_.intervals ? 0 : reading.skipped.total();
      say("{} of {}{}\n", amount_text(reading.points, "point"), chosen_.own.track,
          skipped == 0 ? ""
                       : fmt::format(", {} skipped: {}", count_text(skipped),
                                     skipped_text(reading.skipped)));
    }
    return kExitDone;
  }

  int show_no_number(const TrackAnalytics::Reading& reading) const {
    std::string text = "no point has a pair of both";
    if (arguments_.intervals)
      text = "one point alone has nothing between";
    else if (request_.group && reading.other_skipped.not_numbers == reading.points)
      text = fmt::format("no text, whole number or bool is in {} of {}{}",
                         printable(request_.group->text), printable(chosen_.own.track),
                         has_fractions(bags_, chosen_.own.track, *request_.group)
                             ? "; for fractions: distribution"
                             : "");
    else if (reading.skipped.total() == reading.points)
      text = no_number_text(bags_, chosen_.own, chosen_.own.fields[0], reading.skipped);
    else if (chosen_.other && reading.other_points > 0 &&
             reading.other_skipped.total() == reading.other_points)
      text = no_number_text(bags_, *chosen_.other, chosen_.other->fields[0], reading.other_skipped);
    else if (chosen_.other && chosen_.other->track != chosen_.own.track)
      text = fmt::format("no point of {} has one of {} at its stamp{}: give a longer --tolerance",
                         printable(chosen_.own.track), printable(chosen_.other->track),
                         request_.tolerance > 0 ? " or shortly before" : "");
    return show_unchosen("analyze", {ErrorCode::kNotFound, text});
  }

  int draw(const AnalysisOutcome& outcome) const {
    if (!request_.axis || outcome.numbers == 0) return kExitDone;
    Chart chart{.title = fmt::format("{}: {} of {}",
                                     std::filesystem::path(arguments_.bag).filename().string(),
                                     name_of(request_.function), name_),
                .x_label = outcome.x_label,
                .panels = {outcome.panel},
                .x_names = outcome.x_names};
    chart.panels[0].title = chosen_.own.track;
    if (chart.panels[0].y_label == arguments_.field && !arguments_.field.empty())
      chart.panels[0].y_label =
          with_unit(name_, unit_of(chosen_.own.fields[0], units_of(bags_, chosen_.own.track)));
    const bool is_over_time = outcome.x_label.empty() && outcome.x_names.empty();
    if (is_over_time) {
      chart.x_label =
          fmt::format("seconds from {}", iso_text(seconds_of_key(request_.axis->first)));
      chart.x_last = seconds_between(request_.axis->first, request_.axis->last);
    }
    if (request_.function == Function::kTopValues) {
      constexpr double kBarsMin = 5.0;  // one alone is no wall
      chart.x_first = -0.6;
      chart.x_last = std::max(kBarsMin, static_cast<double>(outcome.x_names.size())) - 0.4;
    }
    if (Status written =
            write_chart(chart, arguments_.picture, existing_with(arguments_.is_forced));
        !written)
      return show_unmade("analyze", written.error());
    if (!arguments_.quiet) say("drew {}\n", arguments_.picture);
    return kExitDone;
  }

  const Arguments& arguments_;
  const Playlist& bags_;
  Chosen chosen_;
  AnalysisRequest request_;
  std::string name_;
};

int run(const Arguments& arguments, const OptionTable& options) {
  if (const Status status = check(arguments, options); !status)
    return show("analyze", status.error());
  const Result<BagPaths> bags = find_bags({arguments.bag}, warner("analyze"));
  if (!bags) return show("analyze", bags.error());
  int opened = kExitDone;
  const Result<Playlist> playlist = open_bags("analyze", *bags, opened);
  if (!playlist) return show("analyze", playlist.error());
  Result<Chosen> chosen = choose_all(arguments, *playlist);
  if (!chosen) return show_unchosen("analyze", chosen.error());
  if (chosen->own.axis.empty())
    return std::max(opened, show_nothing_chosen("analyze", playlist->extent()));
  return std::max(opened, AnalyzeRun(arguments, *playlist, std::move(*chosen)).run());
}

void add_own_options(OptionTable& options, Arguments& a) {
  using namespace option_type;
  AnalysisRequest& request = a.request;
  options.add("--window", a.window, seconds<std::chrono::nanoseconds>({1e-9, 1e9}),
              "moving-average, trends: seconds that are averaged; windows begin at multiples of "
              "it since the epoch");
  options.add("--mode", request.mode,
              one_of<WindowMode>(
                  "MODE", {{"tumbling", WindowMode::kTumbling}, {"sliding", WindowMode::kSliding}}),
              "moving-average: tumbling (windows side by side) or sliding (at each point that "
              "which it ends)");
  options.add("--threshold", request.threshold, number("K", {0.0, 1e9}),
              "anomalies: so many standard deviations from the mean");
  options.add("--eps", request.eps, number("E", {0.0, 1e300}),
              "trends: a slope a second that counts as none");
  options
      .add_list("--percentiles", request.percents, number("P", {0.0, 100.0}),
                "percentiles: which, separated by commas")
      .comma_separated();
  options.add("--with", a.with, any_text("[TRACK:]FIELD"), "correlation: the other field");
  options.add("--tolerance", a.tolerance, seconds<std::chrono::nanoseconds>({0.0, 1e9}),
              "correlation with another track: pairs each point with its last one, so many "
              "seconds old at most; 0: of the same stamp");
  options.add("--bins", request.bins, count<std::uint64_t>("N", {1, 100'000}),
              "distribution: bins of equal width");
  options.add("--group-by", a.group, any_text("FIELD"),
              "top-values: counts by this one, with average, least and greatest of --field "
              "[--field alone is counted]");
  options.add("--top", request.top, count<std::uint64_t>("N", {1, 1'000'000}),
              "top-values: so many of them; how many there are besides is told");
}

}  // namespace

Verb add_analyze(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "analyze", "Says what the numbers of a field come to",
      "zbag analyze day.zbag percentiles --track robot/imu --field ax --start +10");
  auto a = std::make_shared<Arguments>();
  options->add("BAG", a->bag, option_type::any_text("BAG"), "Bag to read; a folder: all in it")
      .required();
  OptionType<Function> function = option_type::one_of<Function>("FUNCTION", functions());
  function.parse = [a](const std::string& word) { return parse_function(word, a->bag); };
  options
      ->add("FUNCTION", a->request.function, function,
            "moving-average, anomalies, trends, percentiles, correlation, distribution or "
            "top-values")
      .required();
  add_own_options(*options, *a);
  options->begin(OptionGroup::kSelection);
  options->add("--track", a->track, option_type::track_name("TRACK"), "Of this track").required();
  options->add("--field", a->field, option_type::any_text("FIELD"),
               "Whose numbers to look at; nested as pose.position.x, of a list as position[2]");
  options->add_flag("--intervals", a->intervals,
                    "The seconds between points in place of a field: late and lost frames");
  add_times(*options, a->selection);
  options->begin(OptionGroup::kOutput);
  options->add_flag("--json", a->json, "One JSON object");
  options->add("--plot", a->picture, option_type::any_text("OUT"),
               "Draws it, too: a picture by the end of its name, .svg or .png");
  options->add_flag("--force", a->is_forced, "Replace a picture that is there already");
  options->add_loudness(a->quiet);
  const OptionTable& table = *options;
  return {std::move(options), [a, &table] { return run(*a, table); }};
}

}  // namespace zbag
