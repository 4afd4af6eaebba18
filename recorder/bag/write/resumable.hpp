// Whether a writer may go on in a track by what its record says: a record that lies would have it
// write among the points that are there, where readers do not look.
#pragma once

#include "recorder/bag/pages/lmdb.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/result.hpp"

namespace zbag {

// kDamaged: `main_end` is not where the main run ends, or the serials of blocks are used up (the
// last 16 million are kept for one run). Looks at a block or two.
Status check_resumable(const Txn& txn, Table blocks, const TrackRecord& track);

// Whether the blocks have all points that `track`, as the table has it, says are in blocks: the
// journal holds those alone that are not, and what a writer takes for stored it lets go of.
// kDamaged: they have fewer.
Status check_in_blocks(const Txn& txn, Table blocks, const TrackRecord& track);

}  // namespace zbag
