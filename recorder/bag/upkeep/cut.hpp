// Copies a choice of a bag's points into a new bag, also while the bag is being recorded: then it
// holds what was there when the copy began, and later points of that time, late ones, as they come.
//
// Points of the new bag are numbered in order of time. What becomes of fates and losses is said in
// copied_records.hpp. Memory: see BagCopy and BagCursor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "recorder/bag/read/playlist.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/copied_records.hpp"
#include "recorder/bag/upkeep/copy.hpp"

namespace zbag {

struct CutOptions {
  PointChoice choice;
  // For every chosen track also the last point before the range, stamped as it is: what held when
  // the range began. They do not count among `points_max`.
  bool state_at_start = false;
};

struct CutReport {
  std::uint64_t points = 0;
  std::uint64_t left_out = 0;  // blocks, points and records that are damaged
};

// Errors as BagCopy::create; kClosed when `progress` says stop: then nothing is left behind.
Result<CutReport> cut_bag(const BagReader& reader, const std::string& out,
                          const CutOptions& options, const Progress& progress, const Warn& warn);

// Tells of damaged records, of which a new bag has nothing; returns how many they are.
std::uint64_t tell_left_out(const std::vector<std::string>& records, const Warn& warn);

// Which of several bags the last point came from.
inline std::size_t bag_of(const BagCursor&) { return 0; }
inline std::size_t bag_of(const Playlist& bags) { return bags.bag(); }

// Adds the points a cursor gives, or whatever IntactPoints serves, to `copy`: the first
// `points_max` (0: all). `total` is for the progress. Returns how many blocks and points were left
// out.
template <class Cursor>
Result<std::uint64_t> add_points(Cursor& cursor, BagCopy& copy, std::uint64_t points_max,
                                 std::uint64_t total, const Progress& progress, const Warn& warn) {
  constexpr std::uint64_t kProgressEvery = 256;
  IntactPoints points(cursor, warn);
  points.end_after(points_max);
  if (points_max > 0) total = std::min(total, points_max);
  for (std::uint64_t done = 1;; ++done) {
    const Result<std::optional<PointView>> point = points.next();
    if (!point) return tl::unexpected(point.error());
    if (!*point) return points.left_out();
    const Result<bool> added = copy.add(**point, bag_of(cursor));
    if (!added) return tl::unexpected(added.error());
    if (!*added)
      points.leave_out("track " + std::string((*point)->track) + " at " +
                       seconds_text((*point)->seconds) + ": a malformed point is left out");
    const bool is_time = progress && done % kProgressEvery == 0;
    if (is_time && !progress(static_cast<double>(done) / static_cast<double>(total + 1)))
      return fail(ErrorCode::kClosed, "stopped; nothing was written");
  }
}

}  // namespace zbag
