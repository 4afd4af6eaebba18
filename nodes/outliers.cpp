#include "nodes/outliers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/number_text.hpp"
#include "nodes/time_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// Of each end of a track; images are not read by the hundred.
constexpr std::size_t kPointsMax = 256;
constexpr std::size_t kBytesMax = 1u << 20;
constexpr double kApartSeconds = 60.0;
constexpr double kApartSteps = 100.0;

// Stamps are as far apart as int64 reaches, and further.
double between(std::int64_t a, std::int64_t b) {
  return std::abs(static_cast<double>(b) - static_cast<double>(a)) / 1e9;
}

std::vector<std::int64_t> keys_at_end(const BagReader& reader, const std::string& track,
                                      bool is_reverse) {
  std::vector<std::int64_t> keys;
  BagReader::Selection selection;
  selection.track = track;
  selection.reverse = is_reverse;
  Result<BagCursor> cursor = reader.cursor(selection);
  std::size_t bytes = 0;
  while (cursor && keys.size() < kPointsMax && bytes < kBytesMax) {
    const Result<std::optional<PointView>> point = cursor->next();
    if (!point || !*point) break;
    keys.push_back((*point)->key);
    bytes += (*point)->map.size();
  }
  return keys;
}

}  // namespace

std::size_t points_apart(const std::vector<std::int64_t>& keys, std::uint64_t total) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < keys.size(); ++i) steps.push_back(between(keys[i - 1], keys[i]));
  if (steps.size() < 2) return 0;
  std::vector<double> sorted = steps;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double apart = std::max(kApartSeconds, kApartSteps * *middle);
  std::size_t found = 0;
  double widest = apart;
  for (std::size_t i = 0; i < steps.size() && (i + 1) * 10 < total; ++i) {
    if (steps[i] <= widest) continue;
    widest = steps[i];
    found = i + 1;
  }
  return found;
}

std::vector<Outliers> find_outliers(const BagReader& reader, const BagSummary& bag) {
  std::vector<Outliers> found;
  for (const TrackRecord& track : bag.tracks) {
    for (const bool is_reverse : {false, true}) {
      const std::vector<std::int64_t> keys = keys_at_end(reader, track.name, is_reverse);
      const std::size_t apart = points_apart(keys, track.total());
      if (apart == 0) continue;
      const auto ends = std::minmax(keys.front(), keys[apart - 1]);
      found.push_back({.track = track.name,
                       .points = apart,
                       .total = track.total(),
                       .is_before = !is_reverse,
                       .seconds = between(keys[apart - 1], keys[apart]),
                       .first_ts = seconds_of_key(ends.first),
                       .last_ts = seconds_of_key(ends.second)});
    }
  }
  return found;
}

std::string Outliers::text() const {
  const std::string name = track_name_fault(track) == nullptr ? track : printable(track);
  return fmt::format("{}: {} of {} points {} {} {} the rest: {}", name, count_text(points),
                     count_text(total), points == 1 ? "lies" : "lie", duration_text(seconds),
                     is_before ? "before" : "behind",
                     points == 1 ? iso_text(first_ts)
                                 : fmt::format("{} to {}", iso_text(first_ts), iso_text(last_ts)));
}

}  // namespace zbag
