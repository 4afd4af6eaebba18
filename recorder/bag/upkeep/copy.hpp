// Makes a new bag of points of other bags: what cut, merge, compact and recover write through.
//
// The bag is made under a name of its own (NAME.making-PID, beside NAME) and gets its name when it
// is complete and durable, so that no instant shows half of one; without publish() or replace()
// nothing is left behind. Points are written in blocks as full as a recorder's; memory is bounded
// by `commit_bytes` and one open block a track.
//
// Points are numbered in the order they are added, which is that of their keys; add_order() gives
// them another one. Fate: see finish(). Not thread-safe; all calls from one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/bag/upkeep/stamp_merge.hpp"
#include "recorder/bag/write/bag_writer.hpp"

namespace zbag {

// What a rewrite compresses with, by how many blocks of each kind (Compression) there are.
CompressionSpec rewrite_compression(const std::array<std::size_t, 3>& blocks);
// The same of a bag, by its first thousand blocks.
Result<CompressionSpec> usual_compression(BagFile& file);

class BagCopy {
 public:
  struct Options {
    CompressionSpec compression;
    // What becomes of points of one track and key that several bags have (stamp_merge.hpp). Under
    // kAppend only those that are one frame are one.
    MergeRules merge = MergeMode::kAppend;
    std::vector<std::string> columns;     // the fields that are copied; see is_chosen_field()
    std::size_t commit_bytes = 8u << 20;  // of points, written in one transaction
    std::string node = "zbag";            // shown to who meets the unfinished bag
  };

  // kExists: something has the name already. Others as BagWriter::open.
  static Result<BagCopy> create(const std::string& path, Options options);
  // For replace(): a bag has the name and keeps it until then.
  static Result<BagCopy> create_beside(const std::string& path, Options options);
  BagCopy(BagCopy&&) noexcept;
  BagCopy& operator=(BagCopy&&) = delete;
  ~BagCopy();

  // Copies the point; nothing of `point` is kept. False: its fields are malformed, it is left out.
  // Where fields are chosen nothing becomes of points that say what tracks mean: their fields are
  // no track's, see keep_schemas(). REQUIRES: keys of one track do not descend; points of one track
  // and key follow one another, and among them those of one bag.
  Result<bool> add(const PointView& point, std::size_t bag = 0);
  // The same with all fields, whichever are chosen.
  Result<bool> add_whole(const PointView& point);
  // Numbers a track's points anew (FORMAT.md, Index): entries as folded points have them. Their
  // `track` is ignored. REQUIRES: the track has points.
  Status add_order(const std::string& track, std::span<const OrderEntry> entries);

  // Points of a track so far, merged ones not counted; how many were merged, and what that cost.
  struct Counts {
    std::uint64_t points = 0;
    std::uint64_t kept_apart = 0;  // of these, further points of a stamp that another bag has, too
    std::uint64_t merged = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t overwritten = 0;  // values that a merge replaced by different ones
  };
  Counts counts(const std::string& track) const;
  Counts counts() const;  // of all
  // The first and the last point of a track so far; nullopt: it has none.
  std::optional<PointHead> first(const std::string& track) const;
  std::optional<PointHead> last(const std::string& track) const;

  // Writes what is left and what stands beside the points: runs, losses, the fate of unnamed frames
  // and, for every track in `records`, when it was created, what was lost, and its fate, in which
  // `points` becomes what the new bag holds, the other numbers grow by what this copy
  // counted, and `received` follows from the equation of wire.md. Where `bytes` or `fields` say
  // something, they go before what was counted anew. Tracks not in `records` get
  // received = points + merged. Attachments of `source` are copied when it is given, but for
  // damaged ones: left_out() names them.
  Status finish(const BagSummary& records, BagFile* source = nullptr);
  const std::vector<std::string>& left_out() const { return left_out_; }
  // Puts an attachment in: a value of that table, with its checksum.
  Status add_attachment(std::string_view name, std::string_view value);
  // The complete bag before it gets its name. REQUIRES: finish() returned well.
  const std::string& made_path() const { return made_path_; }
  // Gives the bag its name. kExists: it was taken meanwhile. REQUIRES: finish() returned well.
  Status publish();
  // Puts it in the place of `old_bag` as replace_bag() does.
  // REQUIRES: finish() returned well, and the caller keeps writers away from the old one.
  Status replace(const BagFile& old_bag);

 private:
  class RowArena;
  struct Gathered {
    TrackBatch batch;
    Counts counts;
    MergeMode merge;
    PointHead first;
    PointHead last;
  };
  static Result<BagCopy> begin(const std::string& path, Options options);
  BagCopy(std::string path, Options options);
  Status write_gathered();
  Status add_row(std::string_view track, const RowPoint& row, std::size_t bag);
  void add_to_stamp(Gathered& track, const RowPoint& point, std::size_t bag);
  Status put_records(const BagSummary& records);
  Status put_tracks(WriteTxn& txn, const BagSummary& records);
  Status copy_attachments(BagFile& source);
  Status squeeze();

  std::string path_;
  std::string made_path_;
  Options options_;
  std::string chosen_;  // the fields of the point at hand that are copied
  std::optional<BagWriter> writer_;
  std::shared_ptr<BagFile> file_;  // of the writer, which shares it
  std::map<std::string, Gathered, std::less<>> tracks_;
  Gathered* last_ = nullptr;    // the track of the point added last
  StampMerge stamp_;            // of its key
  std::size_t stamp_from_ = 0;  // where its points begin in the batch
  std::vector<std::string> left_out_;
  std::unique_ptr<RowArena> rows_;
  bool is_named_ = false;
};

}  // namespace zbag
