// The JSON Schema of a track's points as write_json_members() writes them: what its fields are, as
// far as each is one thing.
#pragma once

#include <map>
#include <set>
#include <string>

#include "recorder/bag/block/columns/column_set.hpp"
#include "recorder/bag/read/column_reader.hpp"

namespace zbag {

// The leaves of a track, and what they were met as.
using LeafTypes = std::map<FieldNames, std::set<ColumnType>>;

// `_ts` before them all. Fields that are several things are not in it: the viewers that read such
// schemas know one type a field, and no lists in lists, but show whatever else they meet.
std::string json_schema_of_fields(const std::string& title, const LeafTypes& leaves);

}  // namespace zbag
