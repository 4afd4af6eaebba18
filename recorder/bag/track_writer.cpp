#include "recorder/bag/track_writer.hpp"

#include <algorithm>
#include <utility>

#include "schemas/frame_scan.hpp"

namespace zbag {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kMediumFrameBytes = 2048;  // from here on blocks are twice as large

// What fits `pages` overflow pages exactly: LMDB's page header takes 16 bytes.
std::size_t bytes_of_pages(std::size_t pages) { return pages * kPageBytes - 16; }

}  // namespace

TrackWriter::TrackWriter(TrackRecord record, std::size_t block_pages, EncodePool& pool)
    : record_(std::move(record)),
      block_pages_(block_pages),
      block_bytes_(bytes_of_pages(block_pages)),
      pool_(pool),
      tail_(pool.lend()),
      tail_ordinal_(record_.main_points) {}

TrackWriter::~TrackWriter() { pool_.give_back(std::move(tail_)); }

void TrackWriter::append(std::span<const RowPoint> points, BlockJobs& jobs) {
  if (points.empty()) return;
  if (points.front().pairs_bytes > kMediumFrameBytes)
    block_bytes_ = bytes_of_pages(2 * block_pages_);
  note(points);
  for (const RowPoint& point : points) {
    if (is_large(point)) {
      seal(jobs);
      append_lone(point, jobs);
      continue;
    }
    if (tail_->count() > 0 && tail_->bytes_with(point) > block_bytes_) seal(jobs);
    tail_->add(point, false);
    ++record_.main_points;
    record_.main_end = point.key;
  }
  if (written_ < tail_->count()) append_segment(jobs);
}

std::unique_ptr<BlockJob> TrackWriter::new_job(std::int64_t first, std::uint64_t ordinal) {
  auto job = std::make_unique<BlockJob>();
  job->key = {record_.id, first, record_.next_serial++};
  job->header = {.track = record_.id, .first_ordinal = ordinal};
  return job;
}

void TrackWriter::submit(std::unique_ptr<BlockJob> job, BlockJobs& jobs) {
  jobs.push_back(std::move(job));
  pool_.submit(*jobs.back());
}

void TrackWriter::append_lone(const RowPoint& point, BlockJobs& jobs) {
  std::unique_ptr<BlockJob> job = new_job(point.key, record_.main_points);
  job->lone = point;
  submit(std::move(job), jobs);
  ++record_.main_points;
  record_.main_end = point.key;
  begin_tail();
}

// The tail's points that are not on disk yet, as a small block of their own.
void TrackWriter::append_segment(BlockJobs& jobs) {
  const std::vector<RowPoint>& points = tail_->points();
  std::unique_ptr<BlockJob> job = new_job(points[written_].key, tail_ordinal_ + written_);
  job->points = pool_.lend();
  for (std::size_t i = written_; i < points.size(); ++i) job->points->add(points[i], false);
  segments_.push_back(job->key);
  submit(std::move(job), jobs);
  tail_->own_rows(written_, arenas_.emplace_back());
  written_ = points.size();
}

void TrackWriter::seal(BlockJobs& jobs) {
  if (tail_->count() == 0) return;
  if (segments_.size() == 1 && written_ == tail_->count()) {
    tail_->clear();  // the one segment is the full block already
    begin_tail();
    return;
  }
  std::unique_ptr<BlockJob> job = new_job(tail_->points().front().key, tail_ordinal_);
  job->points = std::exchange(tail_, pool_.lend());
  job->replaced = std::exchange(segments_, {});
  job->arenas = std::exchange(arenas_, {});
  submit(std::move(job), jobs);
  begin_tail();
}

void TrackWriter::begin_tail() {
  arenas_.clear();
  segments_.clear();
  written_ = 0;
  tail_ordinal_ = record_.main_points;
}

bool TrackWriter::tail_covers(std::int64_t key) const {
  return tail_->count() > 0 && key >= tail_->points().front().key;
}

void TrackWriter::note(std::span<const RowPoint> points) {
  for (const RowPoint& point : points) {
    record_.bytes += point.pairs_bytes + 1;
    record_.first = std::min(point.key, record_.first.value_or(point.key));
    record_.last = std::max(point.key, record_.last.value_or(point.key));
    const bool is_known =
        point.shape != 0 && (point.shape == last_shape_ || shapes_.contains(point.shape));
    if (is_known) continue;
    last_shape_ = point.shape;
    constexpr std::size_t kShapesMax = 1024;
    if (point.shape != 0 && shapes_.size() < kShapesMax) shapes_.insert(point.shape);
    PairWalk walk({point.pairs, point.pairs_bytes}, point.fields);
    while (const std::optional<PairBytes> pair = walk.next()) {
      const std::string name(pair->name);
      if (!record_.fields.contains(name) && record_.fields.size() >= kTrackFieldsMax) continue;
      record_.fields[name].insert(type_text(pair->value));
    }
  }
}

}  // namespace zbag
