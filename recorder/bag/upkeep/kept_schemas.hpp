// What the fields of tracks mean (FORMAT.md, Schemas) goes with the tracks when a new bag is made
// of a choice of points: of some tracks, a range, some fields.
#pragma once

#include <cstdint>
#include <span>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/upkeep/copied_records.hpp"
#include "recorder/bag/upkeep/copy.hpp"

namespace zbag {

// Adds the newest schema, if the copy has not got it, of every track that has points in `copy`: at
// the track's first stamp there, so that the times of the bag stay what they are. Of `bags` the
// last one that has the newest says it. One that the choice excludes is left out, as is one that
// does not fit the fields that are chosen, which is told. Damage is told and left out; returns how
// much of it nobody else has met. REQUIRES: `records` is what finish() will be given; a summary for
// each bag.
Result<std::uint64_t> keep_schemas(std::span<const BagReader> bags,
                                   std::span<const BagSummary> summaries, const PointChoice& choice,
                                   BagSummary& records, BagCopy& copy, const Warn& warn);

}  // namespace zbag
