// Points: what a track holds at one `_ts`, one frame or several merged, in the forms they take on
// their way into storage and out again. All begin with the same head.
//
//   RowPoint     on its way in: fields as encoded pairs, lent
//   StoredPoint  of a decoded block: fields as one encoded map, lent by the block
//   PointView    as a cursor gives it: a StoredPoint with its track's name
//   Point        for users: owned, fields as values
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/frame.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

struct PointHead {
  std::int64_t key = 0;      // `_ts` in nanoseconds: orders points, equal ones are one point
  double seconds = 0.0;      // `_ts` as it was sent
  std::int64_t wall_ns = 0;  // first arrival, wall clock
  std::int64_t mono_ns = 0;  // and monotonic clock of the recorder's host
  std::uint64_t src = 0;     // of the first frame, where it had one
  std::uint64_t seq = 0;     // likewise
  bool has_src = false;
  bool has_seq = false;

  Timestamp stamp() const { return Timestamp::from_stored(key, seconds); }
  void set_stamp(Timestamp stamp) {
    key = stamp.ns();
    seconds = stamp.seconds();
  }
  std::optional<std::uint64_t> given_src() const {
    return has_src ? std::optional(src) : std::nullopt;
  }
  std::optional<std::uint64_t> given_seq() const {
    return has_seq ? std::optional(seq) : std::nullopt;
  }
};

// The pairs are lent: they must outlive the encoding.
struct RowPoint : PointHead {
  std::uint64_t index = 0;  // written only into indexed blocks
  std::uint64_t shape = 0;  // see FrameScan; 0: look for yourself
  const std::uint8_t* pairs = nullptr;
  std::uint32_t pairs_bytes = 0;
  std::uint32_t fields = 0;

  MapBytes map() const { return {fields, {pairs, pairs_bytes}}; }
};

struct StoredPoint : PointHead {
  std::uint64_t index = 0;  // only of indexed blocks; others count on from first_ordinal
  std::span<const std::uint8_t> map;
};

// Views are valid until the cursor moves or is released.
struct PointView : PointHead {
  std::string_view track;
  std::span<const std::uint8_t> map;  // not validated

  // The fields as values; kDamaged when the stored map is malformed.
  Result<Fields> fields() const;
};

// Lends the name and the row.
inline PointView view_of(std::string_view track, const StoredPoint& point) {
  return {point, track, point.map};
}

struct Point : PointHead {
  std::uint64_t index = 0;  // order in which the track's points were first written, from 0
  Fields fields;            // without the reserved ones
};

// Those of one key. REQUIRES: in order of key.
std::span<const RowPoint> points_of(std::int64_t key, std::span<const RowPoint> points);

// A stored map that is to be written again. The bag may be a stranger's, and what merges and
// encodes walks maps without looking back: they are validated here. nullopt: malformed.
struct CheckedMap {
  MapBytes map;
  std::uint64_t shape = 0;  // as in RowPoint
};
std::optional<CheckedMap> check_map(std::span<const std::uint8_t> stored);
// The point of that head and checked map, which is lent; its index is 0.
std::optional<RowPoint> row_of(const PointHead& head, std::span<const std::uint8_t> stored);

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
