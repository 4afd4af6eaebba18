// What the numbers of a column come to: how many there are, the first, the last, the least and the
// greatest. Exactly, bit for bit: answers, not bounds (FORMAT.md, Summary).
//
// Floats are in the order -inf ... -0.0, 0.0 ... inf; NaN is counted, and left out of least and
// greatest.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

#include "recorder/bag/block/columns/column_set.hpp"
#include "recorder/bag/block/columns/float_stream.hpp"

namespace zbag {

// Whether a column of that type has a summary: of arrays there is none.
inline bool has_summary(ColumnType type) { return is_number(type) && !is_list(type); }

// Integers as uint64 only above INT64_MAX.
using Number = std::variant<std::int64_t, std::uint64_t, float, double>;

struct ColumnSummary {
  enum Which : std::uint8_t { kFirst, kLast, kMin, kMax };

  ColumnType type = ColumnType::kInt;
  std::uint32_t count = 0;              // points that have a value
  std::uint32_t nans = 0;               // of these
  std::array<std::uint64_t, 4> bits{};  // as in ColumnValues; by Which
  std::uint8_t unsigned_mask = 0;  // those of `bits` that are integers above INT64_MAX, by Which

  // nullopt: no point has one, or there is no least among NaNs.
  std::optional<Number> first() const { return count > 0 ? of(kFirst) : std::nullopt; }
  std::optional<Number> last() const { return count > 0 ? of(kLast) : std::nullopt; }
  std::optional<Number> min() const { return count > nans ? of(kMin) : std::nullopt; }
  std::optional<Number> max() const { return count > nans ? of(kMax) : std::nullopt; }

  bool operator==(const ColumnSummary&) const = default;

 private:
  std::optional<Number> of(Which which) const;
};

// REQUIRES: has_summary(type).
ColumnSummary summarize(ColumnType type, const ColumnValues& values);

// Appends `summary`, of a block of `points`, to `out`: floats as integers of that form where it has
// them. take_summary() gives back what was appended; false when the bytes are none.
void push_summary(const ColumnSummary& summary, FloatForm form, std::uint32_t points, Bytes& out);
bool take_summary(ByteInput& in, std::uint32_t points, ColumnSummary& summary);

}  // namespace zbag
