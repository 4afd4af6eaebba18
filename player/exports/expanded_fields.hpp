// Lists of a track's table as columns of their own.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "player/exports/export_source.hpp"

namespace zbag {

// `fields`, but those that `sizes` names as so many columns each, in their place. What has the name
// of a column already gets a `_` more.
std::vector<ExportField> with_lists_expanded(std::vector<ExportField> fields,
                                             const std::map<FieldNames, std::size_t>& sizes);

}  // namespace zbag
