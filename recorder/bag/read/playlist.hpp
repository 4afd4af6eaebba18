// Several bags as one recording: their points merged by `_ts`, equal stamps by track name, then by
// the order the bags were given in.
//
// Not thread-safe. Views of a point are valid until the next call.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"

namespace zbag {

class Playlist {
 public:
  // Whether to go on without the bag at `path`, which can not be opened.
  using PassOver = std::function<bool(const std::string& path, const Error&)>;
  // Errors as BagReader::open, of the first bag that gives one and is not passed over; of the last
  // that was when no bag is left.
  static Result<Playlist> open(const std::vector<std::string>& paths,
                               const PassOver& pass_over = {});

  // First and last stamp over all bags; nullopt when they hold no point.
  std::optional<TimeRange> extent() const { return extent_of(summaries_); }
  std::uint64_t points() const;
  // One a bag, in the order they were given.
  const std::vector<BagReader>& readers() const { return readers_; }
  const std::vector<BagSummary>& summaries() const { return summaries_; }

  // Starts over with this choice of points.
  Status select(const BagReader::Selection& selection);
  // Goes to the first chosen point in `range`.
  void seek(TimeRange range);
  // nullopt at the end.
  Result<std::optional<PointView>> next();
  // The bag, by its place among those given, of the point that next() gave last.
  std::size_t bag() const { return bag_; }
  // Lets go of the transactions, for a caller about to wait. Ends the last point's views.
  void release();
  // After an error: leaves out the damaged block; see BagCursor.
  std::optional<BagCursor::Damage> skip_damage();

 private:
  struct Head {
    BagCursor cursor;
    std::optional<PointView> point;  // read ahead
    std::vector<std::uint8_t> kept;  // its fields, once the transaction is let go
    bool needs_next = true;
    bool is_done = false;
  };
  Status add(const std::string& path);

  std::vector<BagReader> readers_;
  std::vector<BagSummary> summaries_;
  std::vector<Head> heads_;
  std::size_t bag_ = 0;
  std::optional<std::size_t> failed_;
  bool reverse_ = false;
};

}  // namespace zbag
