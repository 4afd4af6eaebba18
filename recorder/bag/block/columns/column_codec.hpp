// One column's values as bytes and back (FORMAT.md, Column data).
#pragma once

#include <cstdint>
#include <vector>

#include "recorder/bag/block/columns/column_set.hpp"
#include "recorder/bag/block/columns/float_stream.hpp"
#include "recorder/bag/block/columns/int_stream.hpp"
#include "recorder/bag/block/columns/record_planes.hpp"

namespace zbag {

// Not thread-safe; reused from column to column.
class ColumnEncoder {
 public:
  // Appends the column to `out`; of bytes that are no dictionary, as records of that form.
  void encode(ColumnType type, const ColumnValues& values, StreamAdvice advice, RecordForm records,
              Bytes& out);

 private:
  void encode_ints(const ColumnValues& values, std::size_t stride, StreamAdvice advice, Bytes& out);
  void encode_bytes(const ColumnValues& values, StreamAdvice advice, RecordForm records,
                    Bytes& out);
  bool find_texts(const ColumnValues& values);

  IntStreamEncoder ints_;
  FloatStreamEncoder floats_;
  std::vector<std::uint64_t> codes_;
  std::vector<std::uint64_t> lengths_;  // of the distinct texts, whose bytes are texts_
  Bytes texts_;
};

// Fills `values` with a column of `count` points. False when the bytes are no such column, or are
// not used up, or stand for more than `size_max` values and bytes, which bounds what is allocated.
bool decode_column(ByteInput in, ColumnType type, std::size_t count, std::size_t size_max,
                   ColumnValues& values);

}  // namespace zbag
