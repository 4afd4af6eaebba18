// Points as blocks take and give them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "schemas/frame_scan.hpp"

namespace zbag {

// One point on its way into a block. The pairs are lent: they must outlive the encoding.
struct RowPoint {
  std::int64_t key = 0;
  double seconds = 0.0;
  std::int64_t wall_ns = 0;  // first arrival, wall clock
  std::int64_t mono_ns = 0;  // and monotonic clock of the recorder's host
  std::uint64_t src = 0;
  std::uint64_t seq = 0;
  std::uint64_t index = 0;  // written only into indexed blocks
  std::uint64_t shape = 0;  // see FrameScan; 0: look for yourself
  const std::uint8_t* pairs = nullptr;
  std::uint32_t pairs_bytes = 0;
  std::uint32_t fields = 0;
  bool has_src = false;
  bool has_seq = false;

  MapBytes map() const { return {fields, {pairs, pairs_bytes}}; }
};

// One point of a decoded block. `map` is the whole MessagePack map of its fields, lent by the
// block.
struct StoredPoint {
  std::int64_t key = 0;
  double seconds = 0.0;
  std::int64_t wall_ns = 0;
  std::int64_t mono_ns = 0;
  std::uint64_t src = 0;
  std::uint64_t seq = 0;
  std::uint64_t index = 0;  // only of indexed blocks; others count on from first_ordinal
  std::span<const std::uint8_t> map;
  bool has_src = false;
  bool has_seq = false;
};

// A stored map that is to be written again. The bag may be a stranger's, and what merges and
// encodes walks maps without looking back: they are validated here.
struct CheckedMap {
  MapBytes map;
  std::uint64_t shape = 0;  // as in RowPoint
};
std::optional<CheckedMap> check_map(std::span<const std::uint8_t> stored);

}  // namespace zbag
