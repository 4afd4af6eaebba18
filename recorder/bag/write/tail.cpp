#include "recorder/bag/write/tail.hpp"

#include <algorithm>

namespace zbag {

RowPoint Tail::owned(RowPoint point) {
  const std::string& row =
      arenas_.emplace_back(reinterpret_cast<const char*>(point.pairs), point.pairs_bytes);
  point.pairs = reinterpret_cast<const std::uint8_t*>(row.data());
  return point;
}

void Tail::note_reach(std::int64_t key) {
  const auto behind = [key](const std::vector<RowPoint>& points) {
    return points.end() - std::ranges::upper_bound(points, key, {}, &RowPoint::key);
  };
  reach_ = std::max(reach_, static_cast<std::size_t>(behind(main_->points()) + behind(late_)));
}

void Tail::add_late(const RowPoint& point) {
  constexpr std::size_t kColumnsBytes = 24;  // of a point, about
  note_reach(point.key);
  beside_bytes_ += point.pairs_bytes + kColumnsBytes;
  late_.insert(std::ranges::upper_bound(late_, point.key, {}, &RowPoint::key), owned(point));
}

// The place of a copy that is `point`'s alone; nullptr: there is none.
std::string* Tail::place_of(const RowPoint& point) {
  const auto is_it = [&](const std::string& row) {
    return reinterpret_cast<const std::uint8_t*>(row.data()) == point.pairs;
  };
  const auto it = std::find_if(arenas_.rbegin(), arenas_.rend(), is_it);
  return it == arenas_.rend() ? nullptr : &*it;
}

bool Tail::holds(std::int64_t key) const {
  return std::ranges::binary_search(main_->points(), key, {}, &RowPoint::key) ||
         std::ranges::binary_search(late_, key, {}, &RowPoint::key);
}

const RowPoint& Tail::main_row(std::size_t at) const {
  const auto merged = merged_.find(at);
  return merged == merged_.end() ? main_->points()[at] : merged->second;
}

void Tail::merge(const RowPoint& merged, bool is_late) {
  // The row before goes: a track may send one stamp for ever.
  const auto change = [&](RowPoint& point, bool is_copied) {
    beside_bytes_ += merged.pairs_bytes - std::min(merged.pairs_bytes, point.pairs_bytes);
    std::string* const place = is_copied ? place_of(point) : nullptr;
    point.pairs = merged.pairs;
    point.pairs_bytes = merged.pairs_bytes;
    point.fields = merged.fields;
    point.shape = merged.shape;
    if (place == nullptr) {
      point = owned(point);
    } else {
      place->assign(reinterpret_cast<const char*>(merged.pairs), merged.pairs_bytes);
      point.pairs = reinterpret_cast<const std::uint8_t*>(place->data());
    }
    note_reach(point.key);
  };
  if (is_late) {
    const auto late = std::find_if(std::ranges::lower_bound(late_, merged.key, {}, &RowPoint::key),
                                   late_.end(), [&](const RowPoint& point) {
                                     return point.key != merged.key || point.index == merged.index;
                                   });
    if (late != late_.end() && late->key == merged.key) change(*late, true);
    return;
  }
  const std::vector<RowPoint>& points = main_->points();
  const auto behind = std::ranges::upper_bound(points, merged.key, {}, &RowPoint::key);
  if (behind == points.begin() || std::prev(behind)->key != merged.key) return;
  const auto at = static_cast<std::size_t>(std::prev(behind) - points.begin());
  const auto [stands, is_new] = merged_.try_emplace(at, points[at]);
  change(stands->second, !is_new);
}

std::vector<Tail::Row> Tail::rows() const {
  std::vector<Row> rows;
  rows.reserve(count());
  auto late = late_.begin();
  const std::vector<RowPoint>& points = main_->points();
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (; late != late_.end() && late->key < points[i].key; ++late) rows.push_back({*late, true});
    rows.push_back({main_row(i), false});
  }
  for (; late != late_.end(); ++late) rows.push_back({*late, true});
  return rows;
}

std::vector<Tail::Row> Tail::main_rows() const {
  std::vector<Row> rows;
  rows.reserve(main_count());
  for (std::size_t i = 0; i < main_count(); ++i) rows.push_back({main_row(i), false});
  return rows;
}

void Tail::clear() {
  main_->clear();
  late_.clear();
  merged_.clear();
  arenas_.clear();
  beside_bytes_ = reach_ = 0;
}

}  // namespace zbag
