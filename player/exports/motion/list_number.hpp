// Numbers of coordinates as publishers send them: one for itself, or one of a list, whose ints and
// floats may lie side by side ([0, 0.5, 0]).
#pragma once

#include <cstddef>
#include <optional>

#include "player/columns/cells.hpp"

namespace zbag {

// nullopt: the value has no number there. A number that is no list is its own first one.
std::optional<double> list_number(const Cell& cell, std::size_t place);
// How many values the list has; 1 of what is none, 0 where there is nothing.
std::size_t list_length(const Cell& cell);

}  // namespace zbag
