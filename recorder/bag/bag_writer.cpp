#include "recorder/bag/bag_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <unordered_set>

#include "schemas/check.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMapStepMin = 64u << 20;

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// What a file on the disk of `path` may still take; nullopt when nobody can tell.
std::optional<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

std::size_t batch_bytes(const Batch& batch) {
  std::size_t bytes = 0;
  for (const TrackBatch& track : batch.tracks) {
    for (const RowPoint& point : track.points) bytes += point.pairs_bytes + sizeof(RowPoint);
  }
  return bytes;
}

// A stored point as something to encode again. Rows of strangers' bags are validated here: what
// merges walks them without looking back.
std::optional<RowPoint> to_row(const StoredPoint& point) {
  const ScanOutcome scan = scan_frame(point.map);
  if (scan.refusal && *scan.refusal != Refusal::kBadTimestamp) return std::nullopt;
  const std::optional<MapBytes> map = open_map(point.map);
  if (!map) return std::nullopt;
  return RowPoint{.key = point.key,
                  .seconds = point.seconds,
                  .wall_ns = point.wall_ns,
                  .mono_ns = point.mono_ns,
                  .src = point.src,
                  .seq = point.seq,
                  .index = point.index,
                  .shape = 0,
                  .pairs = map->pairs.data(),
                  .pairs_bytes = static_cast<std::uint32_t>(map->pairs.size()),
                  .fields = map->count,
                  .has_src = point.has_src,
                  .has_seq = point.has_seq};
}

}  // namespace

// What the writer keeps of a track between writes: its record, and the open tail, the points since
// the last full block. The tail's points are on disk as small segment blocks; once they fill a
// block, one full block replaces the segments, from memory.
struct BagWriter::TrackState {
  TrackRecord record;
  BlockEncoder tail;
  std::deque<std::string> arenas;  // where the tail's rows live
  std::vector<BlockKey> segments;  // what is on disk of the tail
  std::uint64_t tail_ordinal = 0;  // main points before the tail
  std::size_t block_bytes = 0;
  std::unordered_set<std::uint64_t> shapes;
  std::uint64_t last_shape = 0;
  std::uint64_t lost_before_run = 0;
  std::uint64_t missed_before_run = 0;

  void clear_tail() {
    tail.clear();
    arenas.clear();
    segments.clear();
    tail_ordinal = record.main_points;
  }
};

// The stretch of a track from one main block to the next, with the late blocks that lie in it.
struct BagWriter::Gap {
  struct Stored {
    BlockKey key;
    std::string bytes;  // a copy: pages move while the transaction writes
    Block block;
    BlockHeader header() const { return block.header(); }
  };
  std::optional<Stored> main;
  std::vector<Stored> late;
  std::optional<std::int64_t> limit;  // the first key of the next main block
};

BagWriter::BagWriter(std::shared_ptr<BagFile> file, Options options)
    : file_(std::move(file)), options_(std::move(options)) {}
BagWriter::BagWriter(BagWriter&&) noexcept = default;
BagWriter& BagWriter::operator=(BagWriter&&) noexcept = default;
BagWriter::~BagWriter() = default;

Result<BagWriter> BagWriter::open(const std::string& path, Options options) {
  const auto too_full = [&] {
    return fail(
        ErrorCode::kDiskFull,
        fmt::format(
            "{}: the disk has less than the {} MB --min-free and the buffer ask for; free some, or "
            "lower --min-free or --buffer-mb",
            path, (options.min_free_bytes + options.reserve_bytes) / 1'000'000));
  };
  if (::access(path.c_str(), F_OK) != 0) {
    // Looked at before the bag is made, so that a full disk leaves none behind.
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    if (const auto free = free_bytes(folder);
        free && *free < options.min_free_bytes + options.reserve_bytes)
      return too_full();
    Status created = BagFile::create(path, options.map_bytes);
    if (!created && created.error().code != ErrorCode::kExists)
      return tl::unexpected(created.error());
  }
  Result<std::shared_ptr<BagFile>> file = BagFile::open_to_write(path, options.map_bytes);
  if (!file) return tl::unexpected(file.error());
  BagWriter writer(std::move(*file), options);
  writer.reserved_to_ = writer.file_->size_bytes();
  if (!writer.reserve_ahead()) return too_full();
  if (Status begun = writer.begin_run(); !begun) return tl::unexpected(begun.error());
  return writer;
}

Status BagWriter::begin_run() {
  file_->env().clear_dead_readers();
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  const BagTables& tables = file_->tables();
  std::uint32_t runs = 0;
  {
    Result<TableCursor> cursor = TableCursor::open(**txn, tables.meta);
    if (!cursor) return tl::unexpected(cursor.error());
    auto item = cursor->seek(kRunPrefix);
    while (item && *item && (*item)->key.starts_with(kRunPrefix)) {
      ++runs;
      item = cursor->next();
    }
    Result<TableCursor> names = TableCursor::open(**txn, tables.tracks);
    if (!names) return tl::unexpected(names.error());
    for (auto track = names->first(); track && *track; track = names->next()) {
      const Result<TrackRecord> record = TrackRecord::decode((*track)->key, (*track)->value);
      if (!record) return tl::unexpected(record.error());
      next_track_ = std::max(next_track_, record->id + 1);
    }
  }
  const auto unnamed = (*txn)->get(tables.meta, kUnnamedFateKey);
  if (unnamed && *unnamed) {
    const auto bytes = **unnamed;
    const Result<Fields> fields =
        decode_fields({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    if (fields) unnamed_ = fate_of(*fields);
  }
  run_ = {.id = runs + 1,
          .start = now_seconds(),
          .end = {},
          .closed = false,
          .host = host_name(),
          .version = kZbagVersion,
          .config = options_.config,
          .metadata = options_.metadata};
  const WriterRecord writer{static_cast<std::uint64_t>(::getpid()), host_name(), options_.node,
                            run_.start};
  Status status = (*txn)->put(tables.meta, run_key(run_.id), run_.encode());
  if (status) status = (*txn)->put(tables.meta, kWriterKey, writer.encode());
  if (status) status = (*txn)->commit();
  return status;
}

// Sets disk aside ahead of what is written. False when the disk has less than is asked for.
bool BagWriter::reserve_ahead() {
  if (const auto free = free_bytes(file_->path())) {
    const std::uint64_t used = file_->size_bytes();
    const std::uint64_t ahead = reserved_to_ > used ? reserved_to_ - used : 0;
    if (*free + ahead < options_.min_free_bytes + options_.reserve_bytes) return false;
  }
  if (options_.reserve_bytes == 0) return true;
  const std::uint64_t used = file_->size_bytes();
  if (reserved_to_ >= used + options_.reserve_bytes) return true;
  // Twice as far as needed, so that this is rare.
  const std::uint64_t target = used + 2 * options_.reserve_bytes;
  for (const std::uint64_t limit : {target, used + options_.reserve_bytes}) {
    const int rc = ::fallocate(file_->fd(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(used),
                               static_cast<off_t>(limit - used));
    if (rc == 0 || errno == EOPNOTSUPP) {
      reserved_to_ = limit;
      return true;
    }
  }
  return false;
}

Status BagWriter::prepare_space(std::size_t bytes) {
  Env& env = file_->env();
  // A point is written once as a segment and once in its full block; pages round both up.
  const std::size_t needed = env.used_bytes() + 4 * bytes + (8u << 20);
  if (needed < env.map_bytes()) return {};
  return env.grow(std::max({needed, env.map_bytes() * 2, kMapStepMin}));
}

Result<BagWriter::TrackState*> BagWriter::state_of(const std::string& name) {
  const auto it = tracks_.find(name);
  if (it != tracks_.end()) return it->second.get();
  auto state = std::make_unique<TrackState>();
  Result<std::unique_ptr<ReadTxn>> txn = file_->env().read();
  if (!txn) return tl::unexpected(txn.error());
  const auto stored = (*txn)->get(file_->tables().tracks, name);
  if (!stored) return tl::unexpected(stored.error());
  if (*stored) {
    Result<TrackRecord> record = TrackRecord::decode(name, **stored);
    if (!record) return tl::unexpected(record.error());
    state->record = std::move(*record);
  } else {
    state->record.name = name;
    state->record.id = next_track_++;
    state->record.created = now_seconds();
  }
  state->tail_ordinal = state->record.main_points;
  state->lost_before_run = state->record.lost.value_or(0);
  state->missed_before_run = state->record.missed_before;
  state->block_bytes = options_.block_pages * kPageBytes - 16;
  return tracks_.emplace(name, std::move(state)).first->second.get();
}

Result<WriteReport> BagWriter::write(const Batch& batch) {
  if (closed_) return fail(ErrorCode::kClosed, "the bag is closed");
  if (Status space = prepare_space(batch_bytes(batch)); !space)
    return tl::unexpected(space.error());
  // States are looked up first: loading one reads, and a thread has one transaction at a time.
  for (const TrackBatch& track : batch.tracks) {
    if (Result<TrackState*> state = state_of(track.name); !state)
      return tl::unexpected(state.error());
  }
  WriteReport report;
  const std::uint64_t bytes_before = block_bytes_;
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  Status status = store_batch(**txn, batch, report);
  if (status) status = (*txn)->commit();
  if (!status) {
    // What the states say is not on disk: they are loaded again from what is.
    txn->reset();
    tracks_.clear();
    block_bytes_ = bytes_before;
    return fail(status.error(), file_->path());
  }
  unnamed_ += batch.unnamed;
  report.block_bytes = block_bytes_ - bytes_before;
  report.disk_low = !reserve_ahead();
  return report;
}

Status BagWriter::store_batch(WriteTxn& txn, const Batch& batch, WriteReport& report) {
  const BagTables& tables = file_->tables();
  for (const TrackBatch& track : batch.tracks) {
    TrackState& state = *tracks_.at(track.name);
    TrackReport made;
    if (Status status = write_track(txn, state, track, made); !status) return status;
    TrackRecord& record = state.record;
    record.fate += made.fate;
    if (track.lost) {
      record.lost = state.lost_before_run + *track.lost;
    }
    record.missed_before = state.missed_before_run + track.missed_before;
    if (Status status = txn.put(tables.tracks, track.name, record.encode()); !status) return status;
    report.tracks.push_back(made);
  }
  for (LossRecord loss : batch.losses) {
    loss.run_start_ns = static_cast<std::int64_t>(run_.start * 1e9);
    if (Status status = txn.put(tables.losses, loss.encode_key(), loss.encode_value()); !status)
      return status;
  }
  if (batch.unnamed.received > 0) {
    Fate unnamed = unnamed_;
    unnamed += batch.unnamed;
    std::string bytes;
    encode_fields(fate_fields(unnamed), bytes);
    if (Status status = txn.put(tables.meta, kUnnamedFateKey, bytes); !status) return status;
  }
  return {};
}

// Notes names and types of fields, and the extent of the track.
void BagWriter::note_points(TrackState& state, std::span<const RowPoint> points) {
  TrackRecord& record = state.record;
  for (const RowPoint& point : points) {
    record.bytes += point.pairs_bytes + 1;
    if (!record.first || point.key < *record.first) record.first = point.key;
    if (!record.last || point.key > *record.last) record.last = point.key;
    if (point.shape != 0 && (point.shape == state.last_shape || state.shapes.contains(point.shape)))
      continue;
    state.last_shape = point.shape;
    constexpr std::size_t kShapesMax = 1024;
    if (point.shape != 0 && state.shapes.size() < kShapesMax) state.shapes.insert(point.shape);
    PairWalk walk({point.pairs, point.pairs_bytes}, point.fields);
    while (const std::optional<PairBytes> pair = walk.next()) {
      const std::string name(pair->name);
      if (!record.fields.contains(name) && record.fields.size() >= kTrackFieldsMax) continue;
      record.fields[name].insert(type_text(pair->value));
    }
  }
}

Status BagWriter::write_track(WriteTxn& txn, TrackState& state, const TrackBatch& batch,
                              TrackReport& report) {
  report.fate = batch.fate;
  report.first_index = state.record.total();
  std::span<const RowPoint> points(batch.points);
  const std::optional<std::int64_t> end = state.record.main_end;
  if (end && !points.empty() && points.front().key <= *end) {
    // An equal key belongs to the stored point; under append it is simply the next one, unless a
    // late point may have that key: readers take main points before late ones.
    const bool equal_is_late = options_.merge != MergeMode::kAppend || state.record.late_points > 0;
    const auto first_main = std::find_if(points.begin(), points.end(), [&](const RowPoint& point) {
      return point.key > *end || (point.key == *end && !equal_is_late);
    });
    const auto late = points.first(static_cast<std::size_t>(first_main - points.begin()));
    if (!late.empty()) {
      if (Status status = write_late(txn, state, late, report); !status) return status;
      points = points.subspan(late.size());
    }
  }
  if (!points.empty()) {
    if (Status status = append_main(txn, state, points); !status) return status;
    report.fate.points += points.size();
    report.new_points += points.size();
  }
  return {};
}

Status BagWriter::append_main(WriteTxn& txn, TrackState& state, std::span<const RowPoint> points) {
  if (points.front().pairs_bytes > 2048)
    state.block_bytes = 2 * options_.block_pages * kPageBytes - 16;
  note_points(state, points);
  std::size_t unwritten_from = state.tail.count();  // points of the tail before it are segments
  for (const RowPoint& point : points) {
    if (point.pairs_bytes + kLonePayloadOffset >= state.block_bytes / 2) {
      if (Status status = seal_tail(txn, state); !status) return status;
      unwritten_from = 0;
      if (Status status = append_lone(txn, state, point); !status) return status;
      continue;
    }
    if (state.tail.count() > 0 && state.tail.bytes_with(point) > state.block_bytes) {
      if (Status status = seal_tail(txn, state); !status) return status;
      unwritten_from = 0;
    }
    state.tail.add(point, false);
    ++state.record.main_points;
    state.record.main_end = point.key;
  }
  if (unwritten_from == state.tail.count()) return {};
  return write_segment(txn, state, unwritten_from);
}

// Stores the tail's points from `from` on as a small block of their own, until the tail is full.
Status BagWriter::write_segment(WriteTxn& txn, TrackState& state, std::size_t from) {
  const std::vector<RowPoint>& points = state.tail.points();
  scratch_.clear();
  for (std::size_t i = from; i < points.size(); ++i) scratch_.add(points[i], false);
  const BlockKey key{state.record.id, points[from].key, state.record.next_serial++};
  const std::uint64_t ordinal = state.tail_ordinal + from;
  const BlockHeader header{.track = state.record.id, .first_ordinal = ordinal};
  if (Status status = put_block(txn, key, header, scratch_); !status) return status;
  state.segments.push_back(key);
  state.tail.own_rows(from, state.arenas.emplace_back());
  return {};
}

Status BagWriter::seal_tail(WriteTxn& txn, TrackState& state) {
  if (state.tail.count() == 0) return {};
  if (state.segments.size() == 1 && state.tail.count() > 0) {
    // One segment that holds the whole tail is the full block already, unless more was added.
    const auto stored = txn.get(file_->tables().blocks, state.segments.front().encode());
    if (!stored) return tl::unexpected(stored.error());
    const Result<BlockHeader> header =
        *stored ? Block::read_header(**stored) : fail(ErrorCode::kDamaged, "segment gone");
    if (!header) return tl::unexpected(header.error());
    if (header->count == state.tail.count()) {
      state.clear_tail();
      return {};
    }
  }
  for (const BlockKey& segment : state.segments) {
    if (Status status = txn.erase(file_->tables().blocks, segment.encode()); !status) return status;
  }
  const BlockKey key{state.record.id, state.tail.points().front().key, state.record.next_serial++};
  const BlockHeader header{.track = state.record.id, .first_ordinal = state.tail_ordinal};
  if (Status status = put_block(txn, key, header, state.tail); !status) return status;
  state.clear_tail();
  return {};
}

// Encodes into LMDB's own page: the rows are copied once.
Status BagWriter::put_block(WriteTxn& txn, const BlockKey& key, const BlockHeader& header,
                            BlockEncoder& points) {
  const std::size_t size = points.prepare(header, options_.compression);
  const auto room = txn.reserve(file_->tables().blocks, key.encode(), size);
  if (!room) return tl::unexpected(room.error());
  points.write_to(*room);
  block_bytes_ += size;
  return {};
}

Status BagWriter::put_lone_block(WriteTxn& txn, const BlockKey& key, const BlockHeader& header,
                                 const RowPoint& point) {
  const std::size_t size = lone_block_bytes(point);
  const auto room = txn.reserve(file_->tables().blocks, key.encode(), size);
  if (!room) return tl::unexpected(room.error());
  write_lone_block(header, point, *room);
  block_bytes_ += size;
  return {};
}

Status BagWriter::append_lone(WriteTxn& txn, TrackState& state, const RowPoint& point) {
  const BlockKey key{state.record.id, point.key, state.record.next_serial++};
  const BlockHeader header{.track = state.record.id, .first_ordinal = state.record.main_points};
  if (Status status = put_lone_block(txn, key, header, point); !status) return status;
  ++state.record.main_points;
  state.record.main_end = point.key;
  state.tail_ordinal = state.record.main_points;
  return {};
}

Result<BagWriter::Gap> BagWriter::find_gap(WriteTxn& txn, std::uint32_t track, std::int64_t key) {
  Result<TableCursor> cursor = TableCursor::open(txn, file_->tables().blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  const auto mine =
      [&](const Result<std::optional<TableCursor::Item>>& item) -> std::optional<BlockKey> {
    if (!item || !*item) return std::nullopt;
    const std::optional<BlockKey> block = BlockKey::decode((*item)->key);
    return block && block->track == track ? block : std::nullopt;
  };
  // Back from the first block behind `key` to the main block that covers it.
  auto item = cursor->seek(BlockKey{track, key, UINT32_MAX}.encode());
  item = item && !*item ? cursor->last() : cursor->previous();
  std::optional<BlockKey> at = mine(item);
  while (at && at->is_late()) at = mine(item = cursor->previous());
  if (!item) return tl::unexpected(item.error());

  Gap gap;
  const BlockKey start = at ? *at : BlockKey{track, INT64_MIN, 0};
  item = cursor->seek(start.encode());
  for (at = mine(item); at; at = mine(item = cursor->next())) {
    const bool is_cover = !at->is_late() && at->first <= key;
    if (!at->is_late() && !is_cover) {
      gap.limit = at->first;
      break;
    }
    Gap::Stored stored{*at, std::string((*item)->value), {}};
    Result<Block> block = Block::open(stored.bytes);
    if (!block)
      return fail(block.error(), fmt::format("track {} block at {} ns", track, at->first));
    stored.block = std::move(*block);
    // Several main blocks may begin at or before the key (equal keys): the last one covers it.
    if (is_cover) {
      gap.main = std::move(stored);
      gap.late.clear();
    } else {
      gap.late.push_back(std::move(stored));
    }
  }
  if (!item) return tl::unexpected(item.error());
  return gap;
}

Status BagWriter::write_late(WriteTxn& txn, TrackState& state, std::span<const RowPoint> points,
                             TrackReport& report) {
  // Late points are placed between blocks on disk: a tail they fall into becomes one first.
  if (state.tail.count() > 0 && points.back().key >= state.tail.points().front().key) {
    if (Status status = seal_tail(txn, state); !status) return status;
  }
  while (!points.empty()) {
    Result<Gap> gap = find_gap(txn, state.record.id, points.front().key);
    if (!gap) return tl::unexpected(gap.error());
    const auto end = std::find_if(points.begin(), points.end(), [&](const RowPoint& point) {
      return gap->limit && point.key >= *gap->limit;
    });
    const auto group = points.first(static_cast<std::size_t>(end - points.begin()));
    ZBAG_CHECK(!group.empty());
    if (Status status = fill_gap(txn, state, *gap, group, report); !status) return status;
    points = points.subspan(group.size());
  }
  return {};
}

Status BagWriter::fill_gap(WriteTxn& txn, TrackState& state, Gap& gap,
                           std::span<const RowPoint> points, TrackReport& report) {
  std::vector<Gap::Stored*> blocks;
  if (gap.main) blocks.push_back(&*gap.main);
  for (Gap::Stored& late : gap.late) blocks.push_back(&late);
  std::vector<std::vector<RowPoint>> changed(
      blocks.size());  // rows of blocks that were merged into
  std::deque<std::string> merged_rows;
  std::vector<RowPoint> added;
  const bool looks_up =
      options_.merge != MergeMode::kAppend && options_.late_merge != LateMerge::kAppend;
  for (const RowPoint& point : points) {
    bool is_stored = false;
    for (std::size_t b = 0; looks_up && !is_stored && b < blocks.size(); ++b) {
      const std::vector<StoredPoint>& stored = blocks[b]->block.points();
      const auto it =
          std::lower_bound(stored.begin(), stored.end(), point.key,
                           [](const StoredPoint& p, std::int64_t key) { return p.key < key; });
      if (it == stored.end() || it->key != point.key) continue;
      is_stored = true;
      if (options_.late_merge == LateMerge::kReject) {
        ++report.fate.refused[static_cast<std::size_t>(Refusal::kLate)];
        continue;
      }
      if (changed[b].empty()) {
        for (const StoredPoint& old : stored) {
          const std::optional<RowPoint> row = to_row(old);
          if (!row)
            return fail(ErrorCode::kDamaged,
                        fmt::format("track {}: a stored row is malformed", state.record.name));
          changed[b].push_back(*row);
        }
      }
      RowPoint& target = changed[b][static_cast<std::size_t>(it - stored.begin())];
      std::string& row = merged_rows.emplace_back();
      target.fields = merge_pairs(target.map(), point.map(), options_.merge == MergeMode::kDeep,
                                  row, report.fate.overwritten);
      target.pairs = reinterpret_cast<const std::uint8_t*>(row.data());
      target.pairs_bytes = static_cast<std::uint32_t>(row.size());
      ++report.fate.merged;
      note_points(state, {&point, 1});
    }
    if (!is_stored) added.push_back(point);
  }
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    if (changed[b].empty()) continue;
    const BlockHeader old = blocks[b]->header();
    BlockHeader header{.flags = static_cast<std::uint8_t>(old.flags & ~kBlockLone),
                       .track = state.record.id,
                       .first_ordinal = old.first_ordinal};
    Status status;
    if ((old.flags & kBlockLone) != 0) {
      status = put_lone_block(txn, blocks[b]->key, header, changed[b].front());
    } else {
      scratch_.clear();
      for (const RowPoint& row : changed[b]) scratch_.add(row, (old.flags & kBlockIndexed) != 0);
      status = put_block(txn, blocks[b]->key, header, scratch_);
    }
    if (!status) return status;
    const auto written = txn.get(file_->tables().blocks, blocks[b]->key.encode());
    if (!written || !*written) return fail(ErrorCode::kDamaged, "a block just written is gone");
    blocks[b]->bytes.assign(**written);  // what put_late may add to
    Result<Block> reopened = Block::open(blocks[b]->bytes);
    if (!reopened) return tl::unexpected(reopened.error());
    blocks[b]->block = std::move(*reopened);
  }
  if (added.empty()) return {};
  note_points(state, added);
  for (RowPoint& point : added) {
    const OrderEntry entry{state.record.id, state.record.total(), point.key,
                           state.record.late_points};
    point.index = entry.index;
    if (Status status = txn.put(file_->tables().order, entry.encode_key(), entry.encode_value());
        !status)
      return status;
    ++state.record.late_points;
  }
  report.fate.points += added.size();
  report.new_points += added.size();
  return put_late(txn, state, gap, std::move(added));
}

// Stores new late points in the gap's last late block while there is room, else in further ones.
Status BagWriter::put_late(WriteTxn& txn, TrackState& state, Gap& gap,
                           std::vector<RowPoint> points) {
  constexpr std::uint8_t kFlags = kBlockLate | kBlockIndexed;
  std::optional<BlockKey> old;
  if (!gap.late.empty() && (gap.late.back().header().flags & kBlockLone) == 0 &&
      gap.late.back().header().raw_bytes < state.block_bytes / 2) {
    old = gap.late.back().key;
    for (const StoredPoint& stored : gap.late.back().block.points()) {
      const std::optional<RowPoint> row = to_row(stored);
      if (!row)
        return fail(ErrorCode::kDamaged,
                    fmt::format("track {}: a stored row is malformed", state.record.name));
      points.push_back(*row);
    }
    std::sort(points.begin(), points.end(), [](const RowPoint& a, const RowPoint& b) {
      return a.key != b.key ? a.key < b.key : a.index < b.index;
    });
    if (Status status = txn.erase(file_->tables().blocks, old->encode()); !status) return status;
  }
  scratch_.clear();
  const auto put_scratch = [&]() -> Status {
    if (scratch_.count() == 0) return {};
    const BlockKey key{state.record.id, scratch_.points().front().key,
                       kLateSerial | state.record.next_late_serial++};
    Status status = put_block(txn, key, {.flags = kFlags, .track = state.record.id}, scratch_);
    scratch_.clear();
    return status;
  };
  for (const RowPoint& point : points) {
    const bool is_large = point.pairs_bytes + kLonePayloadOffset >= state.block_bytes / 2;
    if (is_large || (scratch_.count() > 0 && scratch_.bytes_with(point) > state.block_bytes)) {
      if (Status status = put_scratch(); !status) return status;
    }
    if (!is_large) {
      scratch_.add(point, true);
      continue;
    }
    const BlockKey key{state.record.id, point.key, kLateSerial | state.record.next_late_serial++};
    const BlockHeader header{
        .flags = kBlockLate, .track = state.record.id, .first_ordinal = point.index};
    if (Status status = put_lone_block(txn, key, header, point); !status) return status;
  }
  return put_scratch();
}

Status BagWriter::close() {
  if (closed_) return {};
  closed_ = true;
  if (Status space = prepare_space(tracks_.size() * (options_.block_pages + 1) * kPageBytes);
      !space)
    return space;
  Result<std::unique_ptr<WriteTxn>> txn = file_->env().write();
  if (!txn) return tl::unexpected(txn.error());
  for (auto& [name, state] : tracks_) {
    if (state->segments.size() < 2) continue;
    Status status = seal_tail(**txn, *state);
    if (status) status = (*txn)->put(file_->tables().tracks, name, state->record.encode());
    if (!status) return status;
  }
  run_.end = now_seconds();
  run_.closed = true;
  Status status = (*txn)->put(file_->tables().meta, run_key(run_.id), run_.encode());
  if (status) status = (*txn)->erase(file_->tables().meta, kWriterKey);
  if (status) status = (*txn)->commit();
  if (!status) return fail(status.error(), fmt::format("close {}", file_->path()));
  // Gives back what was set aside; a file that keeps it is merely larger.
  if (reserved_to_ > file_->size_bytes()) {
    static_cast<void>(::ftruncate(file_->fd(), static_cast<off_t>(file_->size_bytes())) == 0);
  }
  return {};
}

}  // namespace zbag
