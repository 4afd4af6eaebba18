// Turns the points of one track into blocks.
//
// The points since the last full block are the *tail*. Each call stores what is new of it as a
// small *segment* block, so that it is on disk; once the tail fills a block, one full block, from
// memory, replaces the segments. Slow tracks therefore do not end up as crumbs, and no byte is
// written more than twice.
//
// Blocks come out as jobs, in the order they must be stored in. Not thread-safe. Memory: one block
// per track.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "recorder/bag/encode_pool.hpp"
#include "recorder/bag/layout.hpp"

namespace zbag {

using BlockJobs = std::vector<std::unique_ptr<BlockJob>>;

class TrackWriter {
 public:
  // `block_pages` of 4096 bytes make a full block; twice as many of frames over 2 KiB.
  TrackWriter(TrackRecord record, std::size_t block_pages, EncodePool& pool);
  ~TrackWriter();
  TrackWriter(const TrackWriter&) = delete;
  TrackWriter& operator=(const TrackWriter&) = delete;

  // Adds points behind the end of the main run. REQUIRES: in order of key.
  void append(std::span<const RowPoint> points, BlockJobs& jobs);
  // Makes the tail a block of its own.
  void seal(BlockJobs& jobs);
  // Whether `key` lies in the tail.
  bool tail_covers(std::int64_t key) const;
  bool has_crumbs() const { return segments_.size() > 1; }

  // Notes names and types of fields, and the extent of the track.
  void note(std::span<const RowPoint> points);
  // A point of this size fills a block alone.
  bool is_large(const RowPoint& point) const {
    return point.pairs_bytes + kLonePayloadOffset >= block_bytes_ / 2;
  }
  std::size_t block_bytes() const { return block_bytes_; }
  TrackRecord& record() { return record_; }

 private:
  std::unique_ptr<BlockJob> new_job(std::int64_t first, std::uint64_t ordinal);
  void append_lone(const RowPoint& point, BlockJobs& jobs);
  void append_segment(BlockJobs& jobs);
  void submit(std::unique_ptr<BlockJob> job, BlockJobs& jobs);
  void begin_tail();

  TrackRecord record_;
  std::size_t block_pages_;
  std::size_t block_bytes_;
  EncodePool& pool_;
  std::unique_ptr<BlockEncoder> tail_;
  std::deque<std::string> arenas_;  // where the rows of the tail's segments live
  std::vector<BlockKey> segments_;  // what is on disk of the tail
  std::size_t written_ = 0;         // points of the tail that are
  std::uint64_t tail_ordinal_ = 0;  // main points before the tail
  std::unordered_set<std::uint64_t> shapes_;
  std::uint64_t last_shape_ = 0;
};

}  // namespace zbag
