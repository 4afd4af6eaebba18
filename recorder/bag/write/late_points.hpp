// Stores points that arrived behind the written end of their track (FORMAT.md, Late points).
//
// Frames of a stored key meet the newest point of it, in whatever block of its gap that lies, one
// after another as they came; what does not merge, and new keys, become points of a late block of
// the gap. Blocks that changed are written again whole. A gap that has filled up is divided, as a
// leaf of a tree is. The track's writer is told of what falls into its tail, so that it folds it
// (track_writer.hpp).
//
// A damaged block is left alone: what would have merged into it becomes a point of its own.
// Works inside a write transaction, on what the transaction sees. Cost: a few blocks a gap.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/block/block_encoder.hpp"
#include "recorder/bag/write/gap.hpp"
#include "recorder/bag/write/track_writer.hpp"
#include "schemas/points/batch.hpp"

namespace zbag {

class LateWriter {
 public:
  struct Rules {
    MergeMode merge = MergeMode::kJoin;
    LateMerge late_merge = LateMerge::kMerge;
    CompressionSpec compression;
  };
  // All are lent. REQUIRES: every block of the track is in the transaction, the tail's too when a
  // point falls into it.
  LateWriter(WriteTxn& txn, const BagTables& tables, const Rules& rules, TrackWriter& track,
             BlockEncoder& encoder, BlockScratch& scratch);

  // `points` and `frames` as in a TrackBatch; frames of other keys are passed over. Counts into
  // `fate` what became of them; what it says of how they merged with each other is taken back where
  // they meet a stored point.
  Status write(std::span<const RowPoint> points, std::span<const RowPoint> frames, Fate& fate);
  std::uint64_t new_points() const { return new_points_; }
  std::uint64_t block_bytes() const { return block_bytes_; }  // given to LMDB

 private:
  struct Cut;
  struct Changes;
  Status write_all(std::span<const RowPoint> points, std::span<const RowPoint> frames, Fate& fate);
  std::vector<Gap::Stored*> late_of(Gap& gap) const;
  Result<bool> divide(Gap& gap, std::int64_t key);
  std::optional<std::int64_t> border_of(Gap& gap, std::int64_t key) const;
  Status divide_main(Gap::Stored& main, std::uint64_t ordinal);
  Status divide_late(Gap& gap, const Cut& cut);
  Gap::Stored* joinable(Gap& gap) const;
  Status fill_gap(Gap& gap, bool is_tail, std::span<const RowPoint> points,
                  std::span<const RowPoint> frames, Fate& fate);
  Status meet(Gap& gap, const Gap::Newest& newest, std::span<const RowPoint> frames,
              Changes& changes, Fate& fate);
  Status rewrite(Gap& gap, const Changes& changes);
  Status add_points(Gap& gap, bool is_tail, std::vector<RowPoint> added, Fate& fate);
  Status put_points(std::span<const RowPoint> points, bool of_tail);
  Status put_encoded(const BlockKey& key, const BlockHeader& header);
  Status put_lone(const BlockKey& key, const BlockHeader& header, const RowPoint& point);

  WriteTxn& txn_;
  const BagTables& tables_;
  const Rules& rules_;
  TrackWriter& track_;
  BlockEncoder& encoder_;
  BlockScratch& scratch_;
  std::uint64_t new_points_ = 0;
  std::uint64_t block_bytes_ = 0;
};

}  // namespace zbag
