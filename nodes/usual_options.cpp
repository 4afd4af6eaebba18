#include "nodes/usual_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "nodes/time_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// What parse_range() will take once the bag's extent is known; empty: none.
OptionType<std::string> bag_time() {
  OptionType<std::string> type = option_type::any_text("TIME");
  type.parse = [](const std::string& text) -> Result<std::string> {
    if (text.empty()) return text;
    const Result<Timestamp> time = parse_time(text, TimeRange{0, 0});
    if (!time) return tl::unexpected(time.error());
    return text;
  };
  return type;
}

}  // namespace

void add_bus_options(OptionTable& options, BusArguments& arguments) {
  options.add("--publish-to", arguments.urls.publish_to, option_type::any_text("URL"),
              "URL where publishers send (the broker's XSUB)");
  options.add("--subscribe-to", arguments.urls.subscribe_to, option_type::any_text("URL"),
              "URL where subscribers listen (the broker's XPUB)");
  options.add("--name", arguments.name, option_type::any_text("NODE"),
              "Name of this node on the bus and for zbag ctl [the verb]");
  options.add_loudness(arguments.quiet);
}

void add_wait(OptionTable& options, WaitSeconds& wait) {
  options.add("--wait", wait, option_type::seconds<WaitSeconds>({0.0, 1e6}),
              "Seconds to wait at most for the first subscriber");
}

void add_track(OptionTable& options, std::vector<std::string>& tracks) {
  options.add_list("--track", tracks, option_type::track_pattern(),
                   "Only tracks that match: * is one segment, ** any number");
}

void add_exclude(OptionTable& options, std::vector<std::string>& excluded) {
  options.add_list("--exclude", excluded, option_type::track_pattern(), "No tracks that match");
}

void add_range(OptionTable& options, std::string& start, std::string& end) {
  options.add("--start", start, bag_time(),
              "First time: seconds since the epoch, ISO 8601, or +10 / +1m30s after the bag's "
              "start, -5 before its end");
  options.add("--end", end, bag_time(), "Last time, included; written like --start");
}

void add_selection(OptionTable& options, SelectionArguments& arguments) {
  add_track(options, arguments.tracks);
  add_exclude(options, arguments.excluded);
  add_range(options, arguments.start, arguments.end);
}

void add_columns(OptionTable& options, const std::string& name, std::vector<std::string>& columns,
                 const std::string& help) {
  options.add_list(name, columns, option_type::any_text("A,B"), help).comma_separated();
}

void add_new_bag(OptionTable& options, std::string& path, const std::string& metavar) {
  options
      .add("-o,--output", path, option_type::any_text(metavar), "Bag to write; never overwritten")
      .required();
}

void warn_unmatched_tracks(const std::string& verb, const std::vector<std::string>& patterns,
                           const std::vector<BagSummary>& bags) {
  std::vector<std::string> names;
  for (const BagSummary& bag : bags) {
    for (const TrackRecord& track : bag.tracks) names.push_back(track.name);
  }
  for (const std::string& text : patterns) {
    const Result<TrackPattern> pattern = TrackPattern::parse(text);
    if (!pattern) continue;  // an error of its own
    const bool is_matched = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return name == text || pattern->matches(name);
    });
    if (!is_matched)
      warn(verb, fmt::format("no track matches {}{}", text, nearest_hint(text, names)));
  }
}

void add_max_items(OptionTable& options, std::uint32_t& items_max) {
  options.add("--max-items", items_max, option_type::count<std::uint32_t>("N", {1'024.0, 4e9}),
              "Values one frame may hold, keys and what lies in arrays and maps counted; a frame "
              "with more is refused");
}

OptionType<MergeMode> merge_mode() {
  return option_type::one_of<MergeMode>("MODE", {{"shallow", MergeMode::kShallow},
                                                 {"deep", MergeMode::kDeep},
                                                 {"append", MergeMode::kAppend}});
}

}  // namespace zbag
