#include "player/query/diff/leaf_columns.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "schemas/item.hpp"

namespace zbag {
namespace {

using Source = BlockField::Source;

// Where the values of a point begin and end, of what has a length.
struct Extent {
  std::size_t begin;
  std::size_t end;
};
Extent extent_of(const Source& source, std::size_t number) {
  return {number == 0 ? 0 : static_cast<std::size_t>(source.ends[number - 1]),
          static_cast<std::size_t>(source.ends[number])};
}
Extent extent_of(const Source& source, std::size_t number, std::size_t points) {
  return {extent_of(source, number).begin, extent_of(source, number + points - 1).end};
}

template <class T>
bool same_range(const std::vector<T>& a, Extent in_a, const std::vector<T>& b, Extent in_b) {
  return std::equal(a.data() + in_a.begin, a.data() + in_a.end, b.data() + in_b.begin,
                    b.data() + in_b.end);
}

// Whether one look at memory tells that the whole run is alike.
bool is_alike_at_once(const BlockField& a, const BlockField& b, const PairedRun& run) {
  if (!a.places.empty() || !b.places.empty()) return false;
  const Source& in_a = a.sources.front();
  const Source& in_b = b.sources.front();
  if (in_a.type != in_b.type) return false;
  if (!in_a.values.unsigned_at.empty() || !in_b.values.unsigned_at.empty()) return false;
  if (in_a.type == ColumnType::kNil) return true;
  const Extent points_a{run.a, run.a + run.points};
  const Extent points_b{run.b, run.b + run.points};
  const bool has_lengths = is_list(in_a.type) || is_bytes(in_a.type);
  if (!has_lengths) return same_range(in_a.values.numbers, points_a, in_b.values.numbers, points_b);
  if (!same_range(in_a.values.lengths, points_a, in_b.values.lengths, points_b)) return false;
  const Extent all_a = extent_of(in_a, run.a, run.points);
  const Extent all_b = extent_of(in_b, run.b, run.points);
  return is_bytes(in_a.type) ? same_range(in_a.values.bytes, all_a, in_b.values.bytes, all_b)
                             : same_range(in_a.values.numbers, all_a, in_b.values.numbers, all_b);
}

ColumnType item_type(ColumnType list) {
  return list == ColumnType::kInts       ? ColumnType::kInt
         : list == ColumnType::kFloat32s ? ColumnType::kFloat32
                                         : ColumnType::kFloat64;
}

NumberBits number_at(const Source& source, std::size_t position, ColumnType type) {
  const std::vector<std::uint32_t>& above = source.values.unsigned_at;
  return {type, source.values.numbers[position],
          !above.empty() && std::binary_search(above.begin(), above.end(), position)};
}

std::span<const std::uint8_t> bytes_at(const Source& source, std::size_t number) {
  const Extent extent = extent_of(source, number);
  return {source.values.bytes.data() + extent.begin, extent.end - extent.begin};
}

bool is_whole_item(std::span<const std::uint8_t> bytes) {
  item::Cursor in(bytes);
  return item::skip(in) == item::Fault::kNone && in.left() == 0;
}

// What a comparison of two values comes to; nullopt: they are alike.
using Verdict = std::optional<UnlikePoint>;

Verdict compare_numbers(const NumberBits& a, const NumberBits& b, const Likeness& likeness) {
  if (likeness.are_alike(a, b)) return std::nullopt;
  return UnlikePoint{0, true, distance_of(a, b)};
}

Verdict compare_lists(const Source& a, std::size_t number_a, const Source& b, std::size_t number_b,
                      const Likeness& likeness) {
  const Extent in_a = extent_of(a, number_a);
  const Extent in_b = extent_of(b, number_b);
  if (in_a.end - in_a.begin != in_b.end - in_b.begin) return UnlikePoint{};
  Verdict verdict;
  for (std::size_t i = 0; i < in_a.end - in_a.begin; ++i) {
    const NumberBits x = number_at(a, in_a.begin + i, item_type(a.type));
    const NumberBits y = number_at(b, in_b.begin + i, item_type(b.type));
    if (likeness.are_alike(x, y)) continue;
    if (!verdict) verdict = UnlikePoint{};
    verdict->distance = std::fmax(verdict->distance, distance_of(x, y));
  }
  return verdict;
}

Verdict compare_bytes(ColumnType type, std::span<const std::uint8_t> a,
                      std::span<const std::uint8_t> b, const Likeness& likeness) {
  if (std::ranges::equal(a, b)) return std::nullopt;
  if (type != ColumnType::kOther) return UnlikePoint{};
  if (!is_whole_item(a) || !is_whole_item(b)) return UnlikePoint{0, false};
  if (likeness.are_alike(a, b)) return std::nullopt;
  return UnlikePoint{0, true, distance_of(a, b)};
}

Verdict compare_values(const Source& a, std::size_t number_a, const Source& b, std::size_t number_b,
                       const Likeness& likeness) {
  const auto is_scalar = [](ColumnType type) { return is_number(type) && !is_list(type); };
  if (is_scalar(a.type) && is_scalar(b.type))
    return compare_numbers(number_at(a, number_a, a.type), number_at(b, number_b, b.type),
                           likeness);
  if (a.type != b.type) {
    // An empty list may lie in columns of several types.
    const auto may_be_list = [](ColumnType type) {
      return is_list(type) || type == ColumnType::kOther;
    };
    return UnlikePoint{0, !may_be_list(a.type) || !may_be_list(b.type)};
  }
  if (is_list(a.type)) return compare_lists(a, number_a, b, number_b, likeness);
  if (is_bytes(a.type))
    return compare_bytes(a.type, bytes_at(a, number_a), bytes_at(b, number_b), likeness);
  const bool is_alike =
      a.type == ColumnType::kNil || a.values.numbers[number_a] == b.values.numbers[number_b];
  return is_alike ? Verdict() : UnlikePoint{};
}

}  // namespace

void compare_leaf(const BlockField* a, const BlockField* b, const PairedRun& run,
                  const Likeness& likeness, std::vector<UnlikePoint>& unlike) {
  if (a != nullptr && b != nullptr && is_alike_at_once(*a, *b, run)) return;
  const auto place_in = [](const BlockField* field, std::size_t point) {
    return field == nullptr ? BlockField::Place{} : field->at(point);
  };
  for (std::size_t i = 0; i < run.points; ++i) {
    const BlockField::Place in_a = place_in(a, run.a + i);
    const BlockField::Place in_b = place_in(b, run.b + i);
    if (in_a.source == 0 && in_b.source == 0) continue;
    Verdict verdict;
    if (in_a.source == 0 || in_b.source == 0) {
      verdict = UnlikePoint{};
    } else {
      verdict = compare_values(a->sources[in_a.source - 1], in_a.number,
                               b->sources[in_b.source - 1], in_b.number, likeness);
    }
    if (!verdict) continue;
    verdict->point = i;
    unlike.push_back(*verdict);
  }
}

}  // namespace zbag
