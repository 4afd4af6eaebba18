// What timings come to: rows with a name for each value, and numbers of them.
//
//   run_metadata.model   timings.phases.encode.total_seconds   ...
//
// Maps within maps become one name with dots; lists stay values. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/timings/timing_record.hpp"

namespace zbag {

// In the order of the record; a map that is empty has no value.
Fields flattened(const Fields& fields);

// Of finite numbers. Quantiles lie between two numbers linearly, as pandas has them.
struct Description {
  std::size_t count = 0;
  double mean = 0.0;
  std::optional<double> std_dev;  // of a sample (n - 1); nullopt: of fewer than two numbers
  double min = 0.0;
  double quarter = 0.0;
  double half = 0.0;
  double three_quarters = 0.0;
  double max = 0.0;
};

class TimingTable {
 public:
  void add(const TimingRecord& record);

  // Of all rows, each once, in the order in which they came first.
  const std::vector<std::string>& columns() const { return columns_; }
  std::size_t size() const { return rows_.size(); }
  // A value a column; nil: the record has none.
  Array row(std::size_t at) const;
  bool has_numbers(const std::string& column) const;

  // nullopt: no row has a number there.
  std::optional<Description> describe(const std::string& column) const;

  struct Group {
    Array by;  // a value of each column that groups; nil: it has none
    std::size_t count = 0;
    std::vector<std::optional<double>> means;  // of each column of `of`; nullopt: it has no number
  };
  // By their values there, in the order in which they came first.
  std::vector<Group> group(const std::vector<std::string>& by,
                           const std::vector<std::string>& of) const;

 private:
  std::optional<double> number_at(std::size_t row, std::size_t column) const;
  std::optional<std::size_t> place_of(const std::string& column) const;
  std::vector<std::optional<std::size_t>> places_of(const std::vector<std::string>& columns) const;

  std::vector<std::string> columns_;
  std::unordered_map<std::string, std::size_t> places_;  // of these, by name
  std::vector<Array> rows_;  // as many values as there were columns by then
};

}  // namespace zbag
