// The points of one track in one bag, as one of two that are compared: in order of `_ts`, those of
// one stamp in order of their index.
//
//   TrackSide side = TrackSide::open(reader.file(), "robot/imu", range, choice).value();
//   while (side.settle().value_or(...), !side.is_done()) {
//     ...                                           // side.point(), side.stretch(), side.block()
//     side.pass(points);
//   }
//
// Damaged blocks and records are left out; which points that may have cost is remembered. Works in
// short read transactions like GroupWalk: what it lends is good until the next settle() or park().
// Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "player/query/diff/compared_block.hpp"
#include "player/query/diff/map_leaves.hpp"
#include "recorder/bag/read/group_walk.hpp"
#include "recorder/bag/read/intact_points.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

class TrackSide {
 public:
  // An unknown track has no points. `choice` is lent. Errors as BagFile::read.
  static Result<TrackSide> open(std::shared_ptr<BagFile> file, const std::string& track,
                                TimeRange range, const LeafChoice& choice, Warn warn);

  // Goes to the next point, if it is not at one. True: it has read blocks for that.
  Result<bool> settle();
  bool is_done() const { return at_ == end_ && walk_.is_done(); }

  // The point it is at. All of these REQUIRE: it is settled and not done.
  const StoredPoint& point() const { return *group_.entries[at_].point; }
  std::int64_t key() const { return point().key; }
  // How many points from here on lie one behind another in their block, at least 1.
  std::size_t stretch() const { return stretch_end_ - at_; }
  // The block, and the place of the point in it.
  ComparedBlock& block() { return blocks_[member_]; }
  std::size_t place() const;
  // Leaves so many points behind. REQUIRES: no more than stretch().
  void pass(std::size_t points);

  // Leaves the rest of block() out: it does not decode.
  Status drop_block(const Error& why);
  // Lets go of the transaction if it is an old one: for a caller that is busy elsewhere. The next
  // settle() reads its place again.
  void park();

  // Whether a point at `key` may have been there and can not be read. REQUIRES: no key is smaller
  // than the one asked for before.
  bool may_have_lost(std::int64_t key);

 private:
  TrackSide(GroupWalk walk, const LeafChoice& choice, Warn warn)
      : walk_(std::move(walk)), choice_(&choice), warn_(std::move(warn)) {}
  Status load();
  void take_group(BlockGroup group);
  void drop_group();
  void find_stretch();
  Status leave_out(const Error& why);
  bool is_wanted(const BlockGroup::Entry& entry) const;

  GroupWalk walk_;
  const LeafChoice* choice_;
  Warn warn_;
  BlockGroup group_;
  std::vector<ComparedBlock> blocks_;  // one a member of the group
  std::size_t at_ = 0;                 // in the group's entries
  std::size_t end_ = 0;
  std::size_t member_ = 0;                   // the block of the entry it is at
  std::size_t stretch_end_ = 0;              // in the group's entries
  std::optional<BlockGroup::Place> passed_;  // the last point that was left behind
  std::chrono::steady_clock::time_point loaded_;
  std::deque<TimeRange> lost_;  // by where they begin
};

}  // namespace zbag
