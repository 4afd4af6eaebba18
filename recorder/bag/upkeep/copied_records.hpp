// What stands beside the points when a new bag is made of others: which runs, losses and fates it
// inherits. Pure; BagCopy::finish() stores the outcome and sets each track's `points` to what was
// copied, so that the equation of wire.md holds in every case.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"

namespace zbag {

// What a new bag gets of the points of others.
struct PointChoice {
  BagReader::Selection selection{.all_tracks = true};  // forwards
  std::vector<std::string> columns;                    // fields; see is_chosen_field()
  std::uint64_t points_max = 0;                        // the first in order of time; 0: all
  std::optional<TrackFilter> excluded = {};            // not wanted, whatever else is

  bool excludes(std::string_view track) const { return excluded && excluded->matches(track); }
  // Whether the tracks that are chosen may have points that are not.
  bool is_trimmed() const;
};

// Of a cut. Tracks and losses that are not chosen are left out; runs stay as they are.
//
// A track that is copied whole keeps its fate. Of a part (is_trimmed()) nobody can say which of the
// frames that became no point belong to it: received = points, what was copied. `lost`,
// `missed_before` and the losses stay those of the whole recording even then: when a frame was lost
// is not known, and a loss that is silently gone would be worse than one too many. The fate of
// unnamed frames stays only with all tracks, whole. Bytes and fields are counted anew where points
// or some of their fields are left out.
BagSummary cut_records(const BagSummary& source, const PointChoice& choice);
// The last run of a bag that is still being recorded ends, in its copy, at `now` (seconds).
void end_last_run(BagSummary& records, double now);

// Of several bags as one. Fates add up. Runs and losses that several bags have, as cuts of one
// recording do, count once; a track's `lost` is then that of its losses. Runs are numbered by their
// start.
BagSummary joined_records(std::span<const BagSummary> sources);

}  // namespace zbag
