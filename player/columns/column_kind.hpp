// What a column of a table holds, decided by all types its field was met in (requirements 1.5).
#pragma once

#include <cstdint>
#include <set>

#include "recorder/bag/block/columns/column_set.hpp"

namespace zbag {

enum class ColumnKind : std::uint8_t {
  kBool,
  kInt,     // int64; what lies above INT64_MAX is read as uint64
  kDouble,  // float32, float64, or those and ints
  kText,
  kBinary,
  kInts,     // lists of ints
  kDoubles,  // lists of numbers
  kJson,     // everything else, as JSON text
};

// Nil is the absence of a value in every kind; a field that was only ever nil is text.
ColumnKind kind_of(const std::set<ColumnType>& types);

// Whether a column of that kind takes a value of that type as it is: of a live bag a field can get
// another type meanwhile. Text and JSON take everything, as JSON if need be.
bool takes(ColumnKind kind, ColumnType type);

// What a file that describes itself calls it: "double".
const char* name_of(ColumnKind kind);

}  // namespace zbag
