// Values of a column of a result, as MessagePack: for the files of this room alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "player/query/duckdb_calls.hpp"
#include "schemas/result.hpp"

namespace zbag {

// One column of one chunk. Numbers, texts, bools, lists and blobs as they are; structs as maps;
// maps as maps where their keys are texts, else as lists of {key, value}; times of day and since
// 1970 in nanoseconds; days and UUIDs as texts; decimals as whole numbers, or as the nearest
// float64.
class ResultItems {
 public:
  // kUnsupported: of a type that is none of these. Valid as long as the chunk.
  static Result<ResultItems> of(duckdb_vector vector);

  // Appends the value of that row; nothing where it is NULL.
  void append(idx_t row, std::string& out) const;

 private:
  explicit ResultItems(duckdb_vector vector);
  Status add_children(duckdb_vector vector, duckdb_logical_type type);
  Status add_child(duckdb_vector vector);
  bool is_null(idx_t row) const;
  void append_or_nil(idx_t row, std::string& out) const;
  void append_whole(idx_t row, std::string& out) const;
  void append_list(idx_t begin, idx_t length, std::string& out) const;
  void append_struct(idx_t row, std::string& out) const;
  void append_map(idx_t begin, idx_t length, std::string& out) const;
  void append_decimal(idx_t row, std::string& out) const;
  template <class T>
  T value(idx_t row) const {
    return static_cast<const T*>(values_)[row];
  }

  void* values_;
  std::uint64_t* validity_;
  duckdb_type type_ = DUCKDB_TYPE_INVALID;
  duckdb_type whole_ = DUCKDB_TYPE_INVALID;  // what a decimal is stored as
  unsigned scale_ = 0;                       // of a decimal
  idx_t array_size_ = 0;
  std::vector<std::string> names_;     // of what is in a struct
  std::vector<ResultItems> children_;  // of a struct, or what a list has
};

}  // namespace zbag
