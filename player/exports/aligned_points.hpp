// Rows on the clock of one track: for each of its points what the others had at that time.
//
// A row is a point of the clock's track whose map has the map of each track under the track's name,
// so that fields are called `robot/imu.ax`. What a track has at a time is its last point by then
// (floor), the one that is nearest in time (of two the one before), or (linear) its last point with
// every number between what that and the next one say, as a float64; a number that only one of
// them has is missing, what is no number is the last point's. Beyond `tolerance` there is nothing:
// linear, nothing of numbers where either is. A range is one of rows: the others' points count
// wherever they lie.
//
// Holds two points of each track, and reads each in a cursor of its own. Damage is left out, told
// and counted. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "schemas/result.hpp"

namespace zbag {

enum class AlignHow { kFloor, kNearest, kLinear };

struct Alignment {
  std::string track;  // whose clock it is
  AlignHow how = AlignHow::kFloor;
  std::optional<std::chrono::nanoseconds> tolerance;  // none: whatever is there
  // Tracks of which linear takes the last point as it is: numbers that describe its bytes.
  std::set<std::string, std::less<>> whole = {};

  // Where the points of the other tracks lie that rows in `rows` may have.
  TimeRange reach_of(TimeRange rows) const;
};

// As is_chosen_field() takes them: what `columns` choose of rows of these tracks, each as
// TRACK.FIELD, as TRACK, which is all of it, or as FIELD of every track.
std::vector<std::string> columns_of_rows(const std::vector<std::string>& columns,
                                         const std::vector<std::string>& tracks);

class AlignedPoints {
 public:
  struct Choice {
    std::vector<std::string> tracks;                  // the clock's is one of them
    TimeRange range = TimeRange::all();               // of the clock's points
    std::function<bool(const PointView&)> is_wanted;  // of all tracks' points
    Alignment alignment;
  };
  // `readers` are lent. Errors as BagReader::cursor().
  static Result<AlignedPoints> open(const std::vector<BagReader>& readers, Choice choice,
                                    const Warn& warn);
  AlignedPoints(AlignedPoints&&) noexcept;
  AlignedPoints& operator=(AlignedPoints&&) noexcept;
  ~AlignedPoints();

  // With a map as if it had been validated; views are valid until the next call. nullopt at the
  // end.
  Result<std::optional<PointView>> next();
  std::uint64_t points_left_out() const;

 private:
  struct State;
  explicit AlignedPoints(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
