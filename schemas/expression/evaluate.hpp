// Whether an expression is true of a point.
#pragma once

#include "schemas/expression/node.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/timestamp.hpp"

namespace zbag::expression {

// False also where it is unknown. REQUIRES: the map was validated.
bool is_true(const Node& node, MapBytes fields, Timestamp stamp);

}  // namespace zbag::expression
