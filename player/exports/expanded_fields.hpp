// Columns of lists as a column for each of their values (--expand-arrays).
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "player/exports/export_source.hpp"

namespace zbag {

// Those of `sizes`, by how many values they have, as so many columns; the others as they are. A
// name that is taken gets a `_` more.
std::vector<ExportField> with_lists_expanded(std::vector<ExportField> fields,
                                             const std::map<FieldNames, std::size_t>& sizes);

}  // namespace zbag
