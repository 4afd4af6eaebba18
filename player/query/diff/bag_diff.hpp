// What differs between two bags: their points, field by field, and what their tracks mean.
//
//   BagDiff diff = diff_bags(a, b, {}, {}).value();
//   if (!diff.is_equal()) for (const TrackDiff& track : diff.tracks) ...
//
// How points are paired and what is not compared is said in track_diff.hpp, when values are the
// same in likeness.hpp. Of `_sys/schema/<track>` the newest points of both bags are compared,
// whenever they were set. Losses, runs and attachments are not compared.
//
// Reads both bags once, also while they are recorded; memory is bounded by a few blocks. What is
// damaged is left out and told of: its points are neither equal nor different, but uncompared.
// Nothing here prints. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "player/query/diff/track_diff.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "schemas/result.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

struct DiffOptions {
  BagReader::Selection selection = {.all_tracks = true};
  // Schemas, and what tracks were in the recordings they come from, are compared by their points,
  // as any track, where the selection takes theirs; else the latter are not.
  bool has_named_tracks = false;
  std::optional<TrackFilter> excluded = {};  // schemas, too, whose points this takes
  std::vector<std::string> columns = {};     // as LeafChoice; of points alone
  std::optional<double> tolerance = {};      // as Likeness; of points alone
};

struct DiffListeners {
  TellDifference tell = {};
  Progress progress = {};
  Warn warn = {};  // of damage
};

struct BagDiff {
  std::vector<TrackDiff> tracks;  // by name: those of which a bag has points that were asked for
  std::uint64_t left_out = 0;     // damaged blocks, records and points

  bool is_equal() const;
  std::uint64_t points_a() const;
  std::uint64_t points_b() const;
  std::uint64_t differing() const;   // points and pairs of points
  std::uint64_t uncompared() const;  // likewise
};

// Errors: kClosed when `progress` says stop, else as BagReader::cursor(), but never for damage.
Result<BagDiff> diff_bags(const BagReader& a, const BagReader& b, const DiffOptions& options,
                          DiffListeners listeners);

}  // namespace zbag
