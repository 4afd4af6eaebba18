#include "player/query/analytics/top_values.hpp"

#include <algorithm>

#include "schemas/check.hpp"

namespace zbag {

void GroupCounts::add(const Group& group, double value) {
  if (!holds_number(value)) return;
  Count& count = counts_[group];
  ++count.count;
  count.numbers.add(value);
}

std::uint64_t GroupCounts::points() const {
  std::uint64_t sum = 0;
  for (const auto& [group, count] : counts_) sum += count.count;
  return sum;
}

std::vector<TopValue> GroupCounts::top(std::size_t n) const {
  std::vector<TopValue> all;
  all.reserve(counts_.size());
  for (const auto& [group, count] : counts_) all.push_back({group, count.count, count.numbers});
  std::stable_sort(all.begin(), all.end(),
                   [](const TopValue& a, const TopValue& b) { return a.count > b.count; });
  if (all.size() > n) all.erase(all.begin() + static_cast<std::ptrdiff_t>(n), all.end());
  return all;
}

std::vector<TopValue> calculate_top_values(std::span<const Group> groups,
                                           std::span<const double> values, std::size_t n) {
  ZBAG_CHECK(groups.size() == values.size());
  GroupCounts counts;
  for (std::size_t i = 0; i < groups.size(); ++i) counts.add(groups[i], values[i]);
  return counts.top(n);
}

}  // namespace zbag
