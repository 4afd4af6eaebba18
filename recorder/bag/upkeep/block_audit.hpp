// Adds up the blocks of a bag and says what is missing among them: the part of check() that knows
// how points are counted (FORMAT.md, Points).
//
// Not thread-safe. Notes what it finds in a report that outlives it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/bag/block/header.hpp"
#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/upkeep/check.hpp"
#include "recorder/bag/upkeep/order_audit.hpp"

namespace zbag {

// A block that cannot be read. Its header may be what is damaged, so what it says counts only where
// its neighbours agree.
struct UnreadBlock {
  BlockKey key;
  std::string what;
  std::optional<BlockHeader> header;
};

// What the blocks of one track add up to, up to the last readable block of its main run.
struct TrackSums {
  std::int64_t begin = INT64_MIN;  // no point lies before it
  std::uint64_t main_points = 0;
  std::optional<std::int64_t> main_last;  // the last key of those
  std::uint64_t late_points = 0;
  std::uint32_t serials = 0;  // of main blocks, each below it
  std::uint32_t late_serials = 0;
  std::optional<std::int64_t> first_there;  // of the points that are there
  std::optional<std::int64_t> last_there;
  bool lies_told = false;               // one lie of the table `order` stands for all of a track
  bool lost_late = false;               // how many is not known
  bool is_partial = false;              // some of them could not be read
  std::vector<UnreadBlock> unreadable;  // since then
  // Damage of pages: blocks since then may lie behind `hole`, late ones behind `late_hole`.
  std::string hole;
  std::string late_hole;

  // Where a point that is missing may begin, when a later one is at `last`.
  std::int64_t first_missing(std::int64_t last) const {
    return std::min(main_last ? *main_last + 1 : begin, last);
  }
};

// Takes blocks in order of key.
class BlockAudit {
 public:
  // Without `order` entries of late points are left alone.
  explicit BlockAudit(CheckReport& report, OrderAudit* order = nullptr)
      : report_(report), order_(order) {}

  void expect(TrackRecord record);
  bool knows(std::uint32_t id) const { return tracks_.contains(id); }
  std::size_t tracks() const { return tracks_.size(); }

  // Blocks behind those taken cannot be reached, of whatever track. False: that is known already.
  bool lose(const std::string& what);

  void take(const BlockKey& key, std::string_view value);

  // Counts are compared with the records only when both are of one state.
  void finish(bool is_one_state) { finish_before(std::uint64_t{1} << 32, is_one_state); }

 private:
  struct Track {
    TrackRecord record;
    bool is_known = false;
    bool is_done = false;
    TrackSums sums;
  };

  void pass_hole(TrackSums& sums) const;

  void finish_before(std::uint64_t id, bool is_one_state);

  void finish_track(Track& track, bool is_one_state);

  CheckReport& report_;
  OrderAudit* const order_;
  std::map<std::uint32_t, Track> tracks_;
  std::uint32_t at_ = 0;  // the track of the block taken last
  std::string hole_;      // what keeps blocks since the last main one from being reached
};

}  // namespace zbag
