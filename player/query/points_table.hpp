// Every point of some bags as a row: track, index, _ts, _ts_ns, its fields as JSON, and its bag.
#pragma once

#include <memory>
#include <vector>

#include "player/query/bag_table.hpp"
#include "player/query/read_watch.hpp"
#include "player/query/sql_table.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// Track by track, in the order of their names, each in the order of its indices; threads take a
// track each. What is damaged is left out and told to `watch`, which is lent to the table.
Result<std::unique_ptr<SqlTable>> make_points_table(std::vector<NamedBag> bags, TimeRange range,
                                                    ReadWatch& watch);

}  // namespace zbag
