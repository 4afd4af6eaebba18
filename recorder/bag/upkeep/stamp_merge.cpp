#include "recorder/bag/upkeep/stamp_merge.hpp"

#include <algorithm>
#include <string_view>

namespace zbag {
namespace {

std::uint64_t hash_of(const RowPoint& point) {
  return std::hash<std::string_view>()(
      {reinterpret_cast<const char*>(point.pairs), point.pairs_bytes});
}

bool has_fields_of(const RowPoint& a, const RowPoint& b) {
  return a.fields == b.fields &&
         std::equal(a.pairs, a.pairs + a.pairs_bytes, b.pairs, b.pairs + b.pairs_bytes);
}

bool is_same_frame(const RowPoint& a, const RowPoint& b) {
  return a.has_src && b.has_src && a.src == b.src && a.has_seq && b.has_seq && a.seq == b.seq;
}

}  // namespace

void StampMerge::begin(MergeMode mode) {
  mode_ = mode;
  bag_ = 0;
  free_ = 0;
  is_taken_.clear();
  by_bytes_.clear();
}

void StampMerge::turn_to(std::size_t bag, std::span<const RowPoint> points) {
  if (bag == bag_) return;
  bag_ = bag;
  free_ = points.size();
  is_taken_.assign(points.size(), false);
  by_bytes_.clear();
  for (std::size_t i = 0; i < points.size(); ++i) by_bytes_.emplace(hash_of(points[i]), i);
}

StampMerge::Made StampMerge::add(const RowPoint& point, std::size_t bag,
                                 std::span<const RowPoint> points, std::deque<std::string>& rows) {
  turn_to(bag, points);
  const Made fresh{Outcome::kNew, points.size(), point};
  const auto [first, last] = by_bytes_.equal_range(hash_of(point));
  for (auto it = first; it != last; ++it) {
    const std::size_t at = it->second;
    if (!has_fields_of(points[at], point)) continue;
    const bool is_one = is_same_frame(points[at], point);
    if (mode_ == MergeMode::kAppend && !is_one) continue;
    is_taken_[at] = true;
    by_bytes_.erase(it);
    return {is_one ? Outcome::kDuplicate : Outcome::kMerged, at, points[at]};
  }
  if (mode_ == MergeMode::kAppend) return fresh;
  while (free_ > 0 && is_taken_[free_ - 1]) --free_;
  if (free_ == 0) return fresh;
  std::vector<RowPoint> made;
  MergeCounts counts;
  const std::size_t at = free_ - 1;
  merge_frames(std::vector<RowPoint>{points[at], point}, mode_, rows, made, counts);
  if (made.size() > 1) return {Outcome::kKeptApart, points.size(), point};
  // Larger than a frame may be, under a mode that refuses such: nothing that was recorded goes.
  if (counts.too_large > 0) return fresh;
  is_taken_[at] = true;
  return {Outcome::kMerged, at, made.front(), counts.overwritten};
}

}  // namespace zbag
