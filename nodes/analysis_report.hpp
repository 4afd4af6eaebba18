// What an analysis found, as people read it (a table, or names and values) or as programs do (one
// JSON object), row by row as it is found.
//
// In JSON: the head's members, then "result": an array of rows or one object, then the tail's.
#pragma once

#include <optional>
#include <string>

#include "nodes/analysis_table.hpp"
#include "schemas/frame.hpp"

namespace zbag {

class AnalysisReport {
 public:
  // Tables fit the terminal that stdout is, if it is one.
  AnalysisReport(bool is_json, Fields head) : is_json_(is_json), head_(std::move(head)) {}

  // All rows have the same names. `group` and `range`, which stand last, may be texts.
  void row(const Fields& row);
  void object(const Fields& object);
  void finish(const Fields& tail);
  // False: whoever reads stdout has seen enough.
  static bool is_read();

 private:
  void begin(const char* opening);
  void drain(std::size_t bytes_min);

  bool is_json_;
  Fields head_;
  std::string out_;
  std::optional<AnalysisTable> table_;
  bool has_begun_ = false;
  bool is_object_ = false;
};

}  // namespace zbag
