// Writes points into a bag: one transaction a write(), durable when it returns.
//
// Every point has one home (track, key). Points behind the written end of their track are *late*:
// they merge into the stored point of their key, or are kept beside the main run until folded
// (FORMAT.md, Late points). What the frames of a batch became is stored in the same transaction.
//
// A write that fails has changed nothing: the batch is untouched and may be written again.
// Not thread-safe; all calls from one thread (LMDB's write transactions belong to theirs). Blocks
// for as long as the disk does.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/block.hpp"
#include "recorder/bag/layout.hpp"

namespace zbag {

enum class MergeMode : std::uint8_t { kShallow, kDeep, kAppend };
enum class LateMerge : std::uint8_t { kMerge, kReject, kAppend };

// What arrived for one track since the last write.
struct TrackBatch {
  std::string name;
  // By key; equal keys only under MergeMode::kAppend, in order of arrival. Pairs are lent until
  // write() returns.
  std::vector<RowPoint> points;
  // What became of the track's frames, the points above not yet counted as points: the writer finds
  // out whether they are new.
  Fate fate;
  std::optional<std::uint64_t> lost;  // the track's total in this run; nullopt: unknown
  std::uint64_t missed_before = 0;    // likewise
};

struct Batch {
  std::vector<TrackBatch> tracks;
  Fate unnamed;  // of frames that have no track's name
  std::vector<LossRecord> losses;
};

// What a write made of one track's points.
struct TrackReport {
  Fate fate;                      // with points and late merges counted
  std::uint64_t first_index = 0;  // of the new points, when there are any
  std::uint64_t new_points = 0;
};
struct WriteReport {
  std::vector<TrackReport> tracks;  // as in the batch
  std::uint64_t block_bytes = 0;    // given to LMDB
  bool disk_low = false;            // less than min_free or the reserve is left: stop accepting
};

class BagWriter {
 public:
  struct Options {
    CompressionSpec compression;
    std::size_t block_pages = 16;  // of 4096 bytes; frames over 2 KiB get twice as many
    MergeMode merge = MergeMode::kShallow;
    LateMerge late_merge = LateMerge::kMerge;
    std::size_t map_bytes = 16ull << 30;  // address space to begin with; doubled ahead of need
    std::uint64_t min_free_bytes = 0;     // of the disk: below it, reports say disk_low
    // Disk set aside beyond what is written, so that what was accepted can still be written when
    // the disk fills up meanwhile.
    std::uint64_t reserve_bytes = 0;
    std::string node = "zbag";  // shown to a second writer
    Fields config;
    Fields metadata;
  };

  // Creates the bag when there is none and begins a run. kBusy names the present writer; kDiskFull,
  // kDamaged, kNewerFormat, kIo.
  static Result<BagWriter> open(const std::string& path, Options options);
  BagWriter(BagWriter&&) noexcept;
  BagWriter& operator=(BagWriter&&) noexcept;
  ~BagWriter();  // without close() the run stays open, as after a kill

  Result<WriteReport> write(const Batch& batch);
  // Joins small blocks, ends the run, gives the reserve back. Idempotent.
  Status close();

  const std::string& path() const { return file_->path(); }
  std::shared_ptr<BagFile> file() const { return file_; }
  double run_start() const { return run_.start; }

 private:
  struct TrackState;
  BagWriter(std::shared_ptr<BagFile> file, Options options);

  Status begin_run();
  Status prepare_space(std::size_t batch_bytes);
  bool reserve_ahead();
  Result<TrackState*> state_of(const std::string& name);
  Status write_track(WriteTxn& txn, TrackState& state, const TrackBatch& batch,
                     TrackReport& report);
  Status append_main(WriteTxn& txn, TrackState& state, std::span<const RowPoint> points);
  Status write_segment(WriteTxn& txn, TrackState& state, std::size_t from);
  Status seal_tail(WriteTxn& txn, TrackState& state);
  Status put_block(WriteTxn& txn, const BlockKey& key, const BlockHeader& header,
                   BlockEncoder& points);
  Status put_lone_block(WriteTxn& txn, const BlockKey& key, const BlockHeader& header,
                        const RowPoint& point);
  Status append_lone(WriteTxn& txn, TrackState& state, const RowPoint& point);
  Status write_late(WriteTxn& txn, TrackState& state, std::span<const RowPoint> points,
                    TrackReport& report);
  struct Gap;
  Result<Gap> find_gap(WriteTxn& txn, std::uint32_t track, std::int64_t key);
  Status fill_gap(WriteTxn& txn, TrackState& state, Gap& gap, std::span<const RowPoint> points,
                  TrackReport& report);
  Status put_late(WriteTxn& txn, TrackState& state, Gap& gap, std::vector<RowPoint> points);
  void note_points(TrackState& state, std::span<const RowPoint> points);
  Status store_batch(WriteTxn& txn, const Batch& batch, WriteReport& report);

  std::shared_ptr<BagFile> file_;
  Options options_;
  RunRecord run_;
  Fate unnamed_;
  std::unordered_map<std::string, std::unique_ptr<TrackState>> tracks_;
  std::uint32_t next_track_ = 1;
  BlockEncoder scratch_;
  std::uint64_t block_bytes_ = 0;
  std::uint64_t reserved_to_ = 0;
  bool closed_ = false;
};

}  // namespace zbag
