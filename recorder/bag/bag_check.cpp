#include "recorder/bag/bag_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/bag_reader.hpp"
#include "recorder/bag/block.hpp"
#include "recorder/bag/page_walk.hpp"
#include "schemas/frame_scan.hpp"

namespace zbag {
namespace {

void add(CheckReport& report, BagProblem problem) {
  if (report.problems.size() < kProblemsMax) report.problems.push_back(std::move(problem));
}

// What the blocks of one track add up to.
struct TrackSums {
  std::uint64_t main_points = 0;
  std::uint64_t late_points = 0;
  std::uint64_t unreadable = 0;
};

void check_block(const BlockKey& key, std::string_view value, const std::string& track,
                 TrackSums& sums, CheckReport& report) {
  ++report.blocks;
  const Result<Block> block = Block::open(value);
  if (!block) {
    const Result<BlockHeader> header = Block::read_header(value);
    const std::uint64_t points = header ? header->count : 0;
    sums.unreadable += points;
    add(report,
        {block.error().message, track, key.first, header ? header->last : key.first, points});
    return;
  }
  const BlockHeader& header = block->header();
  const BagProblem place{"", track, header.first, header.last, header.count};
  const auto complain = [&](std::string what, std::uint64_t points) {
    BagProblem problem = place;
    problem.what = std::move(what);
    problem.points = points;
    add(report, std::move(problem));
  };
  if (header.track != key.track || header.first != key.first || header.is_late() != key.is_late()) {
    complain("block stored under another key", header.count);
    return;
  }
  report.points += header.count;
  if (!header.is_late() && sums.unreadable == 0 && header.first_ordinal != sums.main_points) {
    complain(fmt::format("block counts on from {} where {} points lie before it",
                         header.first_ordinal, sums.main_points),
             0);
  }
  (header.is_late() ? sums.late_points : sums.main_points) += header.count;
  for (const StoredPoint& point : block->points()) {
    const ScanOutcome scan = scan_frame(point.map);
    if (!scan.refusal) continue;
    BagProblem problem{
        fmt::format("a point's fields are malformed ({})", refusal_name(*scan.refusal)), track,
        point.key, point.key, 1};
    add(report, std::move(problem));
  }
}

void check_track(const TrackRecord& track, const TrackSums& sums, CheckReport& report) {
  const bool counts_fit = sums.unreadable > 0 || (sums.main_points == track.main_points &&
                                                  sums.late_points == track.late_points);
  if (!counts_fit) {
    add(report,
        {fmt::format("{} + {} points are stored where {} + {} were counted", sums.main_points,
                     sums.late_points, track.main_points, track.late_points),
         track.name,
         {},
         {},
         0});
  }
  if (!track.fate.balances()) {
    add(report, {"the fate of its frames does not add up", track.name, {}, {}, 0});
  }
}

// Says which points are behind pages that cannot be read: walks past the damage and looks between
// which blocks it lies. Never through LMDB.
class DamageSurvey {
 public:
  DamageSurvey(const PageFile& pages, const MetaPages& meta, CheckReport& report)
      : pages_(pages), meta_(meta), report_(report) {}

  void run() {
    PageWalk::Visitor names;
    names.value = [this](std::string_view table, std::string_view key, std::string_view value) {
      if (table != kTracksTable) return;
      Result<TrackRecord> track = TrackRecord::decode(key, value);
      if (track) tracks_[track->id] = std::move(*track);
    };
    names.damage = [](std::string_view, const Error&) {};
    walk(names);
    PageWalk::Visitor blocks;
    blocks.value = [this](std::string_view table, std::string_view key, std::string_view value) {
      const auto at = table == kBlocksTable ? BlockKey::decode(key) : std::nullopt;
      if (at) take_block(*at, value);
    };
    blocks.damage = [this](std::string_view table, const Error& error) {
      if (table == kBlocksTable) is_hole_open_ = true;
      add(report_, {error.message, {}, {}, {}, 0});
    };
    walk(blocks);
    if (is_hole_open_) close_hole(std::nullopt, 0);
    report_.tracks = tracks_.size();
    for (const auto& [id, track] : tracks_) check_track(track, sums_[id], report_);
  }

 private:
  void walk(const PageWalk::Visitor& visitor) const {
    PageWalk walk(pages_, meta_.last_page + 1);
    static_cast<void>(walk.run(meta_.main_root, visitor));
  }
  std::string name_of(std::uint32_t id) const {
    const auto track = tracks_.find(id);
    return track == tracks_.end() ? fmt::format("track {}", id) : track->second.name;
  }
  void take_block(const BlockKey& key, std::string_view value) {
    const Result<BlockHeader> header = Block::read_header(value);
    TrackSums& sums = sums_[key.track];
    if (is_hole_open_) {
      std::uint64_t points = 0;
      if (header && !header->is_late() && header->first_ordinal > sums.main_points) {
        points = header->first_ordinal - sums.main_points;
        sums.main_points = header->first_ordinal;
      }
      close_hole(key, points);
    }
    is_hole_open_ = false;
    check_block(key, value, name_of(key.track), sums, report_);
    before_ = {key.track, header ? header->last : key.first};
  }
  // Blocks are missing between the last one met and `after`, with `points` of its track.
  void close_hole(const std::optional<BlockKey>& after, std::uint64_t points) {
    for (const auto& [id, track] : tracks_) {
      const bool is_behind = !before_ || id >= before_->first;
      if (!is_behind || (after && id > after->track) || !track.first) continue;
      const bool is_before = before_ && id == before_->first;
      const bool is_after = after && id == after->track;
      // A track that only ends before the hole may be whole: its counters tell below.
      if (is_before && !is_after && sums_[id].main_points == track.main_points &&
          sums_[id].late_points == track.late_points)
        continue;
      const std::uint64_t missing =
          is_after ? points
                   : track.main_points - std::min(track.main_points, sums_[id].main_points);
      if (is_after && points == 0 && !is_before) continue;
      if (!is_after) sums_[id].main_points += missing;
      add(report_,
          {"blocks cannot be reached", track.name, is_before ? before_->second : *track.first,
           is_after ? std::optional(after->first) : track.last, missing});
    }
  }

  const PageFile& pages_;
  const MetaPages& meta_;
  CheckReport& report_;
  std::map<std::uint32_t, TrackRecord> tracks_;
  std::map<std::uint32_t, TrackSums> sums_;
  std::optional<std::pair<std::uint32_t, std::int64_t>> before_;  // track and last key
  bool is_hole_open_ = false;
};

Status survey_damage(const std::string& path, CheckReport& report) {
  const Result<MetaPages> meta = read_meta_pages(path);
  if (!meta) return tl::unexpected(meta.error());
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const PageFile pages(file->bytes(), meta->page_bytes);
  DamageSurvey(pages, *meta, report).run();
  return {};
}

}  // namespace

Result<std::uint64_t> check_pages(const std::string& path) {
  const Result<MetaPages> meta = read_meta_pages(path);
  if (!meta) return tl::unexpected(meta.error());
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const PageFile pages(file->bytes(), meta->page_bytes);
  if (meta->last_page >= pages.count())
    return fail(ErrorCode::kDamaged, fmt::format("{}: truncated", path));
  PageWalk walk(pages, meta->last_page + 1);
  if (Status status = walk.run(meta->main_root, {}); !status) return fail(status.error(), path);
  return walk.pages();
}

Result<CheckReport> check_bag(const std::string& path, const Progress& progress) {
  Result<std::uint64_t> pages = check_pages(path);
  // Pages of a bag that is being recorded get other uses while they are walked: damage stays.
  constexpr int kTries = 5;
  for (int i = 1; i < kTries && !pages && is_being_written(path); ++i) pages = check_pages(path);
  CheckReport report;
  if (!pages) {
    if (pages.error().code != ErrorCode::kDamaged || !read_meta_pages(path))
      return tl::unexpected(pages.error());
    if (Status status = survey_damage(path, report); !status) return tl::unexpected(status.error());
    if (report.problems.empty()) add(report, {pages.error().message, {}, {}, {}, 0});
    return report;
  }
  report.pages = *pages;
  Result<BagReader> reader = BagReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  const Result<BagSummary> summary = reader->summary();
  if (!summary) return tl::unexpected(summary.error());
  report.tracks = summary->tracks.size();
  report.unclosed = !summary->runs.empty() && !summary->runs.back().closed;
  std::map<std::uint32_t, const TrackRecord*> by_id;
  for (const TrackRecord& track : summary->tracks) by_id[track.id] = &track;

  // One transaction for the whole walk: what is checked is one state of the bag.
  Result<std::unique_ptr<ReadTxn>> txn = reader->file()->env().read();
  if (!txn) return tl::unexpected(txn.error());
  const Table blocks = reader->file()->tables().blocks;
  const auto total = static_cast<double>((*txn)->entries(blocks));
  Result<TableCursor> cursor = TableCursor::open(**txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  std::map<std::uint32_t, TrackSums> sums;
  auto item = cursor->first();
  for (; item && *item; item = cursor->next()) {
    const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
    const auto track = key ? by_id.find(key->track) : by_id.end();
    if (track == by_id.end()) {
      add(report, {"a block of no known track", {}, {}, {}, 0});
      continue;
    }
    check_block(*key, (*item)->value, track->second->name, sums[key->track], report);
    if (progress && report.blocks % 16 == 0 &&
        !progress(static_cast<double>(report.blocks) / total))
      return fail(ErrorCode::kClosed, fmt::format("{}: stopped", path));
  }
  if (!item) return tl::unexpected(item.error());
  // A bag being written goes on between the summary and this transaction: counts fit only at rest.
  // The record of a writer that was killed stays; its lock does not.
  if (!summary->writer || !reader->file()->is_being_written()) {
    for (const auto& [id, track] : by_id) check_track(*track, sums[id], report);
  }
  return report;
}

}  // namespace zbag
