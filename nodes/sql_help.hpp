// What `zbag sql` says of SQL: below its options.
#pragma once

#include "nodes/options.hpp"

namespace zbag {

// Adds how tracks and values are written, and how tracks are joined by time.
void explain_sql(OptionTable& options);

}  // namespace zbag
