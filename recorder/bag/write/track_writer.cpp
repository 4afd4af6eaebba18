#include "recorder/bag/write/track_writer.hpp"

#include <algorithm>
#include <utility>

#include "schemas/map_bytes.hpp"

namespace zbag {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMediumFrameBytes = 2048;  // from here on blocks are twice as large

// What fits `pages` overflow pages exactly: LMDB's page header takes 16 bytes.
std::size_t bytes_of_pages(std::size_t pages) { return pages * kPageBytes - 16; }
// How many `bytes` fill to the end.
std::size_t pages_of_bytes(std::size_t bytes) { return (bytes + 16) / kPageBytes; }

}  // namespace

TrackWriter::TrackWriter(TrackRecord record, std::size_t block_pages, EncodePool& pool)
    : record_(std::move(record)),
      block_pages_(block_pages),
      block_bytes_(bytes_of_pages(block_pages)),
      pool_(pool),
      tail_(pool),
      end_has_late_(record_.late_points > 0) {
  begin_tail();
}

void TrackWriter::append(std::span<const RowPoint> points, BlockJobs& jobs) {
  // So that a fold costs what the tail does, however many late points lie elsewhere.
  constexpr std::size_t kOthersMax = 4'096;
  if (others_.size() > kOthersMax) seal(jobs);
  while (!tail_.is_plain() && tail_.bytes_with({}) > block_bytes_) make_room(jobs);
  // Of larger frames a block holds few, and its header and its share of a page weigh more.
  if (!points.empty() && points.front().pairs_bytes > kMediumFrameBytes)
    block_bytes_ = bytes_of_pages(2 * block_pages_);
  note(points);
  for (std::size_t i = 0; i < points.size(); ++i) {
    RowPoint point = points[i];
    if (record_.main_end != point.key) end_has_late_ = false;
    if (is_large(point)) {
      seal(jobs);  // the main run is in order of key: what came before is stored before
      append_lone(point, jobs);
      continue;
    }
    part_twins(points, i, jobs);
    while (!tail_.empty() && !has_room_for(point)) make_room(jobs);
    has_twins_ = has_twins_ || point.key == record_.main_end;
    if (tail_.empty()) {
      first_index_ = record_.total();
      late_before_ = record_.late_points;
    }
    point.index = record_.total();
    tail_.add(point);
    ++record_.main_points;
    record_.main_end = point.key;
  }
  // What a fold has kept lies with what it made of the others: it goes on as a segment.
  if (is_folded_ && written_ == 0) spill(jobs);
}

bool TrackWriter::prefers_segment() const {
  constexpr std::size_t kShareOfBlock = 8;
  if (was_disordered_ || !tail_.is_plain()) return true;
  std::size_t bytes = 0;
  for (const RowPoint& point : new_points()) bytes += point.pairs_bytes;
  return bytes > block_bytes_ / kShareOfBlock;
}

void TrackWriter::note_journaled() {
  // The batch lends its rows for this write alone; the full block is made of them much later.
  tail_.own_rows(journaled_);
  journaled_ = tail_.main_count();
}

std::string TrackWriter::take_record(std::uint64_t journal) {
  record_is_due_ = false;
  const std::uint64_t in_blocks = tail_ordinal_ + written_;
  record_.in_blocks = in_blocks < record_.main_points ? std::optional(in_blocks) : std::nullopt;
  record_.journal = journal;
  return record_.encode();
}

// A full block also takes what repeats its last point: there it costs next to nothing, in the next
// block all its bytes. Cameras are recorded more often than they see.
bool TrackWriter::has_room_for(const RowPoint& point) {
  const std::size_t bytes = tail_.bytes_with(point);
  if (!is_measured_ && bytes > block_bytes_ / 5 * 3) measure_tail();
  if (bytes <= full_bytes_.value_or(block_bytes_)) return true;
  if (!pool_.compresses() || point.pairs_bytes <= kMediumFrameBytes || bytes > 2 * block_bytes_)
    return false;
  const RowPoint& last = tail_.back();
  return last.pairs_bytes == point.pairs_bytes &&
         std::equal(last.pairs, last.pairs + last.pairs_bytes, point.pairs);
}

// What compresses well leaves much of its last page empty. At three fifths of a block it is known
// well enough what all of it will measure to end the block where it fills its pages: that is worth
// compressing those twice where pages are few.
void TrackWriter::measure_tail() {
  constexpr std::size_t kPagesMax = 4;
  constexpr unsigned kUnmeasured = 127;  // blocks, behind one of more pages
  is_measured_ = true;
  if (!pool_.compresses() || !tail_.is_plain()) return;
  if (unmeasured_ > 0) {
    --unmeasured_;
    return;
  }
  const std::size_t bytes = tail_.bytes_with({});
  const std::size_t stored = tail_.measure({.track = record_.id});
  // A little more than it will be: names and first values are in it already.
  const std::size_t pages = pages_of_bytes(block_bytes_ * stored / bytes);
  if (pages > kPagesMax) unmeasured_ = kUnmeasured;
  if (pages == 0 || pages > kPagesMax) return;
  const std::size_t fits = bytes_of_pages(pages) / 64 * 63;  // beyond them it would cost a page
  if (fits > stored) full_bytes_ = bytes * fits / stored;
}

// Before points of one key: no folded block may have both, and no fold may move them.
void TrackWriter::part_twins(std::span<const RowPoint> points, std::size_t at, BlockJobs& jobs) {
  const std::int64_t key = points[at].key;
  const bool comes_again = at + 1 < points.size() && points[at + 1].key == key;
  const bool may_fold = !has_twins_ && (is_folded_ || !tail_.is_plain());
  if (may_fold && (comes_again || record_.main_end == key)) seal(jobs);
}

std::unique_ptr<BlockJob> TrackWriter::new_job(std::int64_t first, std::uint64_t ordinal) {
  auto job = std::make_unique<BlockJob>();
  job->key = {record_.id, first, record_.next_serial++};
  job->header = {.track = record_.id, .first_ordinal = ordinal};
  return job;
}

void TrackWriter::submit(std::unique_ptr<BlockJob> job, BlockJobs& jobs) {
  record_is_due_ = true;
  jobs.push_back(std::move(job));
  pool_.submit(*jobs.back());
}

void TrackWriter::append_lone(const RowPoint& point, BlockJobs& jobs) {
  std::unique_ptr<BlockJob> job = new_job(point.key, record_.main_points);
  job->lone = point;
  submit(std::move(job), jobs);
  ++record_.main_points;
  record_.main_end = point.key;
  end_.reset();
  begin_tail();
}

// The tail's points that have no block yet, as a small block of their own.
void TrackWriter::spill(BlockJobs& jobs) {
  if (written_ == tail_.main_count()) return;
  const std::vector<RowPoint>& points = tail_.main_points();
  std::unique_ptr<BlockJob> job = new_job(points[written_].key, tail_ordinal_ + written_);
  if (is_folded_ && written_ == 0) job->header.flags = kBlockFolded;
  job->points = pool_.lend();
  for (std::size_t i = written_; i < points.size(); ++i) job->points->add(points[i], false);
  // What is not new lies with the tail, which may be gone before a busy pool comes to this block.
  if (journaled_ > written_)
    job->points->own_rows(0, journaled_ - written_, job->arenas.emplace_back());
  segments_.push_back(job->key);
  submit(std::move(job), jobs);
  note_journaled();
  written_ = points.size();
}

// A fold keeps back as many points as late ones came before, so that those who come late next find
// their neighbours in the tail; a quarter at most, or blocks would hardly become full.
void TrackWriter::make_room(BlockJobs& jobs) {
  if (tail_.is_plain() || has_twins_) {
    seal(jobs);
  } else {
    fold(std::min(tail_.reach(), tail_.count() / 4), true, jobs);
  }
}

void TrackWriter::seal(BlockJobs& jobs) {
  if (tail_.empty()) return;
  if (!has_twins_ && !tail_.is_plain()) {
    fold(0, false, jobs);
    return;
  }
  keep_end();
  // Else the one segment is the full block already.
  if (segments_.size() != 1 || written_ < tail_.main_count()) {
    const std::size_t first_job = jobs.size();
    const std::uint8_t flags = is_folded_ ? kBlockFolded : 0;
    if (tail_.has_merged()) {
      put_rows(tail_.main_rows(), false, flags, jobs);
    } else {
      std::unique_ptr<BlockJob> job = new_job(tail_.main_points().front().key, tail_ordinal_);
      job->header.flags = flags;
      job->points = tail_.take_main();
      submit(std::move(job), jobs);
    }
    join_late(first_job, jobs);
    jobs[first_job]->replaced = std::exchange(segments_, {});
    jobs[first_job]->arenas = tail_.take_arenas();
  }
  begin_tail();
}

// The late points of a tail that is not folded, as few late blocks: none reaches over the beginning
// of a main block, the jobs from `first_main_job` on.
void TrackWriter::join_late(std::size_t first_main_job, BlockJobs& jobs) {
  std::vector<std::int64_t> borders;
  for (std::size_t i = first_main_job; i < jobs.size(); ++i) borders.push_back(jobs[i]->key.first);
  const auto part_of = [&](std::int64_t key) {
    return std::ranges::upper_bound(borders, key) - borders.begin();
  };
  const std::vector<RowPoint>& late = tail_.late_points();
  for (std::size_t at = 0; at < late.size();) {
    auto job = std::make_unique<BlockJob>();
    job->key = {record_.id, late[at].key, kLateSerial | record_.next_late_serial++};
    job->header = {.flags = kBlockLate | kBlockIndexed, .track = record_.id};
    job->points = pool_.lend();
    const auto part = part_of(late[at].key);
    do {
      job->points->add(late[at++], true);
    } while (at < late.size() && part_of(late[at].key) == part &&
             job->points->bytes_with(late[at]) <= block_bytes_);
    submit(std::move(job), jobs);
  }
}

// Makes full blocks of the tail, late points in their places. The last `keep` points stay in it
// and, with `keeps_rest`, those before them that do not fill half a block.
void TrackWriter::fold(std::size_t keep, bool keeps_rest, BlockJobs& jobs) {
  keep_end();
  const std::vector<Tail::Row> rows = tail_.rows();
  const std::size_t first_job = jobs.size();
  const std::size_t kept_from =
      put_rows(std::span(rows).first(rows.size() - keep), keeps_rest, kBlockFolded, jobs);
  const std::uint64_t late = tail_.late_points().size();
  BlockJob& job = *jobs[first_job];
  if (late > 0 || kept_from < rows.size()) job.order = order_of_fold(rows, kept_from);
  job.replaced = std::exchange(segments_, {});
  job.arenas = tail_.take_arenas();
  // In the record at once: it is stored in the transaction that stores the blocks.
  record_.main_points += late;
  record_.late_points -= late;
  const std::uint64_t ordinal = tail_ordinal_ + kept_from;
  begin_tail();
  sealed_end_ = rows[kept_from - 1].point.key;
  if (kept_from == rows.size()) return;
  // Their rows lie with the first job, or in the batch, until the segment that is made of them next
  // is stored: the tail takes copies then.
  for (std::size_t i = kept_from; i < rows.size(); ++i) tail_.add(rows[i].point);
  tail_ordinal_ = ordinal;
  is_folded_ = true;
  first_index_ = record_.total();
  late_before_ = record_.late_points;
}

// How many of the rows have gone into blocks; not none.
std::size_t TrackWriter::put_rows(std::span<const Tail::Row> rows, bool keeps_rest,
                                  std::uint8_t flags, BlockJobs& jobs) {
  std::size_t at = 0;
  while (at < rows.size()) {
    const std::size_t begin = at;
    std::unique_ptr<BlockEncoder> points = pool_.lend();
    do {
      points->add(rows[at++].point, false);
    } while (at < rows.size() && points->bytes_with(rows[at].point) <= block_bytes_);
    // A last block that is not half full waits for more, but never the only one: a fold must end.
    const bool is_rest =
        begin > 0 && at == rows.size() && points->bytes_with({}) < block_bytes_ / 2;
    if (keeps_rest && is_rest) {
      pool_.give_back(std::move(points));
      return begin;
    }
    std::unique_ptr<BlockJob> job = new_job(rows[begin].point.key, tail_ordinal_ + begin);
    job->header.flags = flags;
    job->points = std::move(points);
    submit(std::move(job), jobs);
  }
  return at;
}

std::vector<OrderChange> TrackWriter::order_of_fold(std::span<const Tail::Row> rows,
                                                    std::size_t kept_from) const {
  std::vector<FoldedPoint> points = others_;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& [point, is_late] = rows[i];
    points.push_back({point.index, point.key, tail_ordinal_ + i, is_late, i >= kept_from});
  }
  return order_after_fold(record_.id, std::move(points), first_index_, late_before_);
}

void TrackWriter::begin_tail() {
  was_disordered_ = !tail_.is_plain();
  tail_.clear();
  segments_.clear();
  others_.clear();
  large_late_.clear();
  written_ = journaled_ = 0;
  tail_ordinal_ = record_.main_points;
  sealed_end_ = record_.main_end;
  is_folded_ = false;
  has_twins_ = false;
  is_measured_ = false;
  full_bytes_.reset();
}

// Before the tail lets go of it. REQUIRES: the tail is not empty.
void TrackWriter::keep_end() {
  const RowPoint& last = tail_.back();
  end_row_.assign(reinterpret_cast<const char*>(last.pairs), last.pairs_bytes);
  end_ = last;
  end_->pairs = reinterpret_cast<const std::uint8_t*>(end_row_.data());
}

// The last key before the tail may be the tail's first, too: then the tail has the newer points.
bool TrackWriter::tail_covers(std::int64_t key) const {
  if (tail_.empty()) return false;
  return !sealed_end_ || key > *sealed_end_ || key >= tail_.main_points().front().key;
}

// Those that lie elsewhere have taken an index between those of the tail: a fold has to know which.
void TrackWriter::note_late(const RowPoint& point) {
  end_has_late_ = end_has_late_ || record_.main_end == point.key;
  const bool is_covered = tail_covers(point.key);
  if (is_covered && !is_large(point)) {
    has_twins_ = has_twins_ || tail_.holds(point.key) || large_late_.contains(point.key);
    tail_.add_late(point);
  } else if (!tail_.empty()) {
    others_.push_back({.index = point.index, .key = point.key, .ordinal = {}});
    if (is_covered) large_late_.insert(point.key);
  }
}

void TrackWriter::note_merged(const RowPoint& point, bool is_late, std::uint32_t bytes_before) {
  record_.bytes += point.pairs_bytes;
  record_.bytes -= bytes_before;
  note_fields(point);
  if (tail_covers(point.key)) {
    tail_.merge(point, is_late);
  } else if (record_.main_end == point.key) {
    end_.reset();
  }
}

std::size_t TrackWriter::order_bytes() const {
  constexpr std::size_t kEntryBytes = 64;  // with its share of the page
  return tail_.is_plain() ? 0 : 2 * kEntryBytes * (tail_.count() + others_.size());
}

void TrackWriter::note(std::span<const RowPoint> points) {
  for (const RowPoint& point : points) {
    record_.bytes += point.pairs_bytes + 1;
    record_.first = std::min(point.key, record_.first.value_or(point.key));
    record_.last = std::max(point.key, record_.last.value_or(point.key));
    note_fields(point);
  }
}

// Names and types are looked at once a shape: a track's frames mostly have one or two.
void TrackWriter::note_fields(const RowPoint& point) {
  const bool is_known =
      point.shape != 0 && (point.shape == last_shape_ || shapes_.contains(point.shape));
  if (is_known) return;
  last_shape_ = point.shape;
  constexpr std::size_t kShapesMax = 1024;
  if (point.shape != 0 && shapes_.size() < kShapesMax) shapes_.insert(point.shape);
  PairWalk walk({point.pairs, point.pairs_bytes}, point.fields);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const std::string name(pair->name);
    if (!record_.fields.contains(name) && record_.fields.size() >= kTrackFieldsMax) continue;
    const bool is_new = record_.fields[name].insert(type_text(pair->value)).second;
    record_is_due_ = record_is_due_ || is_new;
  }
}

}  // namespace zbag
