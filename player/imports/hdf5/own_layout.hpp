// The layout of `export --format hdf5`: groups of runs, in them groups of tracks, with a set for
// each column; their attributes say what they stand for.
#pragma once

#include "player/imports/hdf5/file_tree.hpp"
#include "player/imports/hdf5/track_plan.hpp"

namespace zbag::hdf5::reading {

bool is_own_layout(const SourceFile& file);

// kDamaged: it is not as export writes it; kUnsupported.
Result<FilePlan> plan_own_layout(const SourceFile& file, FileTree tree);

}  // namespace zbag::hdf5::reading
