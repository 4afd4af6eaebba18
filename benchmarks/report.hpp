// What a benchmark program found: tables and claims, printed as they come, kept for the JSON file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "benchmarks/measure.hpp"
#include "benchmarks/program.hpp"

namespace zbag::bench {

class Report {
 public:
  explicit Report(Arguments arguments) : arguments_(std::move(arguments)) {}

  const Arguments& arguments() const { return arguments_; }

  // Measures (measure.hpp), prints and keeps the table.
  Table compare(const std::string& title, const std::vector<Case>& cases, std::uint64_t messages,
                double bytes);

  // Prints and keeps whether `value` reaches `at_least`. A `goal` beyond it is shown, not asked.
  void claim(const std::string& what, double value, std::optional<double> at_least,
             std::optional<double> goal = {});

  // Writes the JSON file when one is asked for. The status of the program: 0 when every claim
  // holds, else 1.
  int finish() const;

 private:
  struct Claim {
    std::string what;
    double value;
    std::optional<double> at_least;
    std::optional<double> goal;

    bool holds() const { return !at_least || value >= *at_least; }
  };
  void write_json() const;

  Arguments arguments_;
  std::vector<Table> tables_;
  std::vector<Claim> claims_;
};

}  // namespace zbag::bench
