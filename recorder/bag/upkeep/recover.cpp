#include "recorder/bag/upkeep/recover.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "recorder/bag/upkeep/copy.hpp"
#include "recorder/bag/upkeep/salvage.hpp"
#include "recorder/bag/upkeep/track_weave.hpp"
#include "schemas/host_name.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"
#include "schemas/wall_clock.hpp"

namespace zbag {
namespace {

void add_lost(RecoverReport& report, BagProblem problem) {
  report.lost_points += problem.points;
  if (report.lost.size() < kProblemsMax) report.lost.push_back(std::move(problem));
}

// Watches the ordinals of a track's points go by: what is missing between them is lost.
class LossWatch {
 public:
  // `knows_blocks`: there were no more blocks than are found or `unreadable`.
  LossWatch(std::string track, const TrackRecord* record, std::vector<UnreadableBlock> unreadable,
            bool knows_blocks, RecoverReport& report)
      : track_(std::move(track)),
        record_(record),
        unreadable_(std::move(unreadable)),
        knows_blocks_(knows_blocks),
        report_(report) {}

  void saw(const TrackWeave::Woven& woven, const TrackWeave& weave) {
    if (woven.is_late) {
      ++late_;
      return;
    }
    if (woven.ordinal > next_) note_gap(woven.ordinal - next_, woven.point->key, weave);
    next_ = std::max(next_, woven.ordinal + 1);
    last_key_ = woven.point->key;
  }

  void end(const TrackWeave& weave) {
    if (record_ == nullptr) {
      note_blocks(weave);  // nobody says how many points there were
      return;
    }
    if (record_->main_points > next_)
      note_gap(record_->main_points - next_, record_->main_end, weave);
    if (record_->late_points > late_)
      add("late points are lost", record_->late_points - late_, {record_->first, record_->last},
          begins_of(weave, true));
  }

 private:
  using Extent = std::pair<std::optional<std::int64_t>, std::optional<std::int64_t>>;

  // Where the unread blocks of the main run since the last gap begin, or all late ones. What their
  // headers say of their ends and counts may be what is damaged.
  std::vector<std::int64_t> begins_of(const TrackWeave& weave, bool is_late) const {
    std::vector<std::int64_t> begins;
    const auto take = [&](std::int64_t first, bool is_of_late) {
      const bool is_new = is_late || !last_key_ || first >= *last_key_;
      if (is_of_late == is_late && is_new) begins.push_back(first);
    };
    for (const TrackWeave::Unread& unread : weave.unread())
      take(unread.header.first, unread.header.is_late());
    for (const UnreadableBlock& unreadable : unreadable_)
      take(unreadable.key.first, unreadable.key.is_late());
    std::sort(begins.begin(), begins.end());
    return begins;
  }

  // `limit`: the key behind the gap.
  void note_gap(std::uint64_t points, std::optional<std::int64_t> limit, const TrackWeave& weave) {
    add("points are lost", points, {last_key_ ? last_key_ : first_of_record(), limit},
        begins_of(weave, false));
  }

  // Adds that points are lost within `widest`, of the blocks there that have these `begins`, if
  // there were no others.
  void add(const char* what, std::uint64_t points, const Extent& widest,
           std::vector<std::int64_t> begins) {
    auto [first, last] = widest;
    if (last) std::erase_if(begins, [&](std::int64_t begin) { return begin > *widest.second; });
    if (knows_blocks_ && !begins.empty()) {
      first = begins.front();
      if (begins.size() == points) last = begins.back();  // one each
    }
    add_lost(report_, {what, track_, first, last, points});
  }

  std::optional<std::int64_t> first_of_record() const {
    return record_ == nullptr ? std::nullopt : record_->first;
  }
  void note_blocks(const TrackWeave& weave) {
    for (const TrackWeave::Unread& unread : weave.unread())
      add_lost(report_, {unread.what, track_, unread.header.first, unread.header.last, 0});
  }

  std::string track_;
  const TrackRecord* record_;
  std::vector<UnreadableBlock> unreadable_;
  bool knows_blocks_;
  RecoverReport& report_;
  std::uint64_t next_ = 0;  // ordinal in the main run
  std::uint64_t late_ = 0;
  std::optional<std::int64_t> last_key_;
};

class Recovery {
 public:
  Recovery(Findings findings, BagCopy& copy, const Progress& progress)
      : findings_(std::move(findings)), copy_(copy), progress_(progress) {
    report_.damage = findings_.damage;
    report_.damage_count = findings_.damage_count;
    report_.doubts = findings_.doubts;
  }

  Status run() {
    name_tracks();
    std::stable_sort(
        findings_.blocks.begin(), findings_.blocks.end(),
        [](const FoundBlock& a, const FoundBlock& b) { return a.header.track < b.header.track; });
    auto at = findings_.blocks.begin();
    for (const auto& [id, name] : names_) {
      const auto end =
          std::find_if(at, findings_.blocks.end(),
                       [&, track = id](const FoundBlock& b) { return b.header.track != track; });
      if (Status status = weave(id, name, {at, end}); !status) return status;
      at = end;
    }
    report_.points = copy_.counts().points;
    report_.tracks = names_.size();
    if (!findings_.knows_end) report_.doubts.push_back(doubt_of_end());
    return {};
  }

  RecoverReport& report() { return report_; }
  BagSummary& records() { return findings_.records; }

 private:
  // Every track that has a record or a block gets its name, or one made of its number.
  void name_tracks() {
    std::set<std::string> taken;
    for (const TrackRecord& record : findings_.records.tracks) {
      const auto [known, is_new] = names_.emplace(record.id, record.name);
      taken.insert(record.name);
      // Two names for one number: the records are not what they were; the richer one is believed.
      if (!is_new && record.fate.received > record_of(known->second)->fate.received)
        known->second = record.name;
    }
    const auto make_up = [&](std::uint32_t id) {
      if (names_.contains(id)) return;
      std::string name = fmt::format("track-{:04}", id);
      while (taken.contains(name)) name += "_";
      report_.unnamed_tracks.push_back(name);
      names_.emplace(id, name);
    };
    for (const FoundBlock& block : findings_.blocks) make_up(block.header.track);
    for (const UnreadableBlock& block : findings_.unreadable) make_up(block.key.track);
  }

  const TrackRecord* record_of(const std::string& name) const {
    for (const TrackRecord& record : findings_.records.tracks) {
      if (record.name == name) return &record;
    }
    return nullptr;
  }

  Status weave(std::uint32_t id, const std::string& name, std::vector<FoundBlock> blocks) {
    std::vector<UnreadableBlock> unreadable;
    for (const UnreadableBlock& one : findings_.unreadable) {
      if (one.key.track == id) unreadable.push_back(one);
    }
    TrackWeave weave(std::move(blocks));
    LossWatch watch(name, record_of(name), std::move(unreadable), !findings_.is_scan, report_);
    for (auto woven = weave.next(); woven; woven = weave.next()) {
      watch.saw(*woven, weave);
      if (Status status = add(name, *woven->point); !status) return status;
    }
    watch.end(weave);
    return {};
  }

  std::string doubt_of_end() const {
    std::string doubt =
        "its last commits may be gone: points may be missing that came after those found";
    if (newest_ns_)
      doubt += fmt::format(", the last of which arrived at {}",
                           seconds_text(seconds_of_key(*newest_ns_)));
    return doubt;
  }

  Status add(const std::string& name, const StoredPoint& point) {
    newest_ns_ = std::max(point.wall_ns, newest_ns_.value_or(point.wall_ns));
    const Result<bool> added = copy_.add(view_of(name, point));
    if (!added) return tl::unexpected(added.error());
    if (!*added)
      add_lost(report_, {"a point's fields are malformed", name, point.key, point.key, 1});
    constexpr std::uint64_t kProgressEvery = 1'024;
    if (!progress_ || ++done_ % kProgressEvery != 0) return {};
    const auto total = static_cast<double>(std::max<std::uint64_t>(1, points_there()));
    if (progress_(static_cast<double>(done_) / total)) return {};
    return fail(ErrorCode::kClosed, "stopped; nothing was written");
  }
  std::uint64_t points_there() {
    if (total_ == 0) {
      for (const FoundBlock& block : findings_.blocks) total_ += block.header.count;
    }
    return total_;
  }

  Findings findings_;
  BagCopy& copy_;
  const Progress& progress_;
  RecoverReport report_;
  std::map<std::uint32_t, std::string> names_;
  std::optional<std::int64_t> newest_ns_;  // when the last point arrived, by the wall clock
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

// A run that tells whoever reads the new bag where it comes from.
RunRecord run_of_recovery(const BagSummary& records, const std::string& path,
                          std::uint64_t lost_points) {
  RunRecord run;
  run.start = wall_seconds();
  run.end = run.start;
  run.closed = true;
  run.host = host_name();
  run.version = kZbagVersion;
  run.metadata = {{"recovered_from", path}, {"points_lost", lost_points}};
  for (const RunRecord& known : records.runs) run.id = std::max(run.id, known.id);
  ++run.id;
  return run;
}

// What check() finds where nothing was damaged: what a record says of its points was made anew.
Status note_remade(const std::string& path, const Progress& progress, RecoverReport& report) {
  // All is read by now, as far as the caller is shown: this can only be stopped.
  const Result<CheckReport> found =
      check_bag(path, [&](double) { return !progress || progress(1.0); });
  if (!found && found.error().code == ErrorCode::kClosed) return tl::unexpected(found.error());
  if (!found) report.damage.push_back(found.error().message);
  for (const BagProblem& problem : found ? found->problems : std::vector<BagProblem>()) {
    report.damage.push_back(
        problem.track.empty()
            ? problem.what
            : fmt::format("track {}: {}", printable(problem.track), problem.what));
  }
  report.damage_count = report.damage.size();
  return {};
}

CompressionSpec compression_of(const std::vector<FoundBlock>& blocks) {
  std::array<std::size_t, 3> seen{};
  for (const FoundBlock& block : blocks) {
    if ((block.header.flags & kBlockLone) == 0 && !block.is_of_journal)
      ++seen[static_cast<std::size_t>(block.header.compression)];
  }
  return rewrite_compression(seen);
}

}  // namespace

Result<RecoverReport> recover_bag(const std::string& path, const std::string& out,
                                  const Progress& progress) {
  const Result<MappedFile> file = MappedFile::open(path);
  if (!file) return tl::unexpected(file.error());
  if (is_being_written(path)) {
    return fail(ErrorCode::kBusy, fmt::format("{} is being recorded; copy it with zbag cut", path));
  }
  Result<Findings> findings = salvage(*file, progress);
  if (!findings) return fail(findings.error(), path);
  const CompressionSpec compression = compression_of(findings->blocks);
  Result<BagCopy> copy = BagCopy::create(out, {.compression = compression, .node = "recover"});
  if (!copy) return tl::unexpected(copy.error());
  Status status;
  for (const auto& [name, value] : findings->attachments) {
    if (status) status = copy->add_attachment(name, value);
  }
  Recovery recovery(std::move(*findings), *copy, progress);
  if (status) status = recovery.run();
  if (status && recovery.report().is_whole())
    status = note_remade(path, progress, recovery.report());
  if (status) {
    BagSummary& records = recovery.records();
    records.runs.push_back(run_of_recovery(records, path, recovery.report().lost_points));
    status = copy->finish(records);
  }
  if (status) status = copy->publish();
  if (!status) return tl::unexpected(status.error());
  return std::move(recovery.report());
}

}  // namespace zbag
