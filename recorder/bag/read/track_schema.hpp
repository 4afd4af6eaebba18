// What the tracks of a bag mean: the newest point of `_sys/schema/<track>` says it (FORMAT.md,
// Schemas).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/kinds/fit.hpp"
#include "schemas/kinds/kind.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/kinds/track_about.hpp"
#include "schemas/result.hpp"

namespace zbag {

// The kind that is set for a track; nullopt: none is. kInvalid: what is there is no kind, nor the
// name of one that zbag knows. Others as BagReader::cursor().
Result<std::optional<Kind>> kind_of(const BagReader& reader, const std::string& track);

// What the track was in the recording it was imported from, as its newest point says; nullopt: that
// is not known. Errors as BagReader::cursor().
Result<std::optional<OriginalSchema>> original_of(const BagReader& reader,
                                                  const std::string& track);

// What somebody has said of the track last; nullopt: nobody has. Errors as BagReader::cursor().
Result<std::optional<TrackAbout>> about_of(const BagReader& reader, const std::string& track);

// The kind, and which fields of the track are what in it. Reads no more of the track's points than
// read_track_fields(), and the first. kUnsupported: the track does not
// fit its kind.
Result<std::optional<TrackSchema>> schema_of(const BagReader& reader, const std::string& track);

// The same for a kind that is not set. kNotFound: the track has no point.
Result<TrackSchema> fit_track(const BagReader& reader, const std::string& track, const Kind& kind);

}  // namespace zbag
