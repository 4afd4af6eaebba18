// Says of which kind a track of a bag is.
#pragma once

#include <string>

#include "schemas/kinds/kind.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Writes the point of `_sys/schema/<track>`, in a run of its own, at the track's first stamp. The
// newest one holds. kNotFound: the bag has no such track, or no point of it; kUnsupported: the
// track does not fit the kind; nothing is written then. Others as BagReader::open() and
// BagWriter::open(): kBusy while the bag is recorded.
Status set_schema(const std::string& path, const std::string& track, const Kind& kind);

}  // namespace zbag
