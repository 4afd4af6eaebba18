// Fields that lie in maps, of which a bag's records know nothing: whether points have them.
#pragma once

#include <string>
#include <vector>

#include "nodes/usual_options.hpp"
#include "recorder/bag/read/playlist.hpp"

namespace zbag {

// That the fields of `where` are fields of points, after choose() has found the maps they lie in.
// Looks at a point of each track, and where that has not got one at what the blocks hold.
// kNotFound, which show_unchosen() shows: none has one. Of bags that are written or damaged that is
// a warning.
Status check_nested_fields(const std::string& verb, const PointCondition& where,
                           const Playlist& bags, const BagReader::Selection& selection);
// The same of those of `columns` that are written as other tools write patterns and values of lists
// (column_hint()): all others are believed.
Status check_nested_columns(const std::string& verb, std::vector<std::string> columns,
                            const Playlist& bags, const BagReader::Selection& selection);

}  // namespace zbag
