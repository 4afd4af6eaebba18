// Fields of tracks as they are named on the command line: robot/imu:ax,ay, pose.position.x,
// position[2].
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/usual_options.hpp"
#include "player/query/analytics/number_column.hpp"
#include "recorder/bag/read/playlist.hpp"

namespace zbag {

struct NamedFields {
  std::string track;
  std::vector<std::string> fields;
};
// "TRACK:FIELD,FIELD", parted behind the longest of `tracks` that it begins with, or at the first
// ':'. kInvalid: a part is missing.
Result<NamedFields> parse_track_fields(const std::string& text,
                                       const std::vector<std::string>& tracks);

// Names of the tracks there are, each once.
std::vector<std::string> track_names(const std::vector<BagSummary>& bags);

// Those fields of a track, as its records in `bags` have them, within the times of `times`.
struct ChosenFields {
  std::string track;
  std::vector<ValueField> fields;
  TimeRange range;  // as chosen
  TimeRange axis;   // of it, that of the track's points; empty: it has none there
};
// A field is called as its column is. kInvalid: it is a pattern, or no value of a list. kNotFound,
// which show_unchosen() shows: the track or a field is nowhere.
Result<ChosenFields> choose_fields(const std::string& verb, const SelectionArguments& times,
                                   const Playlist& bags, const NamedFields& named);

// The units of a track's fields by the names of their columns, as its schema has them; none where
// it has no schema that fits.
std::map<std::string, std::string> units_of(const Playlist& bags, const std::string& track);
// "": nobody has said it.
std::string unit_of(const ValueField& field, const std::map<std::string, std::string>& units);
// "ax (m/s^2)"
std::string with_unit(const std::string& name, const std::string& unit);

// Why `chosen` gave no number: "no frame has a column pose.x; did you mean pose.position.x?" of a
// field that its points do not have. Reads a few of them.
std::string no_number_text(const Playlist& bags, const ChosenFields& chosen,
                           const ValueField& field, const Skipped& skipped);

// Whether points have it as a number that need not be whole, and in no list.
bool has_fractions(const Playlist& bags, const std::string& track, const ValueField& field);

// Whether all that points have there are whole numbers or bools: what holds until the next.
bool has_only_wholes(const Playlist& bags, const std::string& track, const ValueField& field);

// "3 NaN, 1 absent"; empty: none.
std::string skipped_text(const Skipped& skipped);

}  // namespace zbag
