#include "schemas/points/point.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "schemas/frame_scan.hpp"

namespace zbag {

Result<Fields> PointView::fields() const {
  Result<Fields> fields = decode_fields(map);
  if (!fields) {
    return fail(ErrorCode::kDamaged, fmt::format("track {} at {}: {}", track, seconds_text(seconds),
                                                 fields.error().message));
  }
  return fields;
}

std::span<const RowPoint> points_of(std::int64_t key, std::span<const RowPoint> points) {
  const auto first = std::ranges::lower_bound(points, key, {}, &RowPoint::key);
  const auto last = std::ranges::upper_bound(points, key, {}, &RowPoint::key);
  return points.subspan(static_cast<std::size_t>(first - points.begin()),
                        static_cast<std::size_t>(last - first));
}

std::optional<CheckedMap> check_map(std::span<const std::uint8_t> stored) {
  const ScanOutcome scan = scan_frame(stored);
  if (scan.refusal && *scan.refusal != Refusal::kBadTimestamp) return std::nullopt;
  const std::optional<MapBytes> map = open_map(stored);
  if (!map) return std::nullopt;
  return CheckedMap{*map, scan.refusal ? 0 : scan.scan.shape};
}

std::optional<RowPoint> row_of(const PointHead& head, std::span<const std::uint8_t> stored) {
  const std::optional<CheckedMap> checked = check_map(stored);
  if (!checked) return std::nullopt;
  const MapBytes& map = checked->map;
  return RowPoint{
      head,     0, checked->shape, map.pairs.data(), static_cast<std::uint32_t>(map.pairs.size()),
      map.count};
}

}  // namespace zbag
