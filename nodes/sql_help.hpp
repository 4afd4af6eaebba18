// What `zbag sql` says of SQL: below its options, and behind what DuckDB says of a failure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/options.hpp"

namespace zbag {

// Adds how tracks and values are written, and how tracks are joined by time.
void explain_sql(OptionTable& options);

// What DuckDB says of `sql` in one line, with what to do about it where we know. `names`: those of
// tables and fields as SQL writes them; asked for only where one may help.
std::string with_remedy(const std::string& message, std::string_view sql,
                        const std::function<std::vector<std::string>()>& names);

}  // namespace zbag
