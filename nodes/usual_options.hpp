// Options that several verbs have, each declared once.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bus/endpoints.hpp"
#include "nodes/options.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/write/bag_writer.hpp"

namespace zbag {

// Of every verb on the bus.
struct BusArguments {
  BusUrls urls;
  std::string name;  // empty: the verb's
  bool quiet = false;
};
void add_bus_options(OptionTable& options, BusArguments& arguments);

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

// What chooses points of bags.
struct SelectionArguments {
  std::vector<std::string> tracks;
  std::vector<std::string> excluded;
  std::string start;
  std::string end;
};
void add_track(OptionTable& options, std::vector<std::string>& tracks);
void add_exclude(OptionTable& options, std::vector<std::string>& excluded);
void add_range(OptionTable& options, std::string& start, std::string& end);
void add_selection(OptionTable& options, SelectionArguments& arguments);  // all of these
// Warns of patterns that match no track of the bags, with the nearest name there is; how many.
std::size_t warn_unmatched_tracks(const std::string& verb, const std::vector<std::string>& patterns,
                                  const std::vector<BagSummary>& bags);
void add_columns(OptionTable& options, const std::string& name, std::vector<std::string>& columns,
                 const std::string& help);

// -o NEW, required.
void add_new_bag(OptionTable& options, std::string& path, const std::string& metavar = "NEW");

// --max-items N of whoever takes frames into a bag.
void add_max_items(OptionTable& options, std::uint32_t& items_max);
// --merge [PATTERN=]MODE: what frames of one track and _ts become.
void add_merge_rules(OptionTable& options, MergeRules& rules);

}  // namespace zbag
