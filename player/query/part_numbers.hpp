// Stretches of the numbers of a FieldPart, as another type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "player/query/duckdb_calls.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "schemas/result.hpp"

namespace zbag {

// The numbers of the part's buffer (of lists: of all lists) from `begin` on, as many as there is
// room for. kUnsupported: an integer that the type does not hold. REQUIRES: they are there.
Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<bool> into);
Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<std::int64_t> into);
Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<std::uint64_t> into);
Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<duckdb_hugeint> into);
Status copy_numbers(const FieldPart& part, std::size_t begin, std::span<double> into);

}  // namespace zbag
