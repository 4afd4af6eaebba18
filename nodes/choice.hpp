// What SelectionArguments choose of the bags that are there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/usual_options.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/copied_records.hpp"

namespace zbag {

// Tracks below _sys: only those that are named, all, or all but what tracks were in the recordings
// they come from, which are pages of definitions.
enum class SystemTracks : std::uint8_t { kWhenNamed, kToo, kButOriginals };
// The tracks and the times that are chosen of `bags`. kNotFound, which show_unchosen() shows: what
// is named is nowhere (patterns of --track, columns, fields of --where, and tracks that other
// options name: `named`),
// with the nearest name there is, or a time is relative to points that are not there. Of bags that
// are being written or damaged, which may hold more than one sees, that is a warning, as is a
// pattern of --exclude that matches nothing.
Result<BagReader::Selection> choose(const std::string& verb, const SelectionArguments& arguments,
                                    const std::vector<BagSummary>& bags, SystemTracks system,
                                    const std::vector<std::string>& named = {});
// Those of --exclude alone. REQUIRES: choose() has taken them.
std::optional<TrackFilter> excluded_tracks(const SelectionArguments& arguments);
// The same for a verb that makes a bag of what is chosen.
Result<PointChoice> choose_copied(const std::string& verb, const SelectionArguments& arguments,
                                  const std::vector<BagSummary>& bags);
// The same for a verb that looks at tracks as they are: kNotFound also where all are excluded.
Result<BagReader::Selection> choose_tracks(const std::string& verb,
                                           const SelectionArguments& arguments,
                                           const std::vector<BagSummary>& bags);
// Stands among `bags` for one that can not be read, and may have whatever is named.
BagSummary unread_bag(const std::string& path, const Error& why);
// Both give the exit code. That nothing was chosen of bags that hold points is said, too.
int show_unchosen(const std::string& verb, const Error& error);
int show_nothing_chosen(const std::string& verb, const std::optional<TimeRange>& extent);
// The exit code of a verb that has made a bag of so many points, chosen of `bags`, and has left so
// much damage out; what somebody must know of that is said.
int show_copied(const std::string& verb, std::uint64_t points, std::uint64_t left_out,
                const std::vector<BagSummary>& bags);

}  // namespace zbag
