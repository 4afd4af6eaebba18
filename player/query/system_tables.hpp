// What bags say of themselves, as tables of SQL. All are functions without parameters, views in the
// schema `zbag`, and known by their bare names where no track has that name:
//
//   tracks    bag, name, points, first_ts, last_ts, rate_hz, bytes, lost, overwritten, fields
//   runs      bag, id, start, end, status, host, version, config, metadata
//   episodes  bag, id, run, start, end, status, label, comment
//   losses    bag, run, publisher, src, track, received, lost, missed_before
//   points    track, index, _ts, _ts_ns, fields, bag: every point, in the order its track got them
//
// `lost` is NULL where it is not known. No bag has episodes yet.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "player/query/bag_table.hpp"
#include "player/query/read_watch.hpp"
#include "player/query/sql_table.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// The names above.
const std::vector<std::string>& system_table_names();

// As the bags are now. `range` is that of `points`; `watch` is lent to the table. REQUIRES: one of
// these names.
Result<std::unique_ptr<SqlTable>> make_system_table(const std::string& name,
                                                    std::vector<NamedBag> bags, TimeRange range,
                                                    ReadWatch& watch);

}  // namespace zbag
