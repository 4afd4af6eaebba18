// A storage that says what tracks mean (`record --schema`): the first point of such a track is
// followed by the point that names its kind, in every storage of a recording.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "recorder/storage/storage.hpp"
#include "schemas/kinds/kind.hpp"

namespace zbag {

// By name of track.
using SchemaKinds = std::map<std::string, Kind>;

// Opens what `open_storage` does, with that beside it. A track whose first point is not of its kind
// gets none, and `tell` hears why, on the thread that writes.
OpenStorage with_schemas(OpenStorage open_storage, SchemaKinds kinds,
                         std::function<void(const std::string&)> tell);

}  // namespace zbag
