// Files of others: a group whose data sets are as long as one that says when is a track.
//
// The sets are its fields; which one is the time is told by its name, in the group or in those
// around it, or is given: by its name alone, or for all groups by where it is. Pictures, and sets
// of compounds with a time in them, are tracks of their own. What has no time, or another length,
// is passed over and told.
#pragma once

#include <cstddef>
#include <string>

#include "player/imports/hdf5/file_tree.hpp"
#include "player/imports/hdf5/track_plan.hpp"

namespace zbag::hdf5::reading {

struct PlainOptions {
  std::string root_track;  // what the root is called
  std::string time_field;  // by its name, or where it is ("a/b/t"); empty: it is found
  std::size_t values_max;  // of a row
};

// kInvalid: nothing says when anything was; kDamaged: times that the file does not hold;
// kUnsupported.
Result<FilePlan> plan_plain_layout(const SourceFile& file, FileTree tree, PlainOptions options);

}  // namespace zbag::hdf5::reading
