#include "recorder/bag/upkeep/copy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "recorder/bag/squeeze.hpp"
#include "schemas/check.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/no_room.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

Error os_error(const std::string& path) {
  ErrorCode code = errno == EEXIST ? ErrorCode::kExists : ErrorCode::kIo;
  if (is_no_room(errno)) code = ErrorCode::kDiskFull;
  return {code, fmt::format("{}: {}", path, std::strerror(errno))};
}

Status sync_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  const Error error = os_error(path);
  if (fd >= 0) ::close(fd);
  if (!synced) return tl::unexpected(error);
  return {};
}

// What keeps a bag from being made is said of the name it would have: the other goes with it.
tl::unexpected<Error> unmade(Error error, const std::string& made, const std::string& path) {
  const std::size_t at = error.message.find(made);
  if (at != std::string::npos) error.message.replace(at, made.size(), path);
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace

// Where gathered rows live until they are written. What it gives out does not move.
class BagCopy::RowArena {
 public:
  const std::uint8_t* keep(std::span<const std::uint8_t> row) {
    if (row.size() > left_) {
      left_ = std::max(kChunkBytes, row.size());
      at_ = chunks_.emplace_back(std::make_unique_for_overwrite<std::uint8_t[]>(left_)).get();
    }
    std::uint8_t* const kept = at_;
    if (!row.empty()) std::memcpy(kept, row.data(), row.size());
    at_ += row.size();
    left_ -= row.size();
    bytes_ += row.size() + sizeof(RowPoint);
    return kept;
  }
  std::size_t bytes() const { return bytes_; }
  void clear() {
    chunks_.clear();
    left_ = bytes_ = 0;
  }

 private:
  static constexpr std::size_t kChunkBytes = 1u << 20;
  std::vector<std::unique_ptr<std::uint8_t[]>> chunks_;
  std::uint8_t* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
};

CompressionSpec rewrite_compression(const std::array<std::size_t, 3>& blocks) {
  constexpr int kRewriteLevel = 6;  // of zstd: a rewrite is in less of a hurry than a recorder
  const auto count = [&](Compression kind) { return blocks[static_cast<std::size_t>(kind)]; };
  // A block that would not have become smaller is plain under every compression.
  if (count(Compression::kZstd) > 0) return {Compression::kZstd, kRewriteLevel};
  if (count(Compression::kLz4) == 0 && count(Compression::kNone) > 0) return {Compression::kNone};
  return {};
}

Result<CompressionSpec> usual_compression(BagFile& file) {
  // What the journal has says nothing.
  Result<std::unique_ptr<ReadTxn>> txn = file.env().read();
  if (!txn) return tl::unexpected(txn.error());
  Result<TableCursor> cursor = TableCursor::open(**txn, file.tables().blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  std::array<std::size_t, 3> seen{};
  constexpr std::size_t kBlocksMax = 1'000;
  auto item = cursor->first();
  for (std::size_t i = 0; i < kBlocksMax && item && *item; ++i, item = cursor->next()) {
    // Lone blocks are never compressed and say nothing.
    const Result<BlockHeader> header = read_block_header((*item)->value);
    if (header && (header->flags & kBlockLone) == 0)
      ++seen[static_cast<std::size_t>(header->compression)];
  }
  if (!item) return tl::unexpected(item.error());
  return rewrite_compression(seen);
}

BagCopy::BagCopy(std::string path, Options options)
    : path_(std::move(path)),
      made_path_(making_name(path_)),
      options_(std::move(options)),
      rows_(std::make_unique<RowArena>()) {}

BagCopy::BagCopy(BagCopy&& other) noexcept
    : path_(std::move(other.path_)),
      made_path_(std::move(other.made_path_)),
      options_(std::move(other.options_)),
      writer_(std::exchange(other.writer_, std::nullopt)),
      file_(std::move(other.file_)),
      tracks_(std::move(other.tracks_)),
      last_(std::exchange(other.last_, nullptr)),
      left_out_(std::move(other.left_out_)),
      rows_(std::move(other.rows_)),
      is_named_(std::exchange(other.is_named_, true)) {}

BagCopy::~BagCopy() {
  writer_.reset();
  file_.reset();
  if (!is_named_) remove_bag(made_path_);
}

Result<BagCopy> BagCopy::create(const std::string& path, Options options) {
  if (::access(path.c_str(), F_OK) == 0)
    return fail(ErrorCode::kExists, fmt::format("{} exists; zbag never overwrites a bag", path));
  return begin(path, std::move(options));
}

Result<BagCopy> BagCopy::create_beside(const std::string& path, Options options) {
  // Where the name is a link, the bag it leads to is replaced, not the link.
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return begin(error ? path : real.string(), std::move(options));
}

Result<BagCopy> BagCopy::begin(const std::string& path, Options options) {
  remove_leftovers(path);
  BagCopy copy(path, std::move(options));
  remove_bag(copy.made_path_);  // of a process that had our number and was killed
  BagWriter::Options writing;
  writing.compression = copy.options_.compression;
  writing.merge = MergeMode::kAppend;  // what merges has merged before it gets there
  writing.node = copy.options_.node;
  Result<BagWriter> writer = BagWriter::open(copy.made_path_, std::move(writing));
  if (!writer) return unmade(writer.error(), copy.made_path_, copy.path_);
  copy.file_ = writer->file();
  copy.writer_.emplace(std::move(*writer));
  return copy;
}

Result<bool> BagCopy::add(const PointView& point, std::size_t bag) {
  std::optional<RowPoint> row = row_of(point, point.map);
  if (row && !options_.columns.empty()) {
    if (is_about_a_track(point.track)) return true;
    chosen_.clear();
    append_chosen(row->map(), options_.columns, chosen_);
    row = row_of(point, bytes_of(chosen_));
  }
  if (!row) return false;
  if (Status added = add_row(point.track, *row, bag); !added) return tl::unexpected(added.error());
  return true;
}

Result<bool> BagCopy::add_whole(const PointView& point) {
  const std::optional<RowPoint> row = row_of(point, point.map);
  if (!row) return false;
  if (Status added = add_row(point.track, *row, 0); !added) return tl::unexpected(added.error());
  return true;
}

Status BagCopy::add_row(std::string_view track, const RowPoint& row, std::size_t bag) {
  const bool is_same_track = last_ != nullptr && last_->batch.name == track;
  const bool is_same_stamp =
      is_same_track && !last_->batch.points.empty() && last_->batch.points.back().key == row.key;
  if (is_same_stamp) {
    add_to_stamp(*last_, row, bag);
    return {};
  }
  // Between points that do not meet, so that those which do are always in one batch.
  if (rows_->bytes() >= options_.commit_bytes) {
    if (Status status = write_gathered(); !status) return status;
  }
  if (!is_same_track) {
    auto it = tracks_.find(track);
    if (it == tracks_.end()) {
      it = tracks_.emplace(std::string(track), Gathered{}).first;
      it->second.batch.name = it->first;
      it->second.merge = options_.merge.of(it->first);
    }
    last_ = &it->second;
  }
  stamp_from_ = last_->batch.points.size();
  stamp_.begin(last_->merge);
  add_to_stamp(*last_, row, bag);
  return {};
}

void BagCopy::add_to_stamp(Gathered& track, const RowPoint& point, std::size_t bag) {
  std::deque<std::string> rows;
  std::vector<RowPoint>& points = track.batch.points;
  const std::span<const RowPoint> of_stamp = std::span<const RowPoint>(points).subspan(stamp_from_);
  StampMerge::Made made = stamp_.add(point, bag, of_stamp, rows);
  track.counts.overwritten += made.overwritten;
  switch (made.outcome) {
    case StampMerge::Outcome::kDuplicate:
      ++track.counts.duplicates;
      return;
    case StampMerge::Outcome::kMerged:
      ++track.counts.merged;
      if (!rows.empty()) {
        made.point.pairs = rows_->keep({made.point.pairs, made.point.pairs_bytes});
        points[stamp_from_ + made.at] = made.point;
      }
      return;
    case StampMerge::Outcome::kKeptApart:
      ++track.counts.kept_apart;
      break;
    case StampMerge::Outcome::kNew:
      break;
  }
  made.point.pairs = rows_->keep({made.point.pairs, made.point.pairs_bytes});
  points.push_back(made.point);
  if (track.counts.points == 0) track.first = made.point;
  track.last = made.point;
  ++track.counts.points;
}

Status BagCopy::write_gathered() {
  Batch batch;
  for (auto& [name, track] : tracks_) {
    if (track.batch.points.empty()) continue;
    track.batch.fate.received = track.batch.points.size();
    batch.tracks.push_back(std::move(track.batch));
    track.batch = {};
    track.batch.name = name;
  }
  if (batch.tracks.empty()) return {};
  const Result<WriteReport> written = writer_->write(batch);
  rows_->clear();
  if (!written) return unmade(written.error(), made_path_, path_);
  return {};
}

Status BagCopy::add_order(const std::string& track, std::span<const OrderEntry> entries) {
  if (entries.empty()) return {};
  if (Status status = write_gathered(); !status) return status;
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  const auto bytes = (*txn)->get(file_->tables().tracks, track);
  if (!bytes) return tl::unexpected(bytes.error());
  ZBAG_CHECK(bytes->has_value());
  const Result<TrackRecord> record = TrackRecord::decode(track, **bytes);
  if (!record) return tl::unexpected(record.error());
  for (OrderEntry entry : entries) {
    entry.track = record->id;
    if (Status status =
            (*txn)->put(file_->tables().order, entry.encode_key(), entry.encode_value());
        !status)
      return status;
  }
  return (*txn)->commit();
}

BagCopy::Counts BagCopy::counts(const std::string& track) const {
  const auto it = tracks_.find(track);
  return it == tracks_.end() ? Counts{} : it->second.counts;
}

std::optional<PointHead> BagCopy::first(const std::string& track) const {
  const auto it = tracks_.find(track);
  if (it == tracks_.end() || it->second.counts.points == 0) return std::nullopt;
  return it->second.first;
}

std::optional<PointHead> BagCopy::last(const std::string& track) const {
  const auto it = tracks_.find(track);
  if (it == tracks_.end() || it->second.counts.points == 0) return std::nullopt;
  return it->second.last;
}

BagCopy::Counts BagCopy::counts() const {
  Counts sum;
  for (const auto& [name, track] : tracks_) {
    sum.points += track.counts.points;
    sum.kept_apart += track.counts.kept_apart;
    sum.duplicates += track.counts.duplicates;
    sum.merged += track.counts.merged;
    sum.overwritten += track.counts.overwritten;
  }
  return sum;
}

Status BagCopy::finish(const BagSummary& records, BagFile* source) {
  if (Status status = write_gathered(); !status) return status;
  Batch empty;  // gives tracks without points a record, too
  for (const TrackRecord& record : records.tracks) {
    if (counts(record.name).points > 0) continue;
    empty.tracks.emplace_back().name = record.name;
  }
  if (const Result<WriteReport> written = writer_->write(empty); !written)
    return unmade(written.error(), made_path_, path_);
  if (Status status = writer_->close(); !status) return unmade(status.error(), made_path_, path_);
  if (Status status = put_records(records); !status) return status;
  if (source != nullptr) {
    if (Status status = copy_attachments(*source); !status) return status;
  }
  writer_.reset();
  // Every commit leaves pages behind that are free: of a small bag they are a good part.
  constexpr std::uint64_t kSqueezedMax = 64u << 20;
  if (file_->size_bytes() <= kSqueezedMax) {
    if (Status status = squeeze(); !status) return status;
  }
  file_.reset();
  ::unlink(lock_file_of(made_path_).c_str());  // of what was there before it was squeezed
  return sync_file(made_path_);
}

Status BagCopy::squeeze() {
  const std::string squeezed = making_name(made_path_);
  ::unlink(squeezed.c_str());  // of a process that had our number and was killed
  Status status = write_anew(*file_, squeezed);
  // Where there is no room for two the first one does.
  const bool has_room = status || status.error().code != ErrorCode::kDiskFull;
  if (status && ::rename(squeezed.c_str(), made_path_.c_str()) != 0)
    status = tl::unexpected(os_error(made_path_));
  if (!status) ::unlink(squeezed.c_str());
  return has_room ? status : Status();
}

Status BagCopy::put_records(const BagSummary& records) {
  constexpr std::size_t kRecordsRoom = 256u << 20;  // far more than records ever take
  Env& env = file_->env();
  if (Status room = env.make_room(kRecordsRoom); !room) return room;
  Result<std::unique_ptr<WriteTxn>> txn = env.write();
  if (!txn) return tl::unexpected(txn.error());
  const BagTables& tables = file_->tables();
  Status status = put_tracks(**txn, records);
  if (status && !records.runs.empty()) status = (*txn)->erase(tables.meta, run_key(1));
  for (const RunRecord& run : records.runs) {
    if (status) status = (*txn)->put(tables.meta, run_key(run.id), run.encode());
  }
  for (const LossRecord& loss : records.losses) {
    if (status) status = (*txn)->put(tables.losses, encode_loss_key(loss), encode_loss(loss));
  }
  if (status && records.unnamed.received > 0) {
    status = (*txn)->put(tables.meta, kUnnamedFateKey, encode_unnamed_fate(records.unnamed));
  }
  if (status && records.bag.created > 0.0) {
    const BagRecord bag{kBagFormat, fmt::format("zbag {}", kZbagVersion), records.bag.created};
    status = (*txn)->put(tables.meta, kBagKey, bag.encode());
  }
  if (status) status = (*txn)->commit();
  return status;
}

Status BagCopy::put_tracks(WriteTxn& txn, const BagSummary& records) {
  const auto store = [&](const std::string& name, const TrackRecord* known) -> Status {
    const auto bytes = txn.get(file_->tables().tracks, name);
    if (!bytes) return tl::unexpected(bytes.error());
    ZBAG_CHECK(bytes->has_value());
    Result<TrackRecord> record = TrackRecord::decode(name, **bytes);
    if (!record) return tl::unexpected(record.error());
    const Counts made = counts(name);
    if (known != nullptr) {
      record->created = known->created;
      record->lost = known->lost;
      record->missed_before = known->missed_before;
      record->fate = known->fate;
      if (known->bytes > 0) record->bytes = known->bytes;
      for (const auto& [field, types] : known->fields)
        record->fields[field].insert(types.begin(), types.end());
    }
    Fate& fate = record->fate;
    fate.points = record->total();
    fate.kept_apart += made.kept_apart;
    fate.merged += made.merged;
    fate.skipped[static_cast<std::size_t>(Skip::kDuplicate)] += made.duplicates;
    fate.overwritten += made.overwritten;
    fate.received =
        fate.points + fate.merged + fate.dropped + fate.refused_total() + fate.skipped_total();
    return txn.put(file_->tables().tracks, name, record->encode());
  };
  std::map<std::string_view, const TrackRecord*> all;
  for (const auto& [name, track] : tracks_) all.emplace(name, nullptr);
  for (const TrackRecord& record : records.tracks) all[record.name] = &record;
  for (const auto& [name, known] : all) {
    if (Status status = store(std::string(name), known); !status) return status;
  }
  return {};
}

Status BagCopy::copy_attachments(BagFile& source) {
  Result<std::unique_ptr<ReadTxn>> from = source.read();
  if (!from) return tl::unexpected(from.error());
  Result<TableCursor> cursor = TableCursor::open(**from, source.tables().attachments);
  if (!cursor) return tl::unexpected(cursor.error());
  auto item = cursor->first();
  for (; item && *item; item = cursor->next()) {
    const auto& [name, value] = **item;
    Status sound = verify_record(kAttachmentsTable, name, value);
    if (!sound) left_out_.push_back(std::move(sound.error().message));
    if (!sound) continue;
    if (Status status = add_attachment(name, value); !status) return status;
  }
  if (!item) return tl::unexpected(item.error());
  return {};
}

Status BagCopy::add_attachment(std::string_view name, std::string_view value) {
  Env& env = file_->env();
  if (Status room = env.make_room(value.size() + (16u << 20)); !room) return room;
  Result<std::unique_ptr<WriteTxn>> txn = env.write();
  if (!txn) return tl::unexpected(txn.error());
  Status status = (*txn)->put(file_->tables().attachments, name, value);
  if (status) status = (*txn)->commit();
  return status;
}

Status BagCopy::publish() {
  const auto give_name = [&]() -> Status {
    if (::link(made_path_.c_str(), path_.c_str()) != 0) return tl::unexpected(os_error(path_));
    return {};
  };
  if (Status named = name_bag(made_path_, path_, give_name); !named) return named;
  ::unlink(made_path_.c_str());
  is_named_ = true;
  return sync_name(path_);
}

Status BagCopy::replace(const BagFile& old_bag) {
  Status replaced = replace_bag(old_bag, made_path_, path_);
  is_named_ = is_named_ || replaced;
  return replaced;
}

}  // namespace zbag
