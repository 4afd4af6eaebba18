// What a block of columns keeps of each point beside its fields: key, stamp, arrival, publisher,
// number and index, each as an integer stream (FORMAT.md, Body of columns).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recorder/bag/block/columns/int_stream.hpp"
#include "schemas/points/point.hpp"

namespace zbag {

// Not thread-safe; reused from block to block.
class PointStreamsEncoder {
 public:
  // Appends the columns of `points` to `out`.
  void encode(std::span<const RowPoint> points, bool indexed, StreamAdvice advice, Bytes& out);

 private:
  template <class Get>
  void encode_each(std::span<const RowPoint> points, Get get, StreamAdvice advice, Bytes& out);
  void encode_stamps(std::span<const RowPoint> points, Bytes& out) const;
  void encode_arrivals(std::span<const RowPoint> points, StreamAdvice advice, Bytes& out);
  void encode_sources(std::span<const RowPoint> points, StreamAdvice advice, Bytes& out);

  IntStreamEncoder ints_;
  std::vector<std::uint64_t> values_;
  std::vector<std::uint64_t> srcs_;
  Bytes other_;
};

// Fills everything of `points` but the maps. False when `in` does not hold exactly that, or keys
// descend, or do not begin and end as said.
bool decode_point_streams(ByteInput in, std::int64_t first, std::int64_t last, bool indexed,
                          std::span<StoredPoint> points);

// The same for keys and stamps alone, leaving the rest unread.
bool decode_point_keys(ByteInput in, std::int64_t first, std::int64_t last,
                       std::span<StoredPoint> points);

}  // namespace zbag
