#include "player/query/plot/envelope.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "player/query/analytics/moments.hpp"
#include "schemas/check.hpp"

namespace zbag {
namespace {

double ns_between(std::int64_t earlier, std::int64_t later) {
  return static_cast<double>(static_cast<std::uint64_t>(later) -
                             static_cast<std::uint64_t>(earlier));
}

void push_new(std::vector<ChartPoint>& line, ChartPoint point) {
  const bool is_there = !line.empty() && line.back().x == point.x && line.back().y == point.y;
  if (!is_there) line.push_back(point);
}

}  // namespace

Envelope::Envelope(TimeRange range, std::size_t columns)
    : range_(range),
      columns_per_ns_(static_cast<double>(columns) / (ns_between(range.first, range.last) + 1.0)),
      columns_(columns) {
  ZBAG_CHECK(!range.empty() && columns > 0);
}

std::size_t Envelope::column_of(std::int64_t key) const {
  const auto column = static_cast<std::size_t>(ns_between(range_.first, key) * columns_per_ns_);
  return std::min(column, columns_.size() - 1);
}

// Column by column: there are many points in each, where there are many.
void Envelope::add(std::span<const std::int64_t> keys, std::span<const double> values) {
  Run run{};
  std::size_t column = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::int64_t key = keys[i];
    const double value = values[i];
    if (!holds_number(value) || !range_.contains(key)) continue;
    const std::size_t its_column = column_of(key);
    if (run.count > 0 && its_column != column) {
      add(run);
      run.count = 0;
    }
    if (run.count++ == 0) {
      column = its_column;
      run = {key, key, value, value, value, value, 1};
    }
    run.last_key = key;
    run.last = value;
    run.min = std::min(run.min, value);
    run.max = std::max(run.max, value);
  }
  if (run.count > 0) add(run);
}

void Envelope::add(const Run& run) {
  Run& column = columns_[column_of(run.first_key)];
  if (column.count == 0) {
    column = run;
    return;
  }
  if (run.first_key < column.first_key) {
    column.first_key = run.first_key;
    column.first = run.first;
  }
  if (run.last_key >= column.last_key) {
    column.last_key = run.last_key;
    column.last = run.last;
  }
  column.min = std::min(column.min, run.min);
  column.max = std::max(column.max, run.max);
  column.count += run.count;
}

std::uint64_t Envelope::count() const {
  std::uint64_t sum = 0;
  for (const Run& column : columns_) sum += column.count;
  return sum;
}

// The median of what lies between numbers within a column, or between columns that have one each.
double Envelope::spacing() const {
  std::vector<double> spacings;
  std::optional<std::int64_t> before;
  for (const Run& column : columns_) {
    if (column.count == 0) continue;
    if (column.count > 1)
      spacings.push_back(ns_between(column.first_key, column.last_key) /
                         static_cast<double>(column.count - 1));
    else if (before)
      spacings.push_back(ns_between(*before, column.first_key));
    before = column.last_key;
  }
  if (spacings.empty()) return 0.0;
  const auto middle = spacings.begin() + static_cast<std::ptrdiff_t>(spacings.size() / 2);
  std::nth_element(spacings.begin(), middle, spacings.end());
  return *middle;
}

double Envelope::seconds_of(std::int64_t key) const { return ns_between(range_.first, key) * 1e-9; }

std::vector<ChartPoint> Envelope::line() const {
  std::vector<ChartPoint> line;
  const double gap = spacing() * kGapSpacings;
  const double column_ns = 1.0 / columns_per_ns_;
  std::optional<std::int64_t> before;
  for (const Run& column : columns_) {
    if (column.count == 0) continue;
    // What is narrower than a pixel is nothing to see.
    const bool is_gap = before && ns_between(*before, column.first_key) > std::max(gap, column_ns);
    if (is_gap) line.push_back(ChartPoint::gap());
    before = column.last_key;
    push_new(line, {seconds_of(column.first_key), column.first});
    if (column.count > 2) {
      const double middle = (seconds_of(column.first_key) + seconds_of(column.last_key)) / 2.0;
      const bool is_low_first = column.first - column.min < column.max - column.first;
      push_new(line, {middle, is_low_first ? column.min : column.max});
      push_new(line, {middle, is_low_first ? column.max : column.min});
    }
    push_new(line, {seconds_of(column.last_key), column.last});
  }
  return line;
}

}  // namespace zbag
