// What a track holds at one `_ts`: one frame, or several merged.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct Point {
  std::uint64_t index = 0;  // order in which the track's points were first written, from 0
  Timestamp stamp;
  Fields fields;  // without the reserved ones
};

// A page of points by index (the DreamLake reply): `end_index` is the last one's index, start - 1
// when the page is empty.
struct Page {
  std::vector<Point> points;
  std::int64_t start_index = 0;
  std::int64_t end_index = -1;
  std::uint64_t total = 0;  // points in `points`
  bool has_more = false;
};
inline constexpr std::size_t kPageDefault = 1'000;
inline constexpr std::size_t kPageMax = 10'000;

struct TrackStats {
  std::string name;
  std::uint64_t points = 0;
  std::uint64_t bytes = 0;  // of the frames' fields as MessagePack
  std::optional<Timestamp> first = {};
  std::optional<Timestamp> last = {};
};

}  // namespace zbag
