// The values that come most often, and what the numbers beside them come to: states, error codes.
// Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "player/query/analytics/moments.hpp"

namespace zbag {

// What points are counted by. In order: false, true, integers, then texts by their bytes.
using Group = std::variant<bool, std::int64_t, std::uint64_t, std::string>;  // uint64: > INT64_MAX

struct TopValue {
  Group group;
  std::uint64_t count = 0;
  Moments numbers;  // of the points that were counted with one
};

class GroupCounts {
 public:
  // A point that is counted without a number.
  void add(const Group& group) { ++counts_[group].count; }
  void add(const Group& group, double value);

  std::size_t groups() const { return counts_.size(); }
  std::uint64_t points() const;  // that were counted
  // Of the most frequent first, `n` at most; equal counts by group.
  std::vector<TopValue> top(std::size_t n) const;

 private:
  struct Count {
    std::uint64_t count = 0;
    Moments numbers;
  };
  std::map<Group, Count> counts_;
};

// Points without a number are left out. REQUIRES: a value a group.
std::vector<TopValue> calculate_top_values(std::span<const Group> groups,
                                           std::span<const double> values, std::size_t n = 10);

}  // namespace zbag
