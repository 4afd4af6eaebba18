// Writes points into a bag: one transaction a write(), durable when it returns.
//
// Points that have no full block yet go into the journal, one record a transaction, with what the
// counters of all tracks have grown by (FORMAT.md, The journal; track_writer.hpp). A track's own
// record is stored with its blocks.
//
// Every point has one home (track, key). Points behind the written end of their track are *late*:
// they merge into the stored point of their key, or are kept beside the main run until folded:
// when the tail they fall into is full (track_writer.hpp), the others by `compact` (FORMAT.md, Late
// points). What the frames of a batch became is stored in the same transaction.
//
// write() does it all. For two threads that overlap forming blocks with waiting for the disk it
// falls into prepare(), which forms the blocks, and store(), which puts them into a transaction:
//
//   prepare(1)  prepare(2)  prepare(3)
//               store(1)    store(2)    store(3)
//
// Late points need to see everything stored before them, so prepare() declines a batch that has
// some; it goes through write() once all that was prepared is stored.
//
// A write that fails has changed nothing: the batch is untouched and may be written again.
// Not thread-safe: prepare(), write(), forget_prepared(), close() belong to one thread; store() and
// drop() may run on another, beside prepare() alone. Blocks for as long as the disk does.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/block/block_encoder.hpp"
#include "recorder/bag/journal/journal_record.hpp"
#include "recorder/bag/records/layout.hpp"
#include "recorder/bag/write/encode_pool.hpp"
#include "recorder/bag/write/journal_ledger.hpp"
#include "recorder/bag/write/late_points.hpp"
#include "recorder/bag/write/space.hpp"
#include "recorder/bag/write/track_writer.hpp"
#include "schemas/points/batch.hpp"
#include "schemas/points/storage_options.hpp"

namespace zbag {

// A batch as blocks, ready to be stored. The rows are still the batch's, but for those made here.
struct PreparedBatch {
  struct Track {
    std::string name;
    std::string record;
  };
  std::vector<std::deque<std::string>> rows;
  BlockJobs blocks;
  std::vector<Track> tracks;
  std::vector<LossRecord> losses;
  JournalEncoder journal;
  std::string journal_key;
  std::string journal_record;           // empty: none
  std::vector<std::uint64_t> unneeded;  // records of the journal that go
  Fate unnamed;
  std::size_t bytes = 0;  // of the points
  WriteReport report;     // but what only the store can know
};

// What is the bag's own business.
struct BagOptions {
  CompressionSpec compression;
  std::size_t block_pages = 16;         // of 4096 bytes; frames over 2 KiB get twice as many
  std::size_t map_bytes = 16ull << 30;  // address space to begin with; doubled ahead of need
  unsigned encode_threads = 1;          // that compress beside the caller's
};

class BagWriter {
 public:
  struct Options : BagOptions, StorageOptions {};

  // Creates the bag when there is none and begins a run. kBusy names the present writer; kDiskFull,
  // kDamaged, kNewerFormat, kIo.
  static Result<BagWriter> open(const std::string& path, Options options);
  BagWriter(BagWriter&&) noexcept;
  BagWriter& operator=(BagWriter&&) = delete;
  ~BagWriter();  // without close() the run stays open, as after a kill

  Result<WriteReport> write(const Batch& batch);
  // nullopt when the batch has late points. What was prepared is stored in the same order.
  Result<std::optional<PreparedBatch>> prepare(const Batch& batch);
  Result<WriteReport> store(PreparedBatch prepared);
  // Lets go of a prepared batch that will not be stored, since one before it failed.
  void drop(const PreparedBatch& prepared);
  // To be called when a store() has failed and no prepared batch is left.
  void forget_prepared();
  // After that, or after a write() that failed, points of earlier ones wait in the journal that
  // nobody here knows any more. What is written next puts them into blocks first, in a transaction
  // of its own; put_journal_away() is for who counts transactions.
  bool has_stale_journal() const { return has_stale_journal_; }
  Status put_journal_away();

  // Keeps a file under its name (FORMAT.md, Attachments); one of that name is replaced. Durable
  // when it returns. kInvalid: no name of 1 to kAttachmentNameMax bytes, or more than
  // kAttachmentMax of content; kDiskFull, kIo. As store().
  static constexpr std::size_t kAttachmentNameMax = 255;
  static constexpr std::size_t kAttachmentMax = 64u << 20;
  Status attach(std::string_view name, std::string_view content);
  // Adds to the run's metadata, which close() stores; what has such a name is replaced.
  void describe(const Fields& more);

  // Gives every point its block, ends the run, gives the reserve back and squeezes the file
  // (squeeze.hpp). Every further call says the same.
  Status close();
  // Gives back what is set aside of the disk, until something is stored again. As store().
  void give_back_reserve() { space_.give_back_reserve(); }
  // Gives the kernel's cache of the whole bag to whoever needs it next. After close().
  void release_whole_cache() { space_.release_whole_cache(); }

  const std::string& path() const { return file_->path(); }
  std::shared_ptr<BagFile> file() const { return file_; }
  // The file the bag is in: once it is closed, file() may be open on one that has no name any more.
  FileId file_id() const { return file_id_; }

 private:
  struct Track;
  BagWriter(std::shared_ptr<BagFile> file, Options options);

  Status apply_journal();
  Status begin_run();
  Status end_run();
  Result<WriteReport> try_write(const Batch& batch);
  Status load_tracks(const Batch& batch);
  Status load_track(const std::string& name);
  struct Parted;
  Parted part(const Track& track, const TrackBatch& batch) const;
  bool goes_on(const Track& track, const TrackBatch& batch, Parted& parted) const;
  void append(Track& track, const TrackBatch& batch, Parted parted, PreparedBatch& prepared);
  void keep(Track& track, const TrackBatch& batch, const Fate& fate, PreparedBatch& prepared);
  void put_record(Track& track, PreparedBatch& prepared);
  void take_losses(const Batch& batch, PreparedBatch& prepared);
  void relieve_journal(PreparedBatch& prepared);
  void finish_journal(PreparedBatch& prepared);
  Status write_late(WriteTxn& txn, Track& track, const TrackBatch& batch, const Parted& parted,
                    PreparedBatch& prepared);
  Status write_in_order(WriteTxn& txn, const Batch& batch, PreparedBatch& prepared);
  Status store_blocks(WriteTxn& txn, PreparedBatch& prepared);
  Status change_order(WriteTxn& txn, const std::vector<OrderChange>& changes);
  Status store_records(WriteTxn& txn, const PreparedBatch& prepared);
  WriteReport stored(PreparedBatch prepared);

  void squeeze();

  std::shared_ptr<BagFile> file_;
  FileId file_id_;
  Options options_;
  RunRecord run_;
  std::unique_ptr<EncodePool> pool_;

  // Of the thread that prepares.
  struct Earlier {  // what a track had lost before this run
    std::uint64_t lost = 0;
    std::uint64_t missed_before = 0;
  };
  std::unordered_map<std::string, std::unique_ptr<Track>> tracks_;
  std::unordered_map<std::uint32_t, Track*> by_id_;
  JournalLedger ledger_;
  std::vector<Track*> spilled_;     // for the commit that is formed: their records are due
  bool has_stale_journal_ = false;  // of points that no tail here has: a store has failed
  std::unordered_map<std::string, Earlier> earlier_;
  std::uint32_t next_track_ = 1;
  BlockEncoder late_encoder_;
  std::unique_ptr<BlockScratch> late_scratch_;
  bool closed_ = false;
  Status close_status_;

  // Of the thread that stores.
  Fate unnamed_;
  WriterSpace space_;
};

}  // namespace zbag
