// Fills columns with the values that a field has in a block, or in points that come from elsewhere.
#pragma once

#include <cstddef>
#include <vector>

#include "recorder/bag/block/block_fields.hpp"
#include "recorder/bag/read/column_reader.hpp"
#include "schemas/points/point.hpp"

namespace zbag {

// Appends what the points [begin, end) of `field` have. A list that mixes types of numbers comes as
// one of doubles, where a double holds each of them ([0, 0.5]); else it is as it was sent.
void append_points(const BlockField& field, std::size_t begin, std::size_t end,
                   FieldColumn& column);

// Points as columns, whatever reads them: several bags, a filter, an alignment.
//
//   PointColumns columns(fields);
//   while (...) {
//     columns.add(point);
//     if (columns.size() == enough) use(columns.take());
//   }
//
// Not thread-safe.
class PointColumns {
 public:
  explicit PointColumns(std::vector<FieldNames> fields) : fields_(std::move(fields)) {}

  // Copies the point's map. REQUIRES: it was validated.
  void add(const PointView& point);
  std::size_t size() const { return points_.size(); }
  std::size_t bytes() const { return bytes_; }  // of the maps
  // All that was added since it was taken last.
  ColumnChunk take();

 private:
  std::vector<FieldNames> fields_;
  std::vector<StoredPoint> points_;
  std::vector<Bytes> maps_;
  std::size_t bytes_ = 0;
};

}  // namespace zbag
