// Goes over the blocks of one track in a range, group by group, while it may be written to.
//
//   GroupWalk walk = GroupWalk::open(reader.file(), "robot/imu", TimeRange::all()).value();
//   while (!walk.is_done()) {
//     BlockGroup group = walk.load().value();
//     for (const PointRun& run : walk.wanted(group)) ...
//     walk.move_on(group);
//   }
//
// Works in short read transactions that it renews by itself: a group is good until the next load()
// or release(). A point written meanwhile may or may not be met, one that was there is met exactly
// once. Every block's checksum is verified. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/read/bad_records.hpp"
#include "recorder/bag/read/cursor.hpp"
#include "recorder/bag/read/track_blocks.hpp"
#include "schemas/result.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {

// Points of one block of a group, one after another.
struct PointRun {
  std::size_t member;
  std::size_t begin;
  std::size_t end;
};

class GroupWalk {
 public:
  // An unknown track has no groups. Errors as BagFile::read.
  static Result<GroupWalk> open(std::shared_ptr<BagFile> file, std::string track, TimeRange range);

  bool is_done() const { return is_done_ && !bad_records_.has_any(); }
  // The group to go on with, its blocks opened with Maps::kLater. kDamaged names track and time, or
  // the record: skip_damage() goes on behind it. REQUIRES: not is_done().
  Result<BlockGroup> load();
  // Whether an entry of that group lies in the range and was not given before.
  bool is_wanted(const BlockGroup::Entry& entry) const;
  // The points of that group that lie in the range and were not given before, in order.
  std::vector<PointRun> wanted(const BlockGroup& group) const;
  // Takes them as given.
  void move_on(const BlockGroup& group);

  // Says that a block of the group can not be decoded after all.
  void note_damage(const BlockGroup::Member& member);
  // Leaves out the block or record that could not be read; returns which points that costs.
  std::optional<BagCursor::Damage> skip_damage();
  // Lets go of the transaction, for a caller about to wait.
  void release();

  std::uint64_t blocks_read() const { return blocks_read_; }
  Error with_track(const Error& error) const;  // names file and track

 private:
  GroupWalk() = default;
  Status find_track();
  PointRun wanted_of_one_block(const BlockGroup& group) const;
  Status ensure_txn();

  std::shared_ptr<BagFile> file_;
  std::string track_;
  TimeRange range_;
  std::uint32_t id_ = 0;
  bool is_done_ = false;
  std::unique_ptr<ReadTxn> txn_;
  std::chrono::steady_clock::time_point txn_began_;
  std::optional<BlockKey> next_start_;  // of the group to load; good within the transaction
  std::int64_t resume_key_ = 0;
  std::optional<BlockGroup::Place> last_given_;
  std::vector<BlockKey> leave_out_;
  std::optional<TrackBlocks::Damage> damage_;
  BadRecords bad_records_;
  std::uint64_t blocks_read_ = 0;
};

}  // namespace zbag
