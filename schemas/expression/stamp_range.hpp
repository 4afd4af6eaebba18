// What an expression says of `_ts` alone.
#pragma once

#include "schemas/expression/node.hpp"
#include "schemas/timestamp.hpp"

namespace zbag::expression {

// A range that has every stamp at which `node` may be true, or, where `truth` is false, false.
TimeRange range_where(const Node& node, bool truth);

}  // namespace zbag::expression
