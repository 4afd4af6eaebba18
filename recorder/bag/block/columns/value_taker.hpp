// Single values of rows into columns.
#pragma once

#include "recorder/bag/block/columns/column_set.hpp"
#include "schemas/item.hpp"

namespace zbag {

// The column type of the value at `in`. REQUIRES: a whole value that is no map.
ColumnType type_of_value(item::Cursor in);

// Appends the value at `in` to `values` and moves behind it. False, with `values` as they were,
// when it is of another type; an empty list is of every list type.
bool take_value(ColumnType type, ColumnValues& values, item::Cursor& in);

// Takes back the value appended last.
void drop_value(ColumnType type, ColumnValues& values);

}  // namespace zbag
