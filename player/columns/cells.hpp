// The values of a column, point by point, whatever types they were sent in.
//
//   Cells cells(chunk.fields[0]);
//   for (std::size_t i = 0; i < chunk.keys.size(); ++i) {
//     const Cell cell = cells.next();
//     if (!cell.is_absent()) use(cell.number());
//   }
//
// The column is lent. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/read/column_reader.hpp"

namespace zbag {

// One value, in the column's buffers.
class Cell {
 public:
  Cell() = default;
  Cell(const FieldPart& part, std::size_t at) : part_(&part), at_(at) {}

  bool is_missing() const { return part_ == nullptr; }
  // There is no value, or nil.
  bool is_absent() const { return part_ == nullptr || part_->type == ColumnType::kNil; }
  ColumnType type() const { return part_ == nullptr ? ColumnType::kNil : part_->type; }

  // Each REQUIRES a value of such a type.
  bool boolean() const { return part_->bools[at_] != 0; }
  std::int64_t integer() const { return part_->ints[at_]; }  // two's complement where is_above()
  bool is_above_int64() const { return is_above_at(at_); }
  double number() const { return number_at(at_); }  // of ints and floats
  std::string_view bytes() const;                   // of texts, binaries and others
  std::size_t list_size() const { return end() - begin(); }
  double list_number(std::size_t i) const { return number_at(begin() + i); }
  std::int64_t list_integer(std::size_t i) const { return part_->ints[begin() + i]; }
  bool is_list_above_int64(std::size_t i) const { return is_above_at(begin() + i); }

  // Appends it as JSON, as a row has it; `null` where there is none.
  void append_json(std::string& out) const;

 private:
  std::uint64_t begin() const { return at_ == 0 ? 0 : part_->ends[at_ - 1]; }
  std::uint64_t end() const { return part_->ends[at_]; }
  bool is_above_at(std::uint64_t position) const;
  double number_at(std::uint64_t position) const;
  void append_number(std::uint64_t position, std::string& out) const;

  const FieldPart* part_ = nullptr;
  std::size_t at_ = 0;
};

class Cells {
 public:
  explicit Cells(const FieldColumn& column) : column_(column), next_of_part_(column.parts.size()) {}

  Cell next() {
    const std::uint8_t code = column_.validity[point_++];
    if (code == 0) return {};
    return {column_.parts[code - 1u], next_of_part_[code - 1u]++};
  }

 private:
  const FieldColumn& column_;
  std::size_t point_ = 0;
  std::vector<std::size_t> next_of_part_;
};

}  // namespace zbag
