#include "recorder/bag/upkeep/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recorder/bag/bag_file.hpp"
#include "recorder/bag/block/block.hpp"
#include "recorder/bag/pages/meta_pages.hpp"
#include "recorder/bag/pages/page_walk.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kMetaDamage =
    "a meta page is damaged: this may be the bag as it was before its last change";

void add(CheckReport& report, BagProblem problem) {
  if (report.problems.size() < kProblemsMax) report.problems.push_back(std::move(problem));
}

// A block that cannot be read. Its header may be what is damaged, so what it says counts only where
// its neighbours agree.
struct Unreadable {
  BlockKey key;
  std::string what;
  std::optional<BlockHeader> header;
};

// What the blocks of one track add up to, up to the last readable block of its main run.
struct TrackSums {
  std::int64_t begin = INT64_MIN;  // no point lies before it
  std::uint64_t main_points = 0;
  std::optional<std::int64_t> main_last;  // the last key of those
  std::uint64_t late_points = 0;
  bool lost_late = false;              // how many is not known
  std::vector<Unreadable> unreadable;  // since then
  // Damage of pages: blocks since then may lie behind `hole`, late ones behind `late_hole`.
  std::string hole;
  std::string late_hole;

  // Where a point that is missing may begin, when a later one is at `last`.
  std::int64_t first_missing(std::int64_t last) const {
    return std::min(main_last ? *main_last + 1 : begin, last);
  }
};

// Reports the unreadable blocks before the main block that begins at `next` (nullopt: the track's
// last point is at `end`) and gives its first point `ordinal`: that says how many points
// they held.
void close_gap(TrackSums& sums, const std::string& track, std::optional<std::int64_t> next,
               std::int64_t end, std::uint64_t ordinal, CheckReport& report) {
  const std::uint64_t lost = ordinal > sums.main_points ? ordinal - sums.main_points : 0;
  std::uint64_t claimed = 0;
  std::vector<BagProblem> problems;
  // From the last one back, since each ends where the main block behind it begins.
  for (auto block = sums.unreadable.rbegin(); block != sums.unreadable.rend(); ++block) {
    // With --merge append the next block may begin with the key this one ends with.
    std::int64_t last = end;
    if (next) last = block->header && block->header->last == *next ? *next : *next - 1;
    const std::uint64_t points = block->header ? block->header->count : 0;
    problems.push_back(
        {block->what, track, block->key.first, std::max(last, block->key.first), points});
    if (block->key.is_late()) continue;
    claimed += points;
    next = block->key.first;
  }
  std::uint64_t unnamed = lost;  // where the headers do not agree, the first block stands for all
  for (std::size_t i = problems.size(); i-- > 0;) {
    const bool is_late = sums.unreadable[problems.size() - 1 - i].key.is_late();
    if (!is_late && claimed != lost) problems[i].points = std::exchange(unnamed, 0);
    add(report, std::move(problems[i]));
  }
  sums.unreadable.clear();
  sums.main_points = std::max(sums.main_points, ordinal);
}

// Reports that points of the main run, up to `last`, cannot be reached: that blocks are gone before
// the one of `ordinal`.
void note_missing(TrackSums& sums, const std::string& track, std::int64_t last,
                  std::uint64_t ordinal, CheckReport& report) {
  add(report, {sums.hole.empty() ? "a block is gone" : sums.hole, track, sums.first_missing(last),
               last, ordinal - sums.main_points});
  sums.main_points = ordinal;
}

void check_rows(const Block& block, const std::string& track, CheckReport& report) {
  for (const StoredPoint& point : block.points()) {
    const ScanOutcome scan = scan_frame(point.map);
    if (!scan.refusal) continue;
    BagProblem problem{
        fmt::format("a point's fields are malformed ({})", refusal_name(*scan.refusal)), track,
        point.key, point.key, 1};
    add(report, std::move(problem));
  }
}

void check_block(const BlockKey& key, std::string_view value, const std::string& track,
                 TrackSums& sums, CheckReport& report) {
  ++report.blocks;
  const Result<Block> block = Block::open(value);
  if (!block) {
    const Result<BlockHeader> header = read_block_header(value);
    // What it and those before it held is told together: here, where that can lie.
    if (!key.is_late() && !sums.hole.empty() && sums.first_missing(key.first) < key.first)
      add(report, {sums.hole, track, sums.first_missing(key.first), key.first - 1, 0});
    sums.lost_late = sums.lost_late || key.is_late();
    sums.unreadable.push_back(
        {key, block.error().message, header ? std::optional(*header) : std::nullopt});
    return;
  }
  const BlockHeader& header = block->header();
  const BagProblem place{{}, track, header.first, header.last, 0};
  const bool is_here = header.track == key.track;
  if (!is_here || header.first != key.first || header.is_late() != key.is_late()) {
    // Of a block of another track that one's ordinals tell what it lacks.
    BagProblem problem = is_here ? place : BagProblem{.track = track};
    problem.what = "block stored under another key";
    if (is_here) problem.points = header.count;
    add(report, std::move(problem));
    if (is_here && !key.is_late()) sums.main_points += header.count;
    return;
  }
  report.points += header.count;
  if (header.is_late()) {
    sums.late_points += header.count;
  } else {
    if (!sums.unreadable.empty()) {
      close_gap(sums, track, header.first, header.last, header.first_ordinal, report);
    } else if (header.first_ordinal > sums.main_points) {
      note_missing(sums, track, header.first - 1, header.first_ordinal, report);
    }
    if (header.first_ordinal != sums.main_points) {
      BagProblem problem = place;
      problem.what = fmt::format("block counts on from {} where {} points lie before it",
                                 header.first_ordinal, sums.main_points);
      add(report, std::move(problem));
    }
    sums.main_points += header.count;
    sums.main_last = header.last;
  }
  check_rows(*block, track, report);
}

// REQUIRES: nobody writes the bag.
void check_counts(const TrackRecord& track, const TrackSums& sums, CheckReport& report) {
  const bool counts_fit = sums.main_points == track.main_points &&
                          (sums.lost_late || sums.late_points == track.late_points);
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

// Verifies the records of a bag as they go by, in whatever order, and names the damaged ones.
class RecordAudit {
 public:
  void take(std::string_view table, std::string_view key, std::string_view value) {
    static constexpr std::array<std::string_view, 5> kTables = {
        kMetaTable, kTracksTable, kOrderTable, kLossesTable, kAttachmentsTable};
    if (std::find(kTables.begin(), kTables.end(), table) == kTables.end()) return;
    if (table == kTracksTable) {
      const Result<TrackRecord> track = TrackRecord::decode(key, value);
      if (track) names_.emplace(track->id, track->name);
    }
    const Status sound = verify_record(table, key, value);
    if (sound || damaged_.size() >= kProblemsMax) return;
    damaged_.push_back({std::string(table), std::string(key), sound.error().message});
  }

  void tell(CheckReport& report) const {
    for (const Damaged& record : damaged_) add(report, {record.what, track_of(record), {}, {}, 0});
  }

 private:
  struct Damaged {
    std::string table;
    std::string key;
    std::string what;
  };
  // Empty: of none, or its name is what is damaged.
  std::string track_of(const Damaged& record) const {
    if (record.table == kTracksTable && track_name_fault(record.key) == nullptr) return record.key;
    if (record.table != kOrderTable) return {};
    const auto known = names_.find(OrderEntry::track_of(record.key));
    return known == names_.end() ? std::string() : known->second;
  }

  std::map<std::uint32_t, std::string> names_;
  std::vector<Damaged> damaged_;
};

// Adds up the blocks of a bag, handed over in order of key, and says what is missing among them.
class BlockAudit {
 public:
  explicit BlockAudit(CheckReport& report) : report_(report) {}

  void expect(TrackRecord record) {
    Track& track = tracks_[record.id];
    if (record.first) track.sums.begin = *record.first;
    track.is_known = true;
    track.record = std::move(record);
  }
  bool knows(std::uint32_t id) const { return tracks_.contains(id); }
  std::size_t tracks() const { return tracks_.size(); }

  // Blocks behind those taken cannot be reached, of whatever track. False: that is known already.
  bool lose(const std::string& what) {
    if (!hole_.empty()) return false;
    finish_before(at_, true);
    hole_ = what;
    return true;
  }

  void take(const BlockKey& key, std::string_view value) {
    at_ = key.track;
    Track& track = tracks_[key.track];
    if (!track.is_known && track.record.name.empty())
      track.record.name = fmt::format("track {}", key.track);
    if (!hole_.empty()) {
      finish_before(at_, true);
      pass_hole(track.sums);
    }
    check_block(key, value, track.record.name, track.sums, report_);
    if (key.is_late()) return;  // main blocks behind the hole are still to come
    track.sums.hole.clear();
    hole_.clear();
  }

  // Counts are compared with the records only when both are of one state.
  void finish(bool is_one_state) { finish_before(std::uint64_t{1} << 32, is_one_state); }

 private:
  struct Track {
    TrackRecord record;
    bool is_known = false;
    bool is_done = false;
    TrackSums sums;
  };

  void pass_hole(TrackSums& sums) const {
    sums.hole = hole_;
    if (sums.late_hole.empty()) sums.late_hole = hole_;
  }

  void finish_before(std::uint64_t id, bool is_one_state) {
    for (auto& [track_id, track] : tracks_) {
      if (track_id >= id) return;
      if (!std::exchange(track.is_done, true)) finish_track(track, is_one_state);
    }
  }

  void finish_track(Track& track, bool is_one_state) {
    const TrackRecord& record = track.record;
    TrackSums& sums = track.sums;
    if (!hole_.empty()) pass_hole(sums);
    if (!sums.unreadable.empty()) {
      const std::int64_t end = record.last.value_or(sums.unreadable.back().key.first);
      close_gap(sums, record.name, {}, end, track.is_known ? record.main_points : sums.main_points,
                report_);
    }
    if (!is_one_state || !track.is_known) return;
    if (sums.main_points < record.main_points && record.last)
      note_missing(sums, record.name, *record.last, record.main_points, report_);
    if (sums.late_points < record.late_points && !sums.late_hole.empty()) {
      add(report_, {sums.late_hole, record.name, record.first, record.last,
                    record.late_points - sums.late_points});
      sums.lost_late = true;
    }
    check_counts(record, sums, report_);
  }

  CheckReport& report_;
  std::map<std::uint32_t, Track> tracks_;
  std::uint32_t at_ = 0;  // the track of the block taken last
  std::string hole_;      // what keeps blocks since the last main one from being reached
};

// Says which points are behind pages that cannot be read: walks past the damage and looks between
// which blocks it lies. Never through LMDB.
class DamageSurvey {
 public:
  DamageSurvey(const PageFile& pages, const MetaPages& meta, CheckReport& report)
      : pages_(pages), meta_(meta), report_(report) {}

  void run() {
    BlockAudit audit(report_);
    RecordAudit records;
    PageWalk::Visitor names;
    names.value = [&](std::string_view table, std::string_view key, std::string_view value) {
      records.take(table, key, value);
      if (table != kTracksTable) return;
      Result<TrackRecord> track = TrackRecord::decode(key, value);
      if (track) audit.expect(std::move(*track));
    };
    names.damage = [](std::string_view, const Error&) {};
    walk(names);
    records.tell(report_);
    report_.tracks = audit.tracks();
    PageWalk::Visitor blocks;
    blocks.value = [&](std::string_view table, std::string_view key, std::string_view value) {
      if (table != kBlocksTable) return;
      const std::optional<BlockKey> at = BlockKey::decode(key);
      if (at) audit.take(*at, value);
      if (!at) add(report_, {"a block of no known track", {}, {}, {}, 0});
    };
    std::vector<std::string> damage;
    blocks.damage = [&](std::string_view table, const Error& error) {
      const std::string what =
          table.empty() ? error.message : fmt::format("{} (table {})", error.message, table);
      const bool may_hold_blocks = table.empty() || table == kBlocksTable;
      const bool is_new = !may_hold_blocks || audit.lose(what);
      if (is_new && damage.size() < kProblemsMax) damage.push_back(what);
    };
    walk(blocks);
    audit.finish(true);
    tell_the_rest(damage);
  }

 private:
  void walk(const PageWalk::Visitor& visitor) const {
    PageWalk walk(pages_, meta_.last_page + 1);
    static_cast<void>(walk.run(meta_.main_root, visitor));
  }

  // Damage that no track's points were found to lie behind.
  void tell_the_rest(const std::vector<std::string>& damage) {
    std::set<std::string> told;
    for (const BagProblem& problem : report_.problems) told.insert(problem.what);
    for (const std::string& what : damage) {
      if (!told.contains(what)) add(report_, {what, {}, {}, {}, 0});
    }
  }

  const PageFile& pages_;
  const MetaPages& meta_;
  CheckReport& report_;
};

// The page walk. What it finds not sound, and records that are damaged, are noted when there is a
// report.
Result<std::uint64_t> walk_pages(const std::string& path, CheckReport* report) {
  // A writer uses free pages again unless a transaction may still see them. That LMDB is let near
  // the bag before the walk is no new risk: its writer's LMDB is at work on it.
  std::shared_ptr<BagFile> live;
  std::unique_ptr<ReadTxn> pages_stay;
  if (is_being_written(path)) {
    Result<std::shared_ptr<BagFile>> file = BagFile::open_to_read(path);
    if (!file) return tl::unexpected(file.error());
    live = std::move(*file);
    Result<std::unique_ptr<ReadTxn>> txn = live->env().read();
    if (!txn) return tl::unexpected(txn.error());
    pages_stay = std::move(*txn);
  }
  // Read behind the transaction's begin: the state they lead to is its own, or a later one.
  const Result<MetaPages> meta = read_meta_pages(path);
  if (!meta) return tl::unexpected(meta.error());
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  const PageFile pages(file->bytes(), meta->page_bytes);
  // A writer may be between the two.
  if (report != nullptr && !live && !meta->has_twin) add(*report, {kMetaDamage, {}, {}, {}, 0});
  RecordAudit records;
  PageWalk::Visitor visitor;
  if (report != nullptr) visitor.value = std::bind_front(&RecordAudit::take, &records);
  PageWalk walk(pages, meta->last_page + 1);
  const Status status = walk.run(meta->main_root, visitor);
  if (status && report != nullptr) records.tell(*report);
  if (status) return walk.pages();
  if (report != nullptr) {
    DamageSurvey(pages, *meta, *report).run();
    if (report->problems.empty()) add(*report, {status.error().message, {}, {}, {}, 0});
  }
  return fail(status.error(), path);
}

}  // namespace

Result<std::uint64_t> check_pages(const std::string& path) { return walk_pages(path, nullptr); }

Result<CheckReport> check_bag(const std::string& path, const Progress& progress) {
  CheckReport report;
  const Result<std::uint64_t> pages = walk_pages(path, &report);
  if (!pages && report.problems.empty()) return tl::unexpected(pages.error());
  if (!pages) return report;
  report.pages = *pages;
  Result<BagReader> reader = BagReader::open(path);
  if (!reader) {
    // Unless it is the record that has been named, this is no bag.
    const bool is_named = std::any_of(
        report.problems.begin(), report.problems.end(),
        [&](const BagProblem& problem) { return reader.error().message.ends_with(problem.what); });
    if (is_named) return report;
    return tl::unexpected(reader.error());
  }
  const Result<BagSummary> summary = reader->summary();
  if (!summary) return tl::unexpected(summary.error());
  report.tracks = summary->tracks.size();
  report.unclosed = !summary->runs.empty() && !summary->runs.back().closed;
  BlockAudit audit(report);
  for (const TrackRecord& track : summary->tracks) audit.expect(track);

  // One transaction for the whole walk: what is checked is one state of the bag.
  Result<std::unique_ptr<ReadTxn>> txn = reader->file()->env().read();
  if (!txn) return tl::unexpected(txn.error());
  const Table blocks = reader->file()->tables().blocks;
  const auto total = static_cast<double>((*txn)->entries(blocks));
  Result<TableCursor> cursor = TableCursor::open(**txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  auto item = cursor->first();
  for (; item && *item; item = cursor->next()) {
    const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
    // Of a track whose record is damaged the blocks are sound by themselves.
    const bool has_record = key && audit.knows(key->track);
    if (!key || (!has_record && summary->damaged_tracks.empty())) {
      add(report, {"a block of no known track", {}, {}, {}, 0});
      continue;
    }
    audit.take(*key, (*item)->value);
    if (progress && report.blocks % 16 == 0 &&
        !progress(static_cast<double>(report.blocks) / total))
      return fail(ErrorCode::kClosed, fmt::format("{}: stopped", path));
  }
  if (!item) return tl::unexpected(item.error());
  // A bag being written goes on between the summary and this transaction: counts fit only at rest.
  // The record of a writer that was killed stays; its lock does not.
  audit.finish(!summary->writer || !reader->file()->is_being_written());
  return report;
}

}  // namespace zbag
