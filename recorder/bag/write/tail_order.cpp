#include "recorder/bag/write/tail_order.hpp"

#include <algorithm>

#include "schemas/check.hpp"

namespace zbag {

std::vector<OrderChange> order_after_fold(std::uint32_t track, std::vector<FoldedPoint> points,
                                          std::uint64_t first_index, std::uint64_t late_before) {
  std::ranges::sort(points, {}, &FoldedPoint::index);
  std::vector<OrderChange> changes;
  const auto put_ordinal = [&](std::uint64_t index, std::int64_t key, std::uint64_t ordinal) {
    changes.push_back({{track, index, key, OrderEntry::kFolded | ordinal}});
  };
  std::uint64_t index = first_index;
  std::uint64_t ordinal = first_index - late_before;  // what the entries say of `index`
  std::uint64_t late = late_before;
  bool is_told = true;  // false: the entry before speaks of one point alone
  for (const FoldedPoint& point : points) {
    if (point.index < first_index) {
      put_ordinal(point.index, point.key, *point.ordinal);
      continue;
    }
    ZBAG_CHECK(point.index == index);
    if (!point.ordinal) {
      changes.push_back({{track, index, point.key, late++}});
      ordinal = ++index - late;
      is_told = true;
      continue;
    }
    // Where the tail begins, an entry of the fold before may stand, which must not just go.
    const bool is_right = is_told && !point.is_kept && *point.ordinal == ordinal &&
                          !(point.was_late && index == first_index);
    if (!is_right) {
      put_ordinal(index, point.key, *point.ordinal);
    } else if (point.was_late) {
      changes.push_back({{track, index, point.key, 0}, true});
    }
    ++index;
    ordinal = *point.ordinal + 1;
    is_told = !point.is_kept;
  }
  if (!is_told || ordinal != index - late) put_ordinal(index, 0, index - late);
  return changes;
}

}  // namespace zbag
