#include "player/timings/timing_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "player/query/analytics/moments.hpp"
#include "player/query/analytics/percentiles.hpp"

namespace zbag {
namespace {

constexpr std::array kQuarters{25.0, 50.0, 75.0};

// Depth is bounded by what is read as a line.
void flatten(const Fields& fields, const std::string& before, Fields& out) {
  for (const auto& [name, value] : fields) {
    if (const auto* const inner = value.get_if<Fields>())
      flatten(*inner, before + name + ".", out);
    else
      out.emplace_back(before + name, value);
  }
}

std::optional<double> number_of(const Value& value) {
  std::optional<double> number;
  if (const auto* const one = value.get_if<double>()) number = *one;
  if (const auto* const whole = value.get_if<std::uint64_t>()) number = static_cast<double>(*whole);
  if (const auto* const whole = value.get_if<std::int64_t>()) number = static_cast<double>(*whole);
  return number && holds_number(*number) ? number : std::nullopt;
}

}  // namespace

Fields flattened(const Fields& fields) {
  Fields flat;
  flatten(fields, "", flat);
  return flat;
}

void TimingTable::add(const TimingRecord& record) {
  Array row(columns_.size());
  for (auto& [name, value] : flattened(fields_of(record))) {
    const std::optional<std::size_t> place = place_of(name);
    if (place) {
      row[*place] = std::move(value);
    } else {
      columns_.push_back(name);
      row.push_back(std::move(value));
    }
  }
  rows_.push_back(std::move(row));
}

std::optional<std::size_t> TimingTable::place_of(std::string_view column) const {
  const auto found = std::ranges::find(columns_, column);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

Array TimingTable::row(std::size_t at) const {
  Array row = rows_[at];
  row.resize(columns_.size());
  return row;
}

std::optional<double> TimingTable::number_at(std::size_t row, std::size_t column) const {
  return column < rows_[row].size() ? number_of(rows_[row][column]) : std::nullopt;
}

bool TimingTable::has_numbers(std::string_view column) const {
  const std::optional<std::size_t> place = place_of(column);
  for (std::size_t i = 0; place && i < rows_.size(); ++i) {
    if (number_at(i, *place)) return true;
  }
  return false;
}

std::optional<Description> TimingTable::describe(std::string_view column) const {
  const std::optional<std::size_t> place = place_of(column);
  std::vector<double> numbers;
  for (std::size_t i = 0; place && i < rows_.size(); ++i) {
    if (const std::optional<double> number = number_at(i, *place)) numbers.push_back(*number);
  }
  if (numbers.empty()) return std::nullopt;
  const auto [min, max] = std::ranges::minmax(numbers);
  const Percentiles all = calculate_percentiles(std::move(numbers), kQuarters);
  return Description{.count = all.total_count,
                     .mean = all.mean_value,
                     .std_dev = all.std_dev,
                     .min = min,
                     .quarter = all.values[0].second,
                     .half = all.values[1].second,
                     .three_quarters = all.values[2].second,
                     .max = max};
}

std::vector<TimingTable::Group> TimingTable::group(const std::vector<std::string>& by,
                                                   const std::vector<std::string>& of) const {
  std::vector<Group> groups;
  std::vector<std::vector<Moments>> moments;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const Array values = row(i);
    Array key;
    for (const std::string& name : by) {
      const std::optional<std::size_t> place = place_of(name);
      key.push_back(place ? values[*place] : Value());
    }
    const auto found = std::ranges::find(groups, key, &Group::by);
    const auto at = static_cast<std::size_t>(found - groups.begin());
    if (found == groups.end()) {
      groups.push_back({.by = std::move(key), .means = {}});
      moments.emplace_back(of.size());
    }
    ++groups[at].count;
    for (std::size_t k = 0; k < of.size(); ++k) {
      const std::optional<std::size_t> place = place_of(of[k]);
      const std::optional<double> number = place ? number_of(values[*place]) : std::nullopt;
      if (number) moments[at][k].add(*number);
    }
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const Moments& one : moments[i])
      groups[i].means.push_back(one.count > 0 ? std::optional(one.mean()) : std::nullopt);
  }
  return groups;
}

}  // namespace zbag
