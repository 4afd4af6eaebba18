// One stored block, read: a run of points of one track in key order (FORMAT.md, Blocks).
//
// The checksum is verified first, and every count is bounded by the bytes there are before memory
// is taken. What comes back are the same bytes that were stored (of columns: equal values and
// types, integers in their shortest form); of an uncompressed block rows are lent straight from the
// stored value. Nothing here touches a file. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "recorder/bag/block/columns/columns_body.hpp"
#include "recorder/bag/block/header.hpp"
#include "schemas/points/point.hpp"
#include "schemas/result.hpp"

namespace zbag {

// A stored block, verified. Lends its rows as long as it and the value it came from live; moving it
// moves nothing it lends.
class Block {
 public:
  enum class Maps : std::uint8_t { kNow, kLater };

  // kDamaged: not a block, a wrong checksum, impossible sizes; kNewerFormat: an unknown codec.
  // With `Maps::kLater` a block of columns gives keys, stamps and (of indexed blocks) indices alone
  // and lends columns() in place of maps; damage of a field is then met when it is read.
  static Result<Block> open(std::string_view value, Maps maps = Maps::kNow);

  const BlockHeader& header() const { return header_; }
  const std::vector<StoredPoint>& points() const { return points_; }
  // Bytes of its own the maps lie in; 0: they are lent from the value.
  std::size_t owned_bytes() const { return raw_bytes_; }
  // The fields as columns; nullptr when maps are what there is. Decompresses as it is asked.
  ColumnsBody* columns() { return columns_ ? &*columns_ : nullptr; }
  // Gives the points of a block that was opened with `Maps::kLater` their maps after all; does
  // nothing where they have them. The columns stay. kDamaged: a field does not decode.
  Status fill_maps();

 private:
  Status decode_rows(std::span<const std::uint8_t> body);
  Status decode_columns(std::span<const std::uint8_t> body, Maps maps);
  bool join_maps(ColumnsBody& body);
  Status decode_lone(std::string_view value);

  BlockHeader header_;
  std::unique_ptr<std::uint8_t[]> raw_;  // the decompressed body, or maps put together
  std::size_t raw_bytes_ = 0;
  std::optional<ColumnsBody> columns_;  // instead of maps
  std::vector<StoredPoint> points_;
};

}  // namespace zbag
