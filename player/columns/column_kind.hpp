// What a column of a table holds, decided by all types its field was met in (requirements 1.5) and,
// of integers and lists, by what their values come to: no kind rounds or leaves out one of them.
#pragma once

#include <cstdint>
#include <set>

#include "recorder/bag/block/columns/column_set.hpp"
#include "recorder/bag/read/field_values.hpp"

namespace zbag {

enum class ColumnKind : std::uint8_t {
  kBool,
  kInt,       // int64
  kUnsigned,  // uint64
  kHuge,      // ints below 0 and above INT64_MAX
  kDouble,    // float32, float64, or those and ints that a double holds
  kText,
  kBinary,
  kInts,       // lists of int64
  kUnsigneds,  // lists of uint64
  kDoubles,    // lists of numbers that a double holds
  kJson,       // everything else, as JSON text
};

// Nil is the absence of a value in every kind; a field that was only ever nil is text. An empty
// list is one of any numbers. `values`: see read_field_values().
ColumnKind kind_of(const std::set<ColumnType>& types, const FieldValues& values);

bool is_of_lists(ColumnKind kind);
// Of lists: the kind of what is in them.
ColumnKind element_kind(ColumnKind lists);

// Whether a column of that kind takes a value of that type as it is: of a live bag a field can get
// another type meanwhile. Text and JSON take everything, as JSON if need be; lists take what is
// called other where that is an empty one.
bool takes(ColumnKind kind, ColumnType type);

// What a file that describes itself calls it: "double".
const char* name_of(ColumnKind kind);

}  // namespace zbag
