// Options that several verbs have, each declared once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "nodes/options.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/expression/expression.hpp"

namespace zbag {

// Of every verb on the bus.
struct BusArguments {
  BusUrls urls;
  std::string name;  // empty: the verb's
  bool quiet = false;
};
void add_bus_options(OptionTable& options, BusArguments& arguments);
// Said by who listens and hears nothing.
std::string nothing_heard(const BusUrls& urls);

// --rate of a playback.
inline constexpr Bounds kRateBounds{1e-6, 1e6};

// --wait S: how long `play` and `pub` wait for the first subscriber.
using WaitSeconds = std::chrono::duration<double>;
inline constexpr WaitSeconds kWaitDefault{5.0};
void add_wait(OptionTable& options, WaitSeconds& wait);
inline std::chrono::milliseconds whole_milliseconds(std::chrono::duration<double> span) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(span);
}

// --compression of a bag that is written.
void add_compression(OptionTable& options, CompressionSpec& compression);

// --track and --exclude.
void add_tracks(OptionTable& options, std::vector<std::string>& tracks,
                std::vector<std::string>& excluded);
// --columns, which is called --fields, too.
void add_columns(OptionTable& options, std::vector<std::string>& columns);

// What chooses points of bags.
struct SelectionArguments {
  std::vector<std::string> tracks;
  std::vector<std::string> excluded;
  std::string start;
  std::string end;
  std::optional<std::chrono::nanoseconds> duration;
  std::vector<std::string> columns;
  bool has_track_columns = false;  // a column may be called TRACK.FIELD, or TRACK for all of it
  std::string time_name = "_ts";   // what the output calls the time, which no column chooses
  std::uint64_t limit = 0;         // points; 0: all
  std::optional<PointCondition> where;

  bool names_tracks() const { return !tracks.empty() || !excluded.empty(); }
};
// --start, --end and --duration.
void add_times(OptionTable& options, SelectionArguments& arguments);
// --track, --exclude, --start, --end, --duration, --columns and --limit.
void add_selection(OptionTable& options, SelectionArguments& arguments);

// --where, besides, of verbs that ask it of every point.
void add_where(OptionTable& options, SelectionArguments& arguments);

// Of verbs that listen, where the same struct chooses frames as they pass: patterns, also without
// --track, and --exclude.
void add_heard_tracks(OptionTable& options, std::vector<std::string>& patterns,
                      SelectionArguments& arguments);
// Both kinds of patterns.
std::vector<std::string> asked_tracks(std::vector<std::string> patterns,
                                      const SelectionArguments& arguments);
// Of what was asked; `always` passes, too.
Result<TrackFilter> heard_tracks(std::vector<std::string> asked,
                                 const SelectionArguments& arguments,
                                 const std::vector<std::string>& always = {});

// BAG, one alone: of a verb that changes it, or makes a bag of it.
void add_bag(OptionTable& options, std::string& path, const std::string& help);
// BAG..., bags or folders of bags: see find_bags().
void add_bags(OptionTable& options, std::vector<std::string>& named, const std::string& help);

// -o NEW, required.
void add_new_bag(OptionTable& options, std::string& path, const std::string& metavar = "NEW");

// --max-items N of whoever takes frames into a bag.
void add_max_items(OptionTable& options, std::uint32_t& items_max);
// --merge [PATTERN=]MODE: what frames of one track and _ts become.
void add_merge_rules(OptionTable& options, MergeRules& rules);

}  // namespace zbag
