#include "recorder/bag/write/tail_order.hpp"

#include <algorithm>

#include "schemas/check.hpp"

namespace zbag {

std::vector<OrderChange> order_after_fold(std::uint32_t track, std::vector<NumberedPoint> points,
                                          std::uint64_t first_index, std::uint64_t late_before) {
  std::ranges::sort(points, {}, &NumberedPoint::index);
  std::vector<OrderChange> changes;
  const auto put_number = [&](std::uint64_t index, std::int64_t key, std::uint64_t number) {
    changes.push_back({{track, index, key, OrderEntry::kFolded | number}});
  };
  std::uint64_t index = first_index;
  std::uint64_t number = first_index - late_before;  // what the entries say of `index`
  std::uint64_t late = late_before;
  bool is_told = true;  // false: the entry before speaks of one point alone
  for (const NumberedPoint& point : points) {
    if (point.index < first_index) {
      put_number(point.index, point.key, *point.number);
      continue;
    }
    ZBAG_CHECK(point.index == index);
    if (!point.number) {
      changes.push_back({{track, index, point.key, late++}});
      number = ++index - late;
      is_told = true;
      continue;
    }
    // Where the tail begins, an entry of the fold before may stand, which must not just go.
    const bool is_right = is_told && !point.is_kept && *point.number == number &&
                          !(point.was_late && index == first_index);
    if (!is_right) {
      put_number(index, point.key, *point.number);
    } else if (point.was_late) {
      changes.push_back({{track, index, point.key, 0}, true});
    }
    ++index;
    number = *point.number + 1;
    is_told = !point.is_kept;
  }
  if (!is_told || number != index - late) put_number(index, 0, index - late);
  return changes;
}

}  // namespace zbag
