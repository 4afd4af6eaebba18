// How frames of one track and one `_ts` become points (wire.md, Merge), for whoever has such
// frames: the merge buffer, what arrives after its point was stored, the merging of bags.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/points/fate.hpp"
#include "schemas/points/point.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

enum class MergeMode : std::uint8_t {
  kJoin,     // fields add up; a frame that would replace a value is a further point
  kShallow,  // the later value of a field wins
  kDeep,     // the same within nested maps, leaf by leaf
  kAppend    // every frame is a point
};
// What becomes of a frame whose point is behind the written end of its track.
enum class LateMerge : std::uint8_t { kMerge, kReject, kAppend };

struct MergeRule {
  std::optional<TrackPattern> tracks;  // all without one
  MergeMode mode = MergeMode::kJoin;
};
// The mode of every track: that of the last rule which speaks of it, else kJoin.
struct MergeRules {
  MergeRules() = default;
  MergeRules(MergeMode mode) : rules{{std::nullopt, mode}} {}  // NOLINT: one mode is the usual rule

  MergeMode of(std::string_view track) const;

  std::vector<MergeRule> rules = {MergeRule{}};
};

// What merging has made of frames: a part of their fate.
struct MergeCounts {
  std::uint64_t merged = 0;
  std::uint64_t kept_apart = 0;   // became a further point of their stamp
  std::uint64_t overwritten = 0;  // values replaced by different ones
  std::uint64_t too_large = 0;    // refused: the point would be larger than a frame may be

  void add_to(Fate& fate) const;
  void take_from(Fate& fate) const;
};

// Appends the points that `frames`, all of one stamp and in order of arrival, become: each frame
// meets the newest point there is, and a point has the head of its first frame. Rows that are made
// live in `rows`, the others where they were. Under kAppend nothing meets and nothing is counted.
void merge_frames(std::span<const RowPoint> frames, MergeMode mode, std::deque<std::string>& rows,
                  std::vector<RowPoint>& points, MergeCounts& counts);

// What merge_frames() would count of them.
MergeCounts count_merges(std::span<const RowPoint> frames, MergeMode mode);

// What becomes of `frames` that meet a point which is stored already, one after another, as if each
// had come alone. REQUIRES: not kAppend.
struct Meeting {
  std::vector<RowPoint> points;  // the stored one first, as it is now
  MergeCounts counts;

  // Whether the stored point has become another.
  bool changes(const RowPoint& stored) const { return points.front().pairs != stored.pairs; }
};
Meeting meet(const RowPoint& stored, std::span<const RowPoint> frames, MergeMode mode,
             std::deque<std::string>& rows);

}  // namespace zbag
