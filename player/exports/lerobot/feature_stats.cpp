#include "player/exports/lerobot/feature_stats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string_view>

#include "player/query/sql_text.hpp"

namespace zbag {
namespace {

constexpr std::array<std::string_view, 9> kNames = {"min", "max", "mean", "std", "q01",
                                                    "q10", "q50", "q90",  "q99"};
constexpr std::array<double, 5> kShares = {0.01, 0.1, 0.5, 0.9, 0.99};

double parsed(ResultCell cell) {
  double number = 0;
  if (cell) std::from_chars(cell->data(), cell->data() + cell->size(), number);
  return number;
}

// Of one number: 0 for all where there is none.
std::string sql_of(const std::string& file, const std::string& number) {
  std::string quantiles;
  for (const double share : kShares)
    quantiles += fmt::format(", CAST(quantile_cont(x, {}) AS DOUBLE)", share);
  return fmt::format(
      "SELECT CAST(min(x) AS DOUBLE), CAST(max(x) AS DOUBLE), avg(x), stddev_pop(x){} FROM (SELECT "
      "CAST({} AS DOUBLE) AS x FROM read_parquet({})) WHERE isfinite(x)",
      quantiles, number, sql_text(file));
}

double quantile_of(const ColourCount::Channel& counts, std::uint64_t pixels, double share) {
  // Linear between the values around the place, as numpy has it.
  const double place = share * static_cast<double>(pixels - 1);
  const auto value_at = [&](std::uint64_t at) {
    std::size_t value = 0;
    for (std::uint64_t before = counts[0]; before <= at; before += counts[++value]) continue;
    return static_cast<double>(value);
  };
  const double low = value_at(static_cast<std::uint64_t>(place));
  const double high = value_at(static_cast<std::uint64_t>(std::ceil(place)));
  return std::lerp(low, high, place - std::floor(place));
}

std::array<double, kNames.size()> numbers_of(const ColourCount::Channel& counts) {
  std::uint64_t pixels = 0;
  double sum = 0;
  double squares = 0;
  for (std::size_t value = 0; value < counts.size(); ++value) {
    const auto number = static_cast<double>(value);
    const auto count = static_cast<double>(counts[value]);
    pixels += counts[value];
    sum += number * count;
    squares += number * number * count;
  }
  const auto all = static_cast<double>(pixels);
  const double mean = sum / all;
  std::array<double, kNames.size()> numbers = {
      quantile_of(counts, pixels, 0), quantile_of(counts, pixels, 1), mean,
      std::sqrt(std::max(0.0, squares / all - mean * mean))};
  for (std::size_t n = 0; n < kShares.size(); ++n)
    numbers[4 + n] = quantile_of(counts, pixels, kShares[n]);
  for (double& number : numbers) number /= 255;
  return numbers;
}

std::vector<std::pair<std::string, std::vector<double>>> named() {
  std::vector<std::pair<std::string, std::vector<double>>> numbers;
  numbers.reserve(std::size(kNames));
  for (const std::string_view name : kNames)
    numbers.emplace_back(std::string(name), std::vector<double>());
  return numbers;
}

}  // namespace

std::string FeatureStats::list_of(const std::vector<double>& values) const {
  return is_camera ? fmt::format("[[[{}]]]", fmt::join(values, "]], [["))
                   : fmt::format("[{}]", fmt::join(values, ", "));
}

Result<FeatureStats> FeatureStats::of_column(Database& database, const std::string& file,
                                             const std::string& column, std::size_t numbers) {
  FeatureStats stats{.key = column, .numbers = named()};
  for (std::size_t n = 1; n <= numbers; ++n) {
    const std::string name = sql_name(column);
    Result<Statement> statement =
        database.prepare(sql_of(file, numbers == 1 ? name : fmt::format("{}[{}]", name, n)));
    if (!statement) return tl::unexpected(statement.error());
    Status run = statement->run([&](std::span<const ResultCell> row) {
      for (std::size_t at = 0; at < kNames.size(); ++at)
        stats.numbers[at].second.push_back(parsed(row[at]));
      return Status();
    });
    if (!run) return tl::unexpected(run.error());
  }
  return stats;
}

FeatureStats FeatureStats::of_camera(const std::string& key, const ColourCount& colours) {
  FeatureStats stats{.key = key, .is_camera = true, .frames = colours.frames(), .numbers = named()};
  for (const ColourCount::Channel& channel : colours.channels()) {
    const auto numbers = numbers_of(channel);
    for (std::size_t at = 0; at < kNames.size(); ++at)
      stats.numbers[at].second.push_back(numbers[at]);
  }
  return stats;
}

}  // namespace zbag
