// Data sets that are pictures, a row a picture: of uint8 with two dimensions or three, the third
// being 1, 3 or 4 colours, in front or behind; of uint16 and float32 with 32 rows and columns at
// least, as of depth.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "player/imports/hdf5/stored_set.hpp"
#include "player/imports/hdf5/track_plan.hpp"

namespace zbag::hdf5::reading {

// The fields of the kind `image` (schemas/image.yaml) that such rows make; nullopt: they are none.
std::optional<std::vector<FieldPlan>> picture_fields(const StoredSet& set, const RowShape& shape);

}  // namespace zbag::hdf5::reading
