// What every track of a file will be like, as far as it is decided before anything is written: its
// groups, the names of its columns, what they mean.
#pragma once

#include <vector>

#include "player/exports/hdf5/track_rows.hpp"

namespace zbag::hdf5 {

// Of all tracks of `source`, which is told what is written under another name than its own. Forms
// of columns are not decided yet. kUnsupported: a track has too many columns.
Result<std::vector<TrackPlan>> plan_tracks(const ExportSource& source);

// Decides them, by all values where it must. Errors as ExportSource::each_chunk_of().
Status decide_forms(const ExportSource& source, TrackPlan& plan);

}  // namespace zbag::hdf5
