// Puts maps together again from columns: the MessagePack form of each point, keys in the order
// they came, numbers in their shortest form.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recorder/bag/block/columns/column_set.hpp"

namespace zbag {

// Writes the maps of `codes.size()` points one after another to `room` and their lengths to
// `lengths`. False when they do not fit, or a column has not as many values as the points take.
// REQUIRES: codes and what shapes name exist; values[i] is the column number i, decoded.
bool join_maps(std::span<const FieldPath> paths, std::span<const Shape> shapes,
               std::span<const Column> columns, std::span<const ColumnValues> values,
               std::span<const std::uint64_t> codes, std::span<std::uint8_t> room,
               std::vector<std::size_t>& lengths);

}  // namespace zbag
