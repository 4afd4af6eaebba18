// Reads a bag, also while it is being written.
//
//   BagReader reader = BagReader::open("day.zbag").value();
//   BagCursor cursor = reader.cursor({.range = range, .filter = filter}).value();
//   while (std::optional<PointView> point = cursor.next().value()) { ... }
//
// A cursor walks points of all chosen tracks in global order of `_ts`; equal stamps by track name,
// then by arrival. It works in short read transactions that it renews by itself, so that the
// writer's file does not grow behind it: a point written meanwhile may or may not be met, one that
// was there is met exactly once.
//
// Every block's and every record's checksum is verified when it is read. Damage is an error that
// names track and time, or the record; skip_damage() goes on behind it. Not thread-safe: one thread
// per reader and its cursors.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/block/block.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/points/point.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

struct BagSummary {
  std::string path;
  BagRecord bag;
  std::uint64_t size_bytes = 0;
  std::vector<TrackRecord> tracks;  // by name
  std::vector<RunRecord> runs;
  std::vector<LossRecord> losses;
  std::optional<WriterRecord> writer;  // while it is being written, or after a kill
  Fate unnamed;                        // of frames without a track's name
  // Damaged records, which are left out, by table and key.
  std::vector<std::string> damaged_tracks;
  std::vector<std::string> other_damage;

  Fate fate() const;                          // of everything
  std::optional<std::uint64_t> lost() const;  // nullopt: unknown for every track
  std::uint64_t points() const;
  std::optional<Timestamp> start() const;
  std::optional<Timestamp> end() const;
  Status whole() const;  // kDamaged names the first damaged record
};

class BagCursor;

class BagReader {
 public:
  // Errors as BagFile::open_to_read.
  static Result<BagReader> open(const std::string& path);
  explicit BagReader(std::shared_ptr<BagFile> file) : file_(std::move(file)) {}

  // A damaged record costs itself alone, and is named.
  Result<BagSummary> summary() const;

  struct Selection {
    TimeRange range = TimeRange::all();
    TrackFilter filter;
    std::string track;        // this one alone, whatever the filter says; empty: by the filter
    bool all_tracks = false;  // system tracks too, whatever the filter says
    bool reverse = false;
  };
  Result<BagCursor> cursor(const Selection& selection) const;

  // Points of one track by index. An unknown track has none.
  Result<Page> read_page(const std::string& track, std::uint64_t start, std::size_t limit) const;
  // The last point of a track at or before `stamp`.
  Result<std::optional<Point>> floor(const std::string& track, Timestamp stamp) const;

  const std::shared_ptr<BagFile>& file() const { return file_; }

 private:
  std::shared_ptr<BagFile> file_;
};

class BagCursor {
 public:
  BagCursor(BagCursor&&) noexcept;
  BagCursor& operator=(BagCursor&&) noexcept;
  ~BagCursor();

  // nullopt at the end. After an error the cursor stays where it is; skip_damage() moves on.
  Result<std::optional<PointView>> next();
  // Leaves out the block that could not be read; returns which points that costs. Damaged records
  // of tracks come before all points, whatever tracks the filter wants: their names may be what is
  // damaged.
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
  friend class BagReader;
  struct State;
  explicit BagCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace zbag
