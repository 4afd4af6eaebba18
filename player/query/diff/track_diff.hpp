// What differs between the points of one track in two bags.
//
// Points are paired by `_ts` in nanoseconds, several of one stamp in the order of their index.
// Fields are compared by name, also in nested maps; in which order they stand does not matter. When
// they arrived, from whom and with which number (`_src`, `_seq`) is not compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "player/query/diff/block_pair.hpp"
#include "player/query/diff/likeness.hpp"
#include "player/query/diff/map_leaves.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// One thing that differs. Lends what it names for the time of a call.
struct Difference {
  enum class Of : std::uint8_t {
    kField,    // of the points at `first`
    kOnlyInA,  // `points` points one after another, from `first` to `last`
    kOnlyInB,
    kSchema,  // a field of what the track means (`_sys/schema/<track>`)
  };
  Of of = Of::kField;
  std::string_view track;
  Timestamp first;
  Timestamp last;
  std::uint64_t points = 1;
  std::string_view field;                  // a path (map_leaves.hpp): `pose.x`, `ranges[17]`
  std::span<const std::uint8_t> expected;  // of A, an item of MessagePack; empty: absent
  std::span<const std::uint8_t> actual;    // of B
};
// Is told of differences in order of time. False: no more of them, all are counted nevertheless.
using TellDifference = std::function<bool(const Difference&)>;

struct TrackDiff {
  std::string name;
  std::uint64_t points_a = 0;  // that can be read
  std::uint64_t points_b = 0;
  std::uint64_t only_in_a = 0;
  std::uint64_t only_in_b = 0;
  std::uint64_t unlike = 0;  // pairs that differ
  // Points, and pairs, of which nobody knows: what they are held against is damaged.
  std::uint64_t uncompared = 0;
  FieldTallies fields;  // in which they differ
  bool has_other_schema = false;

  std::uint64_t differing() const { return only_in_a + only_in_b + unlike; }
  bool is_equal() const { return differing() == 0 && uncompared == 0 && !has_other_schema; }
};

struct ComparedTrack {
  std::string name;
  TimeRange range = TimeRange::all();
  // What a bag does not have of it may be among its records that are damaged.
  bool is_unknown_in_a = false;
  bool is_unknown_in_b = false;
};

// What a comparison is given; all of it is lent.
struct DiffContext {
  const BagReader& a;
  const BagReader& b;
  const Likeness& likeness;
  const LeafChoice& choice;
  TellDifference& tell;                             // becomes empty when it has been told enough
  const Warn& warn;                                 // of each damaged block, record and point
  std::function<bool(std::uint64_t points)> go_on;  // told of points that were read; false: stop
};

// Reads both tracks once. Errors: kClosed when told to stop, else as BagReader::cursor(), but never
// for damage.
Result<TrackDiff> diff_track(const DiffContext& context, const ComparedTrack& track);

}  // namespace zbag
