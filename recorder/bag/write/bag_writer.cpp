#include "recorder/bag/write/bag_writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "recorder/bag/write/written_track.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {

// Where the points of a track's batch belong.
struct BagWriter::Parted {
  std::span<const RowPoint> late;  // before the end of the main run, or at it
  std::vector<RowPoint> at_end;    // of its last key: they go on in it
  std::span<const RowPoint> behind;
  std::deque<std::string> rows;  // that were made for `at_end`
  // Of the frames of that key: what the batch counts of them, and what they came to.
  MergeCounts in_batch;
  MergeCounts counts;
};

BagWriter::BagWriter(std::shared_ptr<BagFile> file, Options options)
    : file_(std::move(file)),
      file_id_(file_->id()),
      options_(std::move(options)),
      pool_(std::make_unique<EncodePool>(options_.compression, options_.encode_threads)),
      space_(*file_, {options_.min_free_bytes, options_.reserve_bytes}) {}
BagWriter::BagWriter(BagWriter&&) noexcept = default;
BagWriter::~BagWriter() = default;

Result<BagWriter> BagWriter::open(const std::string& path, Options options) {
  const WriterSpace::Limits limits{options.min_free_bytes, options.reserve_bytes};
  const auto too_full = [&] {
    return fail(
        ErrorCode::kDiskFull,
        fmt::format(
            "{}: the disk has less than the {} MB --min-free and the buffer ask for; free some, or "
            "lower --min-free or --buffer-mb",
            path, limits.wanted() / 1'000'000));
  };
  bool is_new = false;
  if (::access(path.c_str(), F_OK) != 0) {
    // Looked at before the bag is made, so that a full disk leaves none behind.
    if (!WriterSpace::has_disk(folder_of(path), limits)) return too_full();
    Status created = BagFile::create(path, options.map_bytes);
    if (!created && created.error().code != ErrorCode::kExists)
      return tl::unexpected(created.error());
    is_new = created.has_value();
  }
  Result<std::shared_ptr<BagFile>> file = BagFile::open_to_write(path, options.map_bytes);
  if (!file && is_new && file.error().code != ErrorCode::kBusy) remove_bag(path);
  if (!file) return tl::unexpected(file.error());
  BagWriter writer(std::move(*file), std::move(options));
  const Status begun = writer.space_.reserve_ahead() ? writer.begin_run() : Status(too_full());
  if (begun) return writer;
  if (is_new) remove_bag(path);
  return tl::unexpected(begun.error());
}

// States are loaded before a transaction begins: loading reads, and a thread has one at a time.
Status BagWriter::load_tracks(const Batch& batch) {
  if (Status status = put_journal_away(); !status) return status;
  for (const TrackBatch& track : batch.tracks) {
    if (tracks_.contains(track.name)) continue;
    if (Status status = load_track(track.name); !status) return status;
  }
  return {};
}

Status BagWriter::load_track(const std::string& name) {
  Result<std::unique_ptr<ReadTxn>> txn = file_->env().read();
  if (!txn) return tl::unexpected(txn.error());
  const auto stored = (*txn)->get(file_->tables().tracks, name);
  if (!stored) return tl::unexpected(stored.error());
  TrackRecord record;
  if (*stored) {
    Result<TrackRecord> known = TrackRecord::decode(name, **stored);
    if (!known) return tl::unexpected(known.error());
    record = std::move(*known);
  } else {
    record.name = name;
    record.id = next_track_++;
    record.created = wall_seconds();
  }
  // Of a track that is loaded again after a failure, the first look holds.
  const Earlier earlier =
      earlier_.try_emplace(name, Earlier{record.lost.value_or(0), record.missed_before})
          .first->second;
  const std::uint32_t id = record.id;
  auto track = std::make_unique<Track>(std::move(record), options_, *pool_, earlier);
  by_id_[id] = track.get();
  tracks_.emplace(name, std::move(track));
  return {};
}

BagWriter::Parted BagWriter::part(const Track& track, const TrackBatch& batch) const {
  const std::optional<std::int64_t> end = track.writer.record().main_end;
  const std::span<const RowPoint> points(batch.points);
  Parted parted;
  parted.behind = points;
  if (!end || points.empty() || points.front().key > *end) return parted;
  const std::span<const RowPoint> of_end = points_of(*end, points);
  const auto late = static_cast<std::size_t>(of_end.data() - points.data());
  parted.behind = points.subspan(late + of_end.size());
  const bool is_late = of_end.empty() || !goes_on(track, batch, parted);
  parted.late = points.first(late + (is_late ? of_end.size() : 0));
  return parted;
}

// Whether the batch's points of the last key of the main run go on in it: of a clock that stands
// still all do, and none costs more than the first. They do not where the last point becomes
// another by them, or where it is not known what it is.
bool BagWriter::goes_on(const Track& track, const TrackBatch& batch, Parted& parted) const {
  if (!track.writer.end_takes_more()) return false;
  const std::int64_t end = *track.writer.record().main_end;
  std::span<const RowPoint> frames = points_of(end, batch.points);
  if (track.merge == MergeMode::kAppend || options_.late_merge == LateMerge::kAppend) {
    parted.at_end.assign(frames.begin(), frames.end());
    return true;
  }
  const std::optional<RowPoint> last = track.writer.end_point();
  const bool may_go_on =
      track.merge == MergeMode::kJoin && options_.late_merge == LateMerge::kMerge;
  if (!may_go_on || !last) return false;
  if (!batch.frames.empty()) frames = points_of(end, batch.frames);
  const Meeting meeting = meet(*last, frames, track.merge, parted.rows);
  if (meeting.changes(*last)) return false;
  parted.counts = meeting.counts;
  parted.in_batch = count_merges(frames, track.merge);
  parted.at_end.assign(meeting.points.begin() + 1, meeting.points.end());
  return true;
}

Result<std::optional<PreparedBatch>> BagWriter::prepare(const Batch& batch) {
  if (closed_) return fail(ErrorCode::kClosed, "the bag is closed");
  if (Status status = load_tracks(batch); !status) return tl::unexpected(status.error());
  std::vector<Parted> parts;
  for (const TrackBatch& track : batch.tracks) {
    parts.push_back(part(*tracks_.at(track.name), track));
    if (!parts.back().late.empty()) return std::optional<PreparedBatch>();
  }
  PreparedBatch prepared;
  prepared.unnamed = batch.unnamed;
  take_losses(batch, prepared);
  relieve_journal(prepared);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const TrackBatch& track = batch.tracks[i];
    append(*tracks_.at(track.name), track, std::move(parts[i]), prepared);
  }
  finish_journal(prepared);
  return std::optional(std::move(prepared));
}

// Forms the blocks of a track's points and notes what became of the batch. The report's last entry
// is the track's when late points have begun it already.
void BagWriter::append(Track& track, const TrackBatch& batch, Parted parted,
                       PreparedBatch& prepared) {
  if (parted.late.empty()) {
    prepared.report.tracks.push_back(
        {.fate = batch.fate, .first_index = track.writer.record().total()});
  }
  TrackReport& report = prepared.report.tracks.back();
  parted.in_batch.take_from(report.fate);
  parted.counts.add_to(report.fate);
  std::span<const RowPoint> points = parted.behind;
  if (!parted.at_end.empty()) {
    parted.at_end.insert(parted.at_end.end(), points.begin(), points.end());
    points = parted.at_end;
    prepared.rows.push_back(std::move(parted.rows));
  }
  prepared.bytes += track.writer.order_bytes();
  const std::size_t first_job = prepared.blocks.size();
  track.writer.append(points, prepared.blocks);
  for (std::size_t i = first_job; i < prepared.blocks.size(); ++i) {
    const BlockJob& job = *prepared.blocks[i];
    prepared.bytes += job.points ? job.points->bytes_with({}) : 0;
  }
  report.fate.points += points.size();
  report.new_points += points.size();
  for (const RowPoint& point : points) prepared.bytes += point.pairs_bytes + sizeof(RowPoint);
  keep(track, batch, report.fate, prepared);
}

Result<WriteReport> BagWriter::store(PreparedBatch prepared) {
  const auto begin = [&]() -> Result<std::unique_ptr<WriteTxn>> {
    if (Status space = file_->env().make_room(prepared.bytes); !space)
      return tl::unexpected(space.error());
    return file_->env().write();
  };
  Result<std::unique_ptr<WriteTxn>> txn = begin();
  Status status = txn ? store_blocks(**txn, prepared) : tl::unexpected(txn.error());
  if (status) status = store_records(**txn, prepared);
  if (status) status = space_.commit(**txn, prepared.report.block_bytes);
  if (!status) {
    drop(prepared);
    return fail(status.error(), file_->path());
  }
  return stored(std::move(prepared));
}

WriteReport BagWriter::stored(PreparedBatch prepared) {
  unnamed_ += prepared.unnamed;
  prepared.report.disk_low = !space_.reserve_ahead();
  space_.release_cache();
  return std::move(prepared.report);
}

void BagWriter::drop(const PreparedBatch& prepared) {
  for (const std::unique_ptr<BlockJob>& job : prepared.blocks) pool_->wait_for(*job);
}

void BagWriter::forget_prepared() {
  tracks_.clear();
  by_id_.clear();
  spilled_.clear();
  ledger_.begin(ledger_.next());
  has_stale_journal_ = true;
}

Result<WriteReport> BagWriter::write(const Batch& batch) {
  Result<WriteReport> report = try_write(batch);
  // What late points make it write again is known only when it has been.
  while (!report) {
    const Result<bool> has_room = file_->env().grew_when_full();
    if (!has_room) return tl::unexpected(has_room.error());
    if (!*has_room) break;
    report = try_write(batch);
  }
  return report;
}

Result<WriteReport> BagWriter::try_write(const Batch& batch) {
  Result<std::optional<PreparedBatch>> ready = prepare(batch);
  if (!ready) return tl::unexpected(ready.error());
  if (*ready) {
    Result<WriteReport> report = store(std::move(**ready));
    if (!report) forget_prepared();
    return report;
  }
  PreparedBatch prepared;
  prepared.unnamed = batch.unnamed;
  for (const TrackBatch& track : batch.tracks) {
    for (const RowPoint& point : track.points)
      prepared.bytes += point.pairs_bytes + sizeof(RowPoint);
    const TrackWriter& writer = tracks_.at(track.name)->writer;
    prepared.bytes += writer.order_bytes() + 2 * writer.block_bytes();
  }
  if (Status space = file_->env().make_room(prepared.bytes); !space)
    return tl::unexpected(space.error());
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  // From here on states change: what fails is drop()ped with them.
  take_losses(batch, prepared);
  relieve_journal(prepared);
  Status status = write_in_order(**txn, batch, prepared);
  if (status) status = store_records(**txn, prepared);
  if (status) status = (*txn)->commit();
  if (!status) {
    // What the states say is not on disk: they are loaded again from what is.
    drop(prepared);
    forget_prepared();
    return fail(status.error(), file_->path());
  }
  return stored(std::move(prepared));
}

// Every track's blocks into the transaction before the next one is looked at.
Status BagWriter::write_in_order(WriteTxn& txn, const Batch& batch, PreparedBatch& prepared) {
  if (Status status = store_blocks(txn, prepared); !status) return status;
  for (const TrackBatch& one : batch.tracks) {
    Track& track = *tracks_.at(one.name);
    Parted parted = part(track, one);
    if (!parted.late.empty()) {
      prepared.report.tracks.push_back(
          {.fate = one.fate, .first_index = track.writer.record().total()});
      if (Status status = write_late(txn, track, one, parted, prepared); !status) return status;
    }
    append(track, one, std::move(parted), prepared);
    if (Status status = store_blocks(txn, prepared); !status) return status;
  }
  finish_journal(prepared);
  return {};
}

Status BagWriter::write_late(WriteTxn& txn, Track& track, const TrackBatch& batch,
                             const Parted& parted, PreparedBatch& prepared) {
  const LateWriter::Rules rules{track.merge, options_.late_merge, options_.compression};
  if (!late_scratch_) late_scratch_ = std::make_unique<BlockScratch>();
  // They may meet any point that is stored.
  track.writer.spill(prepared.blocks);
  track.writer.ask_for_record();
  if (Status status = store_blocks(txn, prepared); !status) return status;
  LateWriter late(txn, file_->tables(), rules, track.writer, late_encoder_, *late_scratch_);
  TrackReport& report = prepared.report.tracks.back();
  Status status = late.write(parted.late, batch.frames, report.fate);
  report.new_points += late.new_points();
  prepared.report.block_bytes += late.block_bytes();
  return status;
}

Status BagWriter::change_order(WriteTxn& txn, const std::vector<OrderChange>& changes) {
  const Table order = file_->tables().order;
  for (const auto& [entry, is_erased] : changes) {
    Status status = is_erased ? txn.erase(order, entry.encode_key())
                              : txn.put(order, entry.encode_key(), entry.encode_value());
    if (!status) return status;
  }
  return {};
}

// Encodes into LMDB's own pages: the rows of plain blocks are copied once.
Status BagWriter::store_blocks(WriteTxn& txn, PreparedBatch& prepared) {
  const Table blocks = file_->tables().blocks;
  for (const std::unique_ptr<BlockJob>& job : prepared.blocks) {
    for (const BlockKey& gone : job->replaced) {
      if (Status status = txn.erase(blocks, gone.encode()); !status) return status;
    }
    if (Status status = change_order(txn, job->order); !status) return status;
    pool_->wait_for(*job);
    const auto room = txn.reserve(blocks, job->key.encode(), job->bytes);
    if (!room) return tl::unexpected(room.error());
    if (job->points) {
      job->points->write_to(*room);
      pool_->give_back(std::move(job->points));
    } else {
      write_lone_block(job->header, job->lone, *room);
    }
    prepared.report.block_bytes += job->bytes;
  }
  prepared.blocks.clear();
  return {};
}

Status BagWriter::store_records(WriteTxn& txn, const PreparedBatch& prepared) {
  const BagTables& tables = file_->tables();
  for (const PreparedBatch::Track& track : prepared.tracks) {
    if (Status status = txn.put(tables.tracks, track.name, track.record); !status) return status;
  }
  for (const LossRecord& loss : prepared.losses) {
    if (Status status = txn.put(tables.losses, encode_loss_key(loss), encode_loss(loss)); !status)
      return status;
  }
  for (const std::uint64_t number : prepared.unneeded) {
    if (Status status = txn.erase(tables.journal, journal_key(number)); !status) return status;
  }
  if (!prepared.journal_record.empty()) {
    if (Status status = txn.put(tables.journal, prepared.journal_key, prepared.journal_record);
        !status)
      return status;
  }
  if (prepared.unnamed.received > 0) {
    Fate unnamed = unnamed_;
    unnamed += prepared.unnamed;
    if (Status status = txn.put(tables.meta, kUnnamedFateKey, encode_unnamed_fate(unnamed));
        !status)
      return status;
  }
  return {};
}

}  // namespace zbag
