#include "player/timings/timing_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "player/query/analytics/moments.hpp"
#include "player/query/analytics/percentiles.hpp"
#include "schemas/field_lookup.hpp"

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

// One that descriptions hold.
std::optional<double> finite_number_of(const Value& value) {
  const std::optional<double> number = number_of(value);
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
      places_.emplace(name, columns_.size());
      columns_.push_back(name);
      row.push_back(std::move(value));
    }
  }
  rows_.push_back(std::move(row));
}

std::optional<std::size_t> TimingTable::place_of(const std::string& column) const {
  const auto found = places_.find(column);
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::optional<std::size_t>> TimingTable::places_of(
    const std::vector<std::string>& columns) const {
  std::vector<std::optional<std::size_t>> places;
  for (const std::string& column : columns) places.push_back(place_of(column));
  return places;
}

Array TimingTable::row(std::size_t at) const {
  Array row = rows_[at];
  row.resize(columns_.size());
  return row;
}

std::optional<double> TimingTable::number_at(std::size_t row, std::size_t column) const {
  return column < rows_[row].size() ? finite_number_of(rows_[row][column]) : std::nullopt;
}

bool TimingTable::has_numbers(const std::string& column) const {
  const std::optional<std::size_t> place = place_of(column);
  for (std::size_t i = 0; place && i < rows_.size(); ++i) {
    if (number_at(i, *place)) return true;
  }
  return false;
}

std::optional<Description> TimingTable::describe(const std::string& column) const {
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
  const auto keys = places_of(by);
  const auto numbers = places_of(of);
  std::vector<Group> groups;
  std::vector<std::vector<Moments>> moments;
  std::unordered_map<std::string, std::size_t> known;  // by their values, as MessagePack
  for (const Array& values : rows_) {
    const auto value_at = [&](std::optional<std::size_t> place) {
      return place && *place < values.size() ? values[*place] : Value();
    };
    Array key;
    for (const std::optional<std::size_t> place : keys) key.push_back(value_at(place));
    std::string bytes;
    encode_fields({{"", key}}, bytes);
    const auto [group, is_new] = known.try_emplace(std::move(bytes), groups.size());
    if (is_new) {
      groups.push_back({.by = std::move(key), .means = {}});
      moments.emplace_back(of.size());
    }
    ++groups[group->second].count;
    for (std::size_t k = 0; k < of.size(); ++k) {
      if (const std::optional<double> number = finite_number_of(value_at(numbers[k])))
        moments[group->second][k].add(*number);
    }
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const Moments& one : moments[i])
      groups[i].means.push_back(one.count > 0 ? std::optional(one.mean()) : std::nullopt);
  }
  return groups;
}

}  // namespace zbag
