// Walks the points of a bag, also while it is being written.
//
// In global order of `_ts`; equal stamps by track name, then by arrival. It works in short read
// transactions that it renews by itself, so that the writer's file does not grow behind it: a point
// written meanwhile may or may not be met, one that was there is met exactly once.
//
// Every block's checksum is verified when it is read. Damage is an error that names track and time,
// or the record; skip_damage() goes on behind it (intact_points.hpp has the loop). Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "recorder/bag/bag_file.hpp"
#include "schemas/points/point.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

class BagCursor {
 public:
  struct Selection {
    TimeRange range = TimeRange::all();
    TrackFilter filter;
    std::string track;        // this one alone, whatever the filter says; empty: by the filter
    bool all_tracks = false;  // system tracks too, whatever the filter says
    bool reverse = false;
    bool knows_journal = false;  // what is lost of the journal is told by another cursor

    bool takes_track(std::string_view name) const {
      return track.empty() ? all_tracks || filter.matches(name) : track == name;
    }
  };
  static Result<BagCursor> open(std::shared_ptr<BagFile> file, const Selection& selection);
  BagCursor(BagCursor&&) noexcept;
  BagCursor& operator=(BagCursor&&) noexcept;
  ~BagCursor();

  // nullopt at the end. After an error the cursor stays where it is; skip_damage() moves on.
  Result<std::optional<PointView>> next();
  // Leaves out the block that could not be read; returns which points that costs. Damaged records
  // of tracks and of the journal come before all points, whatever tracks the filter wants: their
  // names may be what is damaged.
  struct Damage {
    std::string track;
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::uint32_t points = 0;  // 0: not known

    std::string text() const;  // "30 points are left out"
  };
  std::optional<Damage> skip_damage();
  // Goes to the first point at or behind `range.first` (forwards), or at or before `range.last`.
  void seek(TimeRange range);
  // Lets go of the transaction, for a caller about to wait. The last point's views end here.
  void release();

 private:
  struct State;
  explicit BagCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
