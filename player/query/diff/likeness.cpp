#include "player/query/diff/likeness.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"

namespace zbag {
namespace {

double float_of(const NumberBits& number) {
  return number.type == ColumnType::kFloat32
             ? std::bit_cast<float>(static_cast<std::uint32_t>(number.bits))
             : std::bit_cast<double>(number.bits);
}

// Holds every int64, uint64 and double.
long double exact_of(const NumberBits& number) {
  if (number.type != ColumnType::kInt) return float_of(number);
  if (number.is_above_int64) return static_cast<long double>(number.bits);
  return static_cast<long double>(static_cast<std::int64_t>(number.bits));
}

bool is_nan(const NumberBits& number) {
  return number.type != ColumnType::kInt && std::isnan(float_of(number));
}

// The int or float at `in`; nullopt: something else.
std::optional<NumberBits> number_at(item::Cursor in) {
  NumberBits number;
  if (item::take_int(in, number.bits, number.is_above_int64)) return number;
  number.type = ColumnType::kFloat64;
  if (item::take_float64(in, number.bits)) return number;
  number.type = ColumnType::kFloat32;
  if (item::take_float32(in, number.bits)) return number;
  return std::nullopt;
}

std::vector<PairBytes> pairs_by_name(const MapBytes& map) {
  std::vector<PairBytes> pairs;
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) pairs.push_back(*pair);
  std::ranges::stable_sort(pairs, {}, &PairBytes::name);
  return pairs;
}

bool are_alike_maps(const MapBytes& a, const MapBytes& b, const Likeness& likeness) {
  return a.count == b.count &&
         std::ranges::equal(pairs_by_name(a), pairs_by_name(b), [&](const auto& x, const auto& y) {
           return x.name == y.name && likeness.are_alike(x.value, y.value);
         });
}

// REQUIRES: both are at arrays.
bool are_alike_arrays(item::Cursor a, item::Cursor b, const Likeness& likeness) {
  std::uint32_t count_a = 0;
  std::uint32_t count_b = 0;
  if (!item::take_array(a, count_a) || !item::take_array(b, count_b) || count_a != count_b)
    return false;
  for (std::uint32_t i = 0; i < count_a; ++i) {
    std::span<const std::uint8_t> x;
    std::span<const std::uint8_t> y;
    if (!item::take_whole(a, x) || !item::take_whole(b, y) || !likeness.are_alike(x, y))
      return false;
  }
  return true;
}

}  // namespace

double distance_of(const NumberBits& a, const NumberBits& b) {
  const bool has_int = a.type == ColumnType::kInt || b.type == ColumnType::kInt;
  if (!has_int) return std::abs(float_of(a) - float_of(b));
  return static_cast<double>(std::abs(exact_of(a) - exact_of(b)));
}

double distance_of(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  item::Cursor in_a(a);
  item::Cursor in_b(b);
  const std::optional<NumberBits> x = number_at(in_a);
  const std::optional<NumberBits> y = number_at(in_b);
  if (x && y) return distance_of(*x, *y);
  double farthest = std::numeric_limits<double>::quiet_NaN();
  std::uint32_t count_a = 0;
  std::uint32_t count_b = 0;
  if (!item::take_array(in_a, count_a) || !item::take_array(in_b, count_b) || count_a != count_b)
    return farthest;
  for (std::uint32_t i = 0; i < count_a; ++i) {
    if (!item::take_whole(in_a, a) || !item::take_whole(in_b, b)) break;
    farthest = std::fmax(farthest, distance_of(a, b));
  }
  return farthest;
}

bool Likeness::are_alike(const NumberBits& a, const NumberBits& b) const {
  const bool has_one_type = a.type == b.type;
  if (has_one_type && a.bits == b.bits && a.is_above_int64 == b.is_above_int64) return true;
  if (!has_one_type && !tolerance_) return false;
  if (is_nan(a) || is_nan(b)) return is_nan(a) && is_nan(b);
  if (!tolerance_) return false;
  const bool has_int = a.type == ColumnType::kInt || b.type == ColumnType::kInt;
  if (!has_int) {
    const double x = float_of(a);
    const double y = float_of(b);
    return x == y || std::abs(x - y) <= *tolerance_;  // infinities, too
  }
  const long double x = exact_of(a);
  const long double y = exact_of(b);
  return x == y || std::abs(x - y) <= static_cast<long double>(*tolerance_);
}

bool Likeness::are_alike(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) const {
  if (same_value(a, b)) return true;
  const item::Cursor in_a(a);
  const item::Cursor in_b(b);
  const std::optional<NumberBits> x = number_at(in_a);
  const std::optional<NumberBits> y = number_at(in_b);
  if (x && y) return are_alike(*x, *y);
  if (in_a.is_at(item::Type::kArray) && in_b.is_at(item::Type::kArray))
    return are_alike_arrays(in_a, in_b, *this);
  const std::optional<MapBytes> map_a = open_map(a);
  const std::optional<MapBytes> map_b = open_map(b);
  return map_a && map_b && are_alike_maps(*map_a, *map_b, *this);
}

}  // namespace zbag
