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
#include "recorder/bag/records/track_numbers.hpp"
#include "recorder/bag/upkeep/block_audit.hpp"
#include "recorder/bag/upkeep/order_audit.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kMetaDamage =
    "a meta page is damaged: this may be the bag as it was before its last change";

// Verifies the records of a bag as they go by, in whatever order, and names the damaged ones.
class RecordAudit {
 public:
  void take(std::string_view table, std::string_view key, std::string_view value) {
    // What the journal says is told by whoever lays it over the tables.
    static constexpr std::array<std::string_view, 5> kTables = {
        kMetaTable, kTracksTable, kOrderTable, kLossesTable, kAttachmentsTable};
    if (std::find(kTables.begin(), kTables.end(), table) == kTables.end()) return;
    Status sound = verify_record(table, key, value);
    if (table == kTracksTable && sound) {
      const Result<TrackRecord> track = TrackRecord::decode(key, value);
      sound = numbers_.take(track->id, track->name);
      names_.emplace(track->id, track->name);
    }
    if (sound || damaged_.size() >= kProblemsMax) return;
    damaged_.push_back({std::string(table), std::string(key), sound.error().message});
  }

  void tell(CheckReport& report) const {
    for (const Damaged& record : damaged_) report.add({record.what, track_of(record), {}, {}, 0});
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

  TrackNumbers numbers_;
  std::map<std::uint32_t, std::string> names_;
  std::vector<Damaged> damaged_;
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
      if (!at) report_.add({"a block of no known track", {}, {}, {}, 0});
    };
    std::vector<std::string> damage;
    blocks.damage = [&](std::string_view table, const Error& error) {
      const std::string what = page_damage_text(table, error);
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
      if (!told.contains(what)) report_.add({what, {}, {}, {}, 0});
    }
  }

  const PageFile& pages_;
  const MetaPages& meta_;
  CheckReport& report_;
};

// The page walk: notes what is not sound, and records that are damaged. Gives the pages in use.
Result<std::uint64_t> walk_pages(const std::string& path, CheckReport& report) {
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
  if (!live && !meta->has_twin) report.add({kMetaDamage, {}, {}, {}, 0});
  RecordAudit records;
  PageWalk::Visitor visitor;
  visitor.value = std::bind_front(&RecordAudit::take, &records);
  PageWalk walk(pages, meta->last_page + 1);
  const Status status = walk.run(meta->main_root, visitor);
  if (status) {
    records.tell(report);
    return walk.pages();
  }
  DamageSurvey(pages, *meta, report).run();
  if (report.problems.empty()) report.add({status.error().message, {}, {}, {}, 0});
  return fail(status.error(), path);
}

// Blocks of tracks that `audit` expects, and of none that is known; of those that are left out only
// that they are there.
Status check_blocks(const Txn& txn, const BagFile& file, const BagSummary& summary,
                    BlockAudit& audit, CheckReport& report, const Progress& progress) {
  std::set<std::uint32_t> known;
  for (const TrackRecord& track : summary.tracks) known.insert(track.id);
  const Table blocks = file.tables().blocks;
  const auto total = static_cast<double>(txn.entries(blocks));
  Result<TableCursor> cursor = TableCursor::open(txn, blocks);
  if (!cursor) return tl::unexpected(cursor.error());
  std::uint64_t passed = 0;
  auto item = cursor->first();
  for (; item && *item; item = cursor->next()) {
    // From the first on: a bag may be a few blocks.
    if (progress && passed++ % 16 == 0 && !progress(static_cast<double>(passed) / total))
      return fail(ErrorCode::kClosed, fmt::format("{}: stopped", summary.path));
    const std::optional<BlockKey> key = BlockKey::decode((*item)->key);
    const bool is_known = key && known.contains(key->track);
    if (is_known && !audit.knows(key->track)) continue;
    // Of a track whose record is damaged the blocks are sound by themselves.
    if (is_known || (key && !summary.damaged_tracks.empty())) {
      audit.take(*key, (*item)->value);
    } else {
      report.add({"a block of no known track", {}, {}, {}, 0});
    }
  }
  if (!item) return tl::unexpected(item.error());
  return {};
}

}  // namespace

Result<CheckReport> check_bag(const std::string& path, const Progress& progress) {
  Result<CheckReport> report = check_records(path);
  if (!report) return report;
  return check_tracks(path, std::move(*report), {.all_tracks = true}, progress);
}

Result<CheckReport> check_records(const std::string& path) {
  CheckReport report;
  const Result<std::uint64_t> pages = walk_pages(path, report);
  if (!pages && report.problems.empty()) return tl::unexpected(pages.error());
  report.has_sound_pages = pages.has_value();
  report.pages = pages.value_or(0);
  return report;
}

Result<CheckReport> check_tracks(const std::string& path, CheckReport report,
                                 const BagReader::Selection& selection, const Progress& progress) {
  if (!report.has_sound_pages) return report;
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
  report.unclosed = !summary->runs.empty() && !summary->runs.back().closed;
  // One transaction for the whole walk: what is checked is one state of the bag.
  Result<std::unique_ptr<ReadTxn>> txn = reader->file()->read();
  if (!txn) return tl::unexpected(txn.error());
  if (const auto& overlay = (*txn)->overlay()) {
    for (const std::string& what : overlay->damage()) report.add({what, {}, {}, {}, 0});
  }
  OrderAudit order(**txn, reader->file()->tables().order);
  BlockAudit audit(report, &order);
  for (const TrackRecord& track : summary->tracks) {
    const bool is_chosen = selection.takes_track(track.name);
    ++(is_chosen ? report.tracks : report.tracks_left_out);
    if (is_chosen) audit.expect(track);
  }
  if (Status status = check_blocks(**txn, *reader->file(), *summary, audit, report, progress);
      !status)
    return tl::unexpected(status.error());
  // A bag being written goes on between the summary and this transaction: counts fit only at rest.
  // The record of a writer that was killed stays; its lock does not.
  const bool is_at_rest = !summary->writer || !reader->file()->is_being_written();
  audit.finish(is_at_rest);
  const bool has_strays = order.walked() < (*txn)->entries(reader->file()->tables().order);
  if (is_at_rest && report.problems.empty() && report.tracks_left_out == 0 && has_strays)
    report.add({"order: an entry of no known track", {}, {}, {}, 0});
  return report;
}

}  // namespace zbag
