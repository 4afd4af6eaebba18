// The rows of a data set, one after the other, read many at once.
//
//   ColumnRows rows = ColumnRows::open(file, set, shape, bytes).value();
//   rows.load(row);
//   rows.append(left, item);
//
// Memory is about the bytes that are given, but what one row takes at least; of rows without a
// fixed size kRowBytesMax. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "player/imports/hdf5/arena.hpp"
#include "player/imports/hdf5/stored_set.hpp"

namespace zbag::hdf5::reading {

class ColumnRows {
 public:
  // `file` is lent. `bytes`: of memory, together with chunks that are kept. Errors as look_at().
  static Result<ColumnRows> open(const SourceFile& file, const StoredSet& set,
                                 const RowShape& shape, std::size_t bytes);

  // Makes it the row at hand. kDamaged, kIo; kUnsupported: it has more than kRowBytesMax.
  // REQUIRES: the set has it, and none before the last one is asked for.
  Status load(std::size_t row);
  // Appends the row at hand as MessagePack: an element, or lists of them. False: it has more values
  // than `left`, from which they are taken.
  bool append(std::size_t& left, std::string& out) const;
  // Appends the bytes of its elements as bin. REQUIRES: numbers.
  void append_bytes(std::string& out) const;

 private:
  // A dimension of a row as it lies in memory.
  struct Axis {
    std::size_t count;
    std::size_t stride;  // in elements
  };

  ColumnRows(const SourceFile& file, StoredSet set, RowShape shape)
      : file_(&file), set_(std::move(set)), shape_(std::move(shape)) {}
  Status open(std::size_t bytes);
  Status read(std::size_t row, std::size_t count, std::size_t arena_bytes);
  void lay_out(std::size_t count);
  bool append(std::size_t axis, std::size_t at, std::size_t& left, std::string& out) const;
  void append_bytes(std::size_t axis, std::size_t at, std::string& out) const;
  const std::uint8_t* element(std::size_t at) const {
    return values_.data() + at * set_.type.bytes;
  }

  const SourceFile* file_;
  StoredSet set_;
  RowShape shape_;
  Id dataset_;
  Id memory_type_;
  std::size_t row_bytes_ = 0;
  std::size_t elements_ = 0;  // of a row
  std::size_t slab_rows_ = 1;
  std::size_t arena_bytes_ = 0;
  std::unique_ptr<Arena> arena_ = std::make_unique<Arena>();  // where the library finds it

  // What is in memory.
  std::vector<std::uint8_t> values_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::vector<Axis> axes_;
  std::size_t row_stride_ = 0;
  std::size_t row_ = 0;  // at hand, of those in memory
};

}  // namespace zbag::hdf5::reading
