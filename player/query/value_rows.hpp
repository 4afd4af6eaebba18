// Rows of values as a chunk of columns: for tables that are small, or made and not stored.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "recorder/bag/read/column_reader.hpp"
#include "schemas/frame.hpp"

namespace zbag {

class ValueRows {
 public:
  explicit ValueRows(std::size_t columns) { chunk_.fields.resize(columns); }

  // Begins a row, of which every column is put next.
  void begin(std::int64_t key, double seconds);
  // Maps and arrays become JSON.
  void put(std::size_t column, const Value& value);
  // Likewise, a MessagePack value that was validated.
  void put_item(std::size_t column, std::string_view item);

  std::size_t size() const { return chunk_.keys.size(); }
  std::size_t bytes() const { return bytes_; }  // of texts and items
  // All that was added since it was taken last.
  ColumnChunk take();

 private:
  FieldPart& part_of(std::size_t column, ColumnType type);
  void put_bytes(std::size_t column, ColumnType type, std::string_view bytes);

  ColumnChunk chunk_;
  std::size_t bytes_ = 0;
};

}  // namespace zbag
