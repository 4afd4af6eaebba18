#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

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
#include "player/query/plot/track_envelopes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kPanelsMax = 20;
constexpr std::size_t kElementsMax = 12;  // of a list that is drawn whole

struct Arguments {
  SelectionArguments selection;
  std::string bag;
  std::vector<std::string> drawn;
  std::string output;
  bool is_forced = false;
  bool quiet = false;
};

// How many values a field has in the first points it has, where that is a list.
std::size_t list_length(const Playlist& bags, const ChosenFields& chosen, const ValueField& field) {
  for (const BagReader& bag : bags.readers()) {
    Result<ColumnCursor> cursor =
        ColumnCursor::open(bag, {chosen.track, chosen.range, {field.names}});
    ColumnChunk chunk;
    const Result<bool> is_there = cursor ? cursor->next(chunk) : Result<bool>(false);
    if (!is_there || !*is_there) continue;
    for (const FieldPart& part : chunk.fields[0].parts) {
      if (is_list(part.type) && !part.ends.empty()) return part.ends.front();
    }
  }
  return 0;
}

// A list that is named whole becomes its elements.
Status part_lists(const Playlist& bags, ChosenFields& chosen) {
  std::vector<ValueField> fields;
  for (const ValueField& field : chosen.fields) {
    const std::size_t length = field.element ? 0 : list_length(bags, chosen, field);
    if (length > kElementsMax)
      return fail(ErrorCode::kInvalid,
                  fmt::format("{} of {} is a list of {}: name those to draw, as {}[0]",
                              printable(field.text), printable(chosen.track), length,
                              printable(field.text)));
    if (length == 0) fields.push_back(field);
    for (std::size_t i = 0; i < length; ++i)
      fields.push_back({fmt::format("{}[{}]", field.text, i), field.names, i});
  }
  chosen.fields = std::move(fields);
  return {};
}

// The times that the axis shows: from the first point of any to the last.
TimeRange axis_of(const std::vector<ChosenFields>& panels) {
  TimeRange axis = TimeRange::none();
  for (const ChosenFields& panel : panels) {
    if (panel.axis.empty()) continue;
    axis = axis.empty() ? panel.axis
                        : TimeRange{std::min(axis.first, panel.axis.first),
                                    std::max(axis.last, panel.axis.last)};
  }
  return axis;
}

Result<std::vector<ChosenFields>> choose_panels(const Arguments& arguments, const Playlist& bags) {
  if (arguments.drawn.size() > kPanelsMax)
    return fail(ErrorCode::kInvalid, fmt::format("{} panels are more than a picture holds ({})",
                                                 arguments.drawn.size(), kPanelsMax));
  std::vector<ChosenFields> panels;
  for (const std::string& text : arguments.drawn) {
    const auto named = parse_track_fields(text, track_names(bags.summaries()));
    if (!named) return tl::unexpected(named.error());
    Result<ChosenFields> chosen = choose_fields("plot", arguments.selection, bags, *named);
    if (!chosen) return tl::unexpected(chosen.error());
    if (Status parted = part_lists(bags, *chosen); !parted) return tl::unexpected(parted.error());
    panels.push_back(std::move(*chosen));
  }
  return panels;
}

class PlotMaker {
 public:
  PlotMaker(const Arguments& arguments, const Playlist& bags, TimeRange axis)
      : arguments_(arguments), bags_(bags), axis_(axis), bar_("plot", arguments.quiet) {
    chart_.title = std::filesystem::path(arguments.bag).filename().string();
    chart_.x_label = fmt::format("seconds from {}", iso_text(seconds_of_key(axis.first)));
    chart_.x_last = seconds_between(axis.first, axis.last);
  }

  Status add(const ChosenFields& chosen) {
    EnvelopeQuery query{chosen.track, axis_, chosen.fields};
    query.warn = warner("plot");
    query.go_on = [&](std::int64_t key) {
      bar_.show(seconds_between(axis_.first, key) / std::max(chart_.x_last, 1e-9));
      return !StopSignal::wanted();
    };
    const Result<TrackEnvelopes> found = read_envelopes(bags_.readers(), query);
    bar_.clear();
    if (!found) return tl::unexpected(found.error());
    left_out_ += found->left_out;
    ChartPanel panel{chosen.track, "", {}};
    const bool is_alone = chosen.fields.size() == 1;
    const std::map<std::string, std::string> units = units_of(bags_, chosen.track);
    std::set<std::string> different;
    for (const ValueField& field : chosen.fields) different.insert(unit_of(field, units));
    const bool is_one_unit = different.size() == 1;
    if (is_one_unit) panel.y_label = *different.begin();
    if (is_alone) panel.y_label = with_unit(chosen.fields[0].text, panel.y_label);
    for (std::size_t i = 0; i < chosen.fields.size(); ++i) {
      const ValueField& field = chosen.fields[i];
      const Envelope& envelope = found->envelopes[i];
      if (envelope.count() == 0)
        without_.push_back(no_number_text(bags_, chosen, field, found->skipped[i]));
      numbers_ += envelope.count();
      panel.series.push_back({.title = is_alone      ? ""
                                       : is_one_unit ? field.text
                                                     : with_unit(field.text, unit_of(field, units)),
                              .kind = has_only_wholes(bags_, chosen.track, field)
                                          ? ChartSeries::Kind::kSteps
                                          : ChartSeries::Kind::kLine,
                              .points = envelope.line(),
                              .colour = i});
    }
    chart_.panels.push_back(std::move(panel));
    return {};
  }

  int write() {
    if (numbers_ == 0 && left_out_ == 0)
      return show_unchosen("plot", {ErrorCode::kNotFound, without_.front()});
    for (const std::string& text : without_) warn("plot", text);
    if (Status written =
            write_chart(chart_, arguments_.output, existing_with(arguments_.is_forced));
        !written)
      return show_unmade("plot", written.error());
    if (!arguments_.quiet)
      say("drew {} in {}\n", amount_text(numbers_, "number"), arguments_.output);
    return left_out_ > 0 ? kExitDamaged : kExitDone;
  }

 private:
  const Arguments& arguments_;
  const Playlist& bags_;
  TimeRange axis_;
  ProgressBar bar_;
  Chart chart_;
  std::vector<std::string> without_;
  std::uint64_t numbers_ = 0;
  std::uint64_t left_out_ = 0;
};

int run(const Arguments& arguments) {
  if (const Status status = check_picture(arguments.output, existing_with(arguments.is_forced));
      !status)
    return show("plot", status.error());
  const Result<BagPaths> bags = find_bags({arguments.bag}, warner("plot"));
  if (!bags) return show("plot", bags.error());
  int opened = kExitDone;
  const Result<Playlist> playlist = open_bags("plot", *bags, opened);
  if (!playlist) return show("plot", playlist.error());
  const Result<std::vector<ChosenFields>> panels = choose_panels(arguments, *playlist);
  if (!panels) return show_unchosen("plot", panels.error());
  const TimeRange axis = axis_of(*panels);
  if (axis.empty()) return std::max(opened, show_nothing_chosen("plot", playlist->extent()));
  PlotMaker plot(arguments, *playlist, axis);
  for (const ChosenFields& panel : *panels) {
    if (const Status added = plot.add(panel); !added) return show("plot", added.error());
  }
  return std::max(opened, plot.write());
}

}  // namespace

Verb add_plot(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "plot", "Draws fields over time, a panel for each TRACK:FIELDS",
      "zbag plot day.zbag robot/imu:ax,ay 'robot/joints:position[0]' -o day.svg");
  auto a = std::make_shared<Arguments>();
  options->add("BAG", a->bag, option_type::any_text("BAG"), "Bag to read; a folder: all in it")
      .required();
  options
      ->add_list("TRACK:FIELD", a->drawn, option_type::any_text("TRACK:FIELD"),
                 "Fields of a track, as robot/imu:ax,ay; nested ones as pose.position.x, of a list "
                 "all or one, as position[0]")
      .required();
  options->explain(
      {"Lines",
       {{"gaps",
         "A line is broken where nothing comes for five times the usual step; NaN, nil and "
         "infinities are left out, as if nothing had come"},
        {"steps", "Whole numbers and bools hold until the next one; all else is joined straight"},
        {"many points",
         "Of each pixel column the first, last, least and greatest are drawn: no "
         "spike is lost"}}});
  add_times(*options, a->selection);
  options->begin(OptionGroup::kOutput);
  options
      ->add("-o,--output", a->output, option_type::any_text("OUT"),
            "Picture to write, by the end of its name: .svg or .png")
      .required();
  options->add_flag("--force", a->is_forced, "Replace a picture that is there already");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
