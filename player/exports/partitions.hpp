// What rows are sorted into folders by, as columns of text: run, track, date, hour.
//
//   Partitions partitions = Partitions::of({"date", "hour"}, source.bags(), track).value();
//   partitions.add_to(chunk);  // "2026-11-29" and "07" of every row
#pragma once

#include <string>
#include <vector>

#include "recorder/bag/read/column_reader.hpp"
#include "recorder/bag/read/summary.hpp"
#include "schemas/result.hpp"

namespace zbag {

class Partitions {
 public:
  // `names`: `track`; `date` and `hour` of the stamp, in UTC; `run`: the number of the last run
  // that had begun by then, behind the bag's name where there are several bags. kInvalid: another,
  // or one twice.
  static Result<Partitions> of(std::vector<std::string> names, const std::vector<BagSummary>& bags,
                               std::string track);

  const std::vector<std::string>& names() const { return names_; }
  // A column for each name, behind the fields.
  void add_to(ColumnChunk& chunk) const;

 private:
  struct Run {
    std::int64_t start_ns;
    std::string name;
  };
  Partitions() = default;
  std::string text_of(const std::string& name, std::int64_t key) const;
  const std::string& run_at(std::int64_t key) const;

  std::vector<std::string> names_;
  std::string track_;
  std::vector<Run> runs_;  // by start; at least one
};

}  // namespace zbag
