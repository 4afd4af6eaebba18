// Lists as columns of their own for each of their values, for who has no lists.
#pragma once

#include <cstddef>
#include <string>

#include "recorder/bag/read/column_reader.hpp"

namespace zbag {

// How many values the longest list of the column has.
std::size_t longest_list(const FieldColumn& column);
// The value at `element` of each point's list; a point without one has nothing.
FieldColumn element_of(const FieldColumn& column, std::size_t element);
// What that column is called: `_x`, `_y` and `_z` of lists with up to three values, else `_0`...
std::string element_suffix(std::size_t element, std::size_t longest);

}  // namespace zbag
