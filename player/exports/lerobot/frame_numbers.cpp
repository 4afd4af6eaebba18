#include "player/exports/lerobot/frame_numbers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "schemas/item.hpp"

namespace zbag {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kChunkValues = 1u << 16;

// The columns that every set has, in their order.
constexpr std::array<const char*, 5> kOwn = {"timestamp", "frame_index", "episode_index", "index",
                                             "task_index"};

ParquetOptions options_of(const FeaturePlan& plan) {
  ParquetOptions options{.codec = "snappy"};
  options.types["timestamp"] = "FLOAT";
  for (const Feature& feature : plan.features) {
    if (!feature.is_flag)
      options.types[feature.key] = feature.numbers.size() == 1 ? "FLOAT" : "FLOAT[]";
  }
  return options;
}

std::vector<TableColumn> columns_of(const FeaturePlan& plan) {
  std::vector<TableColumn> columns;
  columns.reserve(std::size(kOwn) + plan.features.size());
  for (const char* name : kOwn)
    columns.push_back({name, columns.empty() ? ColumnKind::kDouble : ColumnKind::kInt});
  for (const Feature& feature : plan.features) {
    columns.push_back({feature.key, feature.is_flag               ? ColumnKind::kBool
                                    : feature.numbers.size() == 1 ? ColumnKind::kDouble
                                                                  : ColumnKind::kDoubles});
  }
  return columns;
}

FieldPart& part_of(FieldColumn& column, ColumnType type) {
  if (column.parts.empty()) column.parts.emplace_back().type = type;
  column.validity.push_back(1);
  ++column.parts.front().count;
  return column.parts.front();
}

// As a float32 has it: beyond its range there is infinity.
double rounded(double number) { return static_cast<double>(static_cast<float>(number)); }

}  // namespace

Result<FrameNumbers> FrameNumbers::create(const std::string& path, const FeaturePlan& plan) {
  Result<ParquetWriter> writer = ParquetWriter::open(path, columns_of(plan), options_of(plan));
  if (!writer) return tl::unexpected(writer.error());
  return FrameNumbers(std::move(*writer), plan);
}

FrameNumbers::FrameNumbers(ParquetWriter writer, const FeaturePlan& plan)
    : writer_(std::move(writer)), plan_(plan) {
  chunk_.fields.resize(kOwn.size() + plan.features.size());
  for (std::size_t f = 0; f < plan.features.size(); ++f) {
    const std::vector<FeatureNumber>& numbers = plan.features[f].numbers;
    values_.emplace_back(numbers.size());
    infinite_.emplace_back(numbers.size());
    for (std::size_t n = 0; n < numbers.size(); ++n) {
      std::string path = numbers[n].track + '\0';
      for (const std::string& name : numbers[n].names) path += name + '\0';
      places_[path].push_back({f, n, numbers[n].element});
    }
  }
}

Status FrameNumbers::add(std::uint64_t frame, float timestamp, MapBytes row) {
  for (std::vector<double>& values : values_) std::ranges::fill(values, kNaN);
  std::string path;
  PairWalk tracks(row.pairs, row.count);
  while (const std::optional<PairBytes> track = tracks.next()) {
    path.assign(track->name) += '\0';
    // Those of cameras have nothing to look for.
    const auto first = places_.lower_bound(path);
    if (first == places_.end() || !first->first.starts_with(path)) continue;
    if (const std::optional<MapBytes> map = open_map(track->value)) take_map(*map, path);
  }
  append_row(frame, timestamp);
  const std::size_t columns = kOwn.size() + places_.size();
  return chunk_.keys.size() * columns >= kChunkValues ? flush() : Status();
}

void FrameNumbers::take_map(MapBytes map, std::string& path) {
  const std::size_t size = path.size();
  PairWalk pairs(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = pairs.next()) {
    path.append(pair->name) += '\0';
    if (const auto places = places_.find(path); places != places_.end()) {
      take_value(places->second, pair->value);
    } else if (const std::optional<MapBytes> inner = open_map(pair->value)) {
      take_map(*inner, path);
    }
    path.resize(size);
  }
}

void FrameNumbers::take_value(const std::vector<Place>& places,
                              std::span<const std::uint8_t> value) {
  const auto number_of = [](item::Cursor& in) {
    double number = kNaN;
    std::uint64_t flag = 0;
    if (item::take_number(in, number)) return number;
    if (item::take_bool(in, flag)) return flag == 0 ? 0.0 : 1.0;
    item::skip(in);
    return kNaN;
  };
  item::Cursor in(value);
  std::uint32_t count = 0;
  if (!item::take_array(in, count)) {
    const double number = number_of(in);
    for (const Place& place : places) {
      if (place.element.value_or(0) == 0) values_[place.feature][place.number] = number;
    }
    return;
  }
  std::vector<double> list(count);
  for (double& number : list) number = number_of(in);
  for (const Place& place : places) {
    if (place.element && *place.element < count)
      values_[place.feature][place.number] = list[*place.element];
  }
}

void FrameNumbers::append_row(std::uint64_t frame, float timestamp) {
  chunk_.keys.push_back(static_cast<std::int64_t>(frame));
  chunk_.seconds.push_back(static_cast<double>(timestamp));
  part_of(chunk_.fields[0], ColumnType::kFloat64).doubles.push_back(static_cast<double>(timestamp));
  for (std::size_t n = 1; n < kOwn.size(); ++n) {
    const bool counts = n == 1 || n == 3;
    part_of(chunk_.fields[n], ColumnType::kInt)
        .ints.push_back(counts ? static_cast<std::int64_t>(frame) : 0);
  }
  for (std::size_t f = 0; f < plan_.features.size(); ++f) {
    FieldColumn& column = chunk_.fields[kOwn.size() + f];
    const std::vector<double>& values = values_[f];
    missing_ += static_cast<std::uint64_t>(
        std::ranges::count_if(values, [](double value) { return std::isnan(value); }));
    if (plan_.features[f].is_flag) {
      const bool is_set = !std::isnan(values[0]) && values[0] != 0;
      part_of(column, ColumnType::kBool).bools.push_back(is_set ? 1 : 0);
      continue;
    }
    FieldPart& part =
        part_of(column, values.size() == 1 ? ColumnType::kFloat64 : ColumnType::kFloat64s);
    for (std::size_t n = 0; n < values.size(); ++n) {
      part.doubles.push_back(rounded(values[n]));
      if (std::isinf(part.doubles.back())) ++infinite_[f][n];
    }
    if (values.size() > 1) part.ends.push_back(part.doubles.size());
  }
}

std::map<std::string, std::uint64_t> FrameNumbers::infinite() const {
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t f = 0; f < infinite_.size(); ++f) {
    for (std::size_t n = 0; n < infinite_[f].size(); ++n) {
      const FeatureNumber& number = plan_.features[f].numbers[n];
      if (infinite_[f][n] > 0)
        counts[fmt::format("{}.{}", number.track, fmt::join(number.names, "."))] += infinite_[f][n];
    }
  }
  return counts;
}

Status FrameNumbers::flush() {
  ColumnChunk empty;
  empty.fields.resize(chunk_.fields.size());
  return writer_.append(std::exchange(chunk_, std::move(empty)));
}

Status FrameNumbers::finish() {
  if (Status flushed = flush(); !flushed) return flushed;
  return writer_.finish();
}

}  // namespace zbag
