// Turns the points of one track into blocks.
//
// The points since the last full block are the *tail*. What is new of it goes into the journal,
// with what is new of all other tracks, so that it is on disk; once the tail fills a block, one
// full block is made of it, from memory. Where points must lie in blocks sooner, since a late one
// has come or the journal must not grow, those that do not yet are *spilled*: they become a small
// *segment* block, which the full one replaces. A point of a track without late ones is written
// twice, seldom three times.
//
// Folding. A late point behind the last full block falls into the tail. It is stored in a late
// block at once, which is its home until the tail is full; then the full block holds it, in its
// place, and replaces the late blocks, too. It is of the main run from then on: ordinals of points
// behind it move, which no other block than the tail's knows, and its `order` entry says so. Its
// index stays. The last points of such a tail, as many as late ones came before, stay in the tail
// (at most a quarter of it, in a new segment), so that those who come late next find their
// neighbours there. All this happens in the transaction that stores the full block.
//
// Not folded: large points; those behind which a full block has been written; a tail that ends with
// a kill or a failed write (its blocks stay as they are); a tail in which a key is there twice: a
// reader could not tell which of the two it has given out, once their ordinals move. Of that one
// the late blocks are joined when it is sealed. Where points of one key come in order, a tail that
// has been folded, or would be, is sealed before they begin the next.
//
// Blocks come out as jobs, in the order they must be stored in. Not thread-safe. Memory: one block
// per track, and what is late of one batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/write/encode_pool.hpp"
#include "recorder/bag/write/tail.hpp"
#include "recorder/bag/write/tail_order.hpp"

namespace zbag {

using BlockJobs = std::vector<std::unique_ptr<BlockJob>>;

class TrackWriter {
 public:
  // `block_pages` of 4096 bytes make a full block; twice as many of frames over 2 KiB.
  TrackWriter(TrackRecord record, std::size_t block_pages, EncodePool& pool);
  TrackWriter(const TrackWriter&) = delete;
  TrackWriter& operator=(const TrackWriter&) = delete;

  // Adds points behind the end of the main run, or at its very key where that takes more.
  // REQUIRES: in order of key. To be called behind late points, too, if only with none: the tail
  // may be full with them.
  void append(std::span<const RowPoint> points, BlockJobs& jobs);
  // Makes the tail a block of its own.
  void seal(BlockJobs& jobs);
  // Makes a segment of the points of the tail that have no block.
  void spill(BlockJobs& jobs);
  // Whether the tail is not one block yet.
  bool is_open() const { return segments_.size() > 1 || written_ < tail_.main_count(); }

  // The points of the tail that are nowhere on disk, and the ordinal of the first: to be written
  // into the journal in this transaction. Lent until the next call.
  std::span<const RowPoint> new_points() const {
    return std::span(tail_.main_points()).subspan(journaled_);
  }
  std::uint64_t new_ordinal() const { return tail_ordinal_ + journaled_; }
  // They have been.
  void note_journaled();
  // Whether what is new does better as a segment at once than in the journal: where late points
  // come, which need it there soon, and where it fills some pages of its own.
  bool prefers_segment() const;
  // Whether points have no block, but for those that are new.
  bool rests_in_journal() const { return written_ < journaled_; }

  // Whether the track's record says more than the journal can: it is to be stored itself.
  bool record_is_due() const { return record_is_due_; }
  void ask_for_record() { record_is_due_ = true; }
  // The record with all that is known up to record `journal` of the journal, as it is stored.
  std::string take_record(std::uint64_t journal);

  // Whether a late point of `key` falls into the tail. REQUIRES: it is late.
  bool tail_covers(std::int64_t key) const;
  // Whether what comes next for the last key of the main run may go on in it: no late one has it.
  bool end_takes_more() const { return !end_has_late_; }
  // The last point of the main run, where it is known. Lent until the next call.
  std::optional<RowPoint> end_point() const { return tail_.empty() ? end_ : tail_.back(); }

  // A late point has been stored, in a block of `block` where it falls into the tail and is not
  // large. REQUIRES: `point.index` is its index; the record counts it.
  void note_late(const RowPoint& point);
  void note_late_block(const BlockKey& block) { segments_.push_back(block); }
  // The newest stored point of its key has become `point`; its fields were `bytes_before` long.
  void note_merged(const RowPoint& point, bool is_late, std::uint32_t bytes_before);

  // Notes names and types of fields, and the extent of the track.
  void note(std::span<const RowPoint> points);
  // A point of this size fills a block alone.
  bool is_large(const RowPoint& point) const {
    return point.pairs_bytes + kLonePayloadOffset >= block_bytes_ / 2;
  }
  std::size_t block_bytes() const { return block_bytes_; }
  // What folding the tail may write of `order`, at most about.
  std::size_t order_bytes() const;
  TrackRecord& record() { return record_; }
  const TrackRecord& record() const { return record_; }

 private:
  std::unique_ptr<BlockJob> new_job(std::int64_t first, std::uint64_t ordinal);
  void append_lone(const RowPoint& point, BlockJobs& jobs);
  void note_fields(const RowPoint& point);
  bool has_room_for(const RowPoint& point);  // in the tail
  void measure_tail();
  void part_twins(std::span<const RowPoint> points, std::size_t at, BlockJobs& jobs);
  void keep_end();
  void make_room(BlockJobs& jobs);
  void fold(std::size_t keep, bool keeps_rest, BlockJobs& jobs);
  std::size_t put_rows(std::span<const Tail::Row> rows, bool keeps_rest, std::uint8_t flags,
                       BlockJobs& jobs);
  std::vector<OrderChange> order_of_fold(std::span<const Tail::Row> rows,
                                         std::size_t kept_from) const;
  void join_late(std::size_t first_main_job, BlockJobs& jobs);
  void submit(std::unique_ptr<BlockJob> job, BlockJobs& jobs);
  void begin_tail();

  TrackRecord record_;
  std::size_t block_pages_;
  std::size_t block_bytes_;
  EncodePool& pool_;
  Tail tail_;
  std::vector<BlockKey> segments_;  // what is on disk of the tail: segments and late blocks
  std::size_t written_ = 0;         // points of the tail's main run that are in segments
  std::size_t journaled_ = 0;       // and in these or in the journal
  bool record_is_due_ = true;
  bool was_disordered_ = false;             // the tail before this one had late or merged points
  std::uint64_t tail_ordinal_ = 0;          // main points before the tail
  std::optional<std::int64_t> sealed_end_;  // the last key before the tail
  bool is_folded_ = false;                  // the tail begins with points a fold has kept
  bool has_twins_ = false;                  // a key of the tail is there twice
  bool is_measured_ = false;                // by measure_tail(), which says when the tail is full
  std::optional<std::size_t> full_bytes_;   // below `block_bytes_`
  unsigned unmeasured_ = 0;                 // blocks to come that are not
  std::unordered_set<std::int64_t> large_late_;  // keys of large late points that fall into it
  // A copy of the end of the main run while the tail is empty.
  std::optional<RowPoint> end_;
  std::string end_row_;
  bool end_has_late_;
  // See order_after_fold(): where the tail's indices begin, and late points elsewhere since then.
  std::uint64_t first_index_ = 0;
  std::uint64_t late_before_ = 0;
  std::vector<FoldedPoint> others_;
  std::unordered_set<std::uint64_t> shapes_;
  std::uint64_t last_shape_ = 0;
};

}  // namespace zbag
