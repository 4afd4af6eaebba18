#include "recorder/bag/upkeep/block_audit.hpp"

#include <fmt/format.h>

#include <utility>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/block/block_summary.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

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
    report.add(std::move(problems[i]));
  }
  sums.unreadable.clear();
  sums.main_points = std::max(sums.main_points, ordinal);
}

// Reports that points of the main run, up to `last`, cannot be reached: that blocks are gone before
// the one of `ordinal`.
void note_missing(TrackSums& sums, const std::string& track, std::int64_t last,
                  std::uint64_t ordinal, CheckReport& report) {
  report.add({sums.hole.empty() ? "a block is gone" : sums.hole, track, sums.first_missing(last),
              last, ordinal - sums.main_points});
  sums.main_points = ordinal;
  sums.is_partial = true;
}

void check_rows(const Block& block, const std::string& track, CheckReport& report) {
  for (const StoredPoint& point : block.points()) {
    const ScanOutcome scan = scan_frame(point.map);
    if (!scan.refusal) continue;
    BagProblem problem{
        fmt::format("a point's fields are malformed ({})", refusal_name(*scan.refusal)), track,
        point.key, point.key, 1};
    report.add(std::move(problem));
  }
}

// Of the points of a late block.
void check_order(const Block& block, const std::string& track, const OrderAudit& order,
                 TrackSums& sums, CheckReport& report) {
  const BlockHeader& header = block.header();
  for (const StoredPoint& point : block.points()) {
    if (sums.lies_told) return;
    const std::optional<std::string> lie = order.look_up(header.track, point.index, point.key);
    if (!lie) continue;
    sums.lies_told = true;
    report.add({*lie, track, point.key, point.key, 0});
  }
}

// What a header says beside where its points are.
void check_header(const BlockKey& key, const BlockHeader& header, std::string_view value,
                  const std::string& track, TrackSums& sums, CheckReport& report) {
  const auto add = [&](std::string what) {
    report.add({std::move(what), track, header.first, header.last, 0});
  };
  if ((header.flags & kBlockBorder) != 0 && header.count > 0)
    add("block says that it is a border, and has points");
  if (const Status told = verify_summary(value); !told) add(told.error().message);
  if (!header.is_late() && sums.main_last && header.first < *sums.main_last)
    add("block begins before the one in front of it ends");
  std::uint32_t& serials = header.is_late() ? sums.late_serials : sums.serials;
  serials = std::max(serials, (key.serial & ~kLateSerial) + 1);
}

// Of a block that is read and where it belongs.
void count_block(const BlockHeader& header, const std::string& track, TrackSums& sums,
                 CheckReport& report) {
  report.points += header.count;
  if (header.count > 0) {
    sums.first_there = std::min(header.first, sums.first_there.value_or(header.first));
    sums.last_there = std::max(header.last, sums.last_there.value_or(header.last));
  }
  if (header.is_late()) {
    sums.late_points += header.count;
    return;
  }
  if (!sums.unreadable.empty()) {
    close_gap(sums, track, header.first, header.last, header.first_ordinal, report);
  } else if (header.first_ordinal > sums.main_points) {
    note_missing(sums, track, header.first - 1, header.first_ordinal, report);
  }
  if (header.first_ordinal != sums.main_points) {
    report.add({fmt::format("block counts on from {} where {} points lie before it",
                            header.first_ordinal, sums.main_points),
                track, header.first, header.last, 0});
  }
  sums.main_points += header.count;
  if (header.count > 0) sums.main_last = header.last;
}

void check_block(const BlockKey& key, std::string_view value, const std::string& track,
                 const OrderAudit* order, TrackSums& sums, CheckReport& report) {
  ++report.blocks;
  const Result<Block> block = Block::open(value);
  if (!block) {
    const Result<BlockHeader> header = read_block_header(value);
    // What it and those before it held is told together: here, where that can lie.
    if (!key.is_late() && !sums.hole.empty() && sums.first_missing(key.first) < key.first)
      report.add({sums.hole, track, sums.first_missing(key.first), key.first - 1, 0});
    sums.lost_late = sums.lost_late || key.is_late();
    sums.is_partial = true;
    sums.unreadable.push_back(
        {key, block.error().message, header ? std::optional(*header) : std::nullopt});
    return;
  }
  const BlockHeader& header = block->header();
  const BagProblem place{{}, track, header.first, header.last, 0};
  const bool is_here = header.track == key.track;
  if (!is_here || header.first != key.first || header.is_late() != key.is_late()) {
    sums.is_partial = true;
    // Of a block of another track that one's ordinals tell what it lacks.
    BagProblem problem = is_here ? place : BagProblem{.track = track};
    problem.what = "block stored under another key";
    if (is_here) problem.points = header.count;
    report.add(std::move(problem));
    if (is_here && !key.is_late()) sums.main_points += header.count;
    return;
  }
  check_header(key, header, value, track, sums, report);
  count_block(header, track, sums, report);
  if (header.is_late() && order != nullptr) check_order(*block, track, *order, sums, report);
  check_rows(*block, track, report);
}

// REQUIRES: nobody writes the bag.
void check_counts(const TrackRecord& track, const TrackSums& sums, CheckReport& report) {
  const bool counts_fit = sums.main_points == track.main_points &&
                          (sums.lost_late || sums.late_points == track.late_points);
  if (!counts_fit) {
    report.add(
        {fmt::format("{} + {} points are stored where {} + {} were counted", sums.main_points,
                     sums.late_points, track.main_points, track.late_points),
         track.name,
         {},
         {},
         0});
  }
  // Readers pass over a track whose extent lies outside what they look for.
  const bool is_extent = track.first == sums.first_there && track.last == sums.last_there;
  if (counts_fit && !sums.is_partial && !is_extent) {
    report.add({"its record does not say from when to when its points lie", track.name,
                sums.first_there, sums.last_there, sums.main_points + sums.late_points});
  }
  if (counts_fit && !sums.is_partial && track.main_end != sums.main_last) {
    report.add({"its record does not say where its main run ends", track.name, sums.main_last,
                sums.main_last, 0});
  }
  const bool has_serials = track.next_serial >= sums.serials && track.next_serial <= kLateSerial &&
                           track.next_late_serial >= sums.late_serials &&
                           track.next_late_serial <= kLateSerial;
  if (!has_serials)
    report.add(
        {"its record gives serials of blocks that are taken, or are none", track.name, {}, {}, 0});
  const std::optional<std::string> fault = track.fate_fault();
  // What is lost of the journal its points are counted without.
  const bool is_told = !counts_fit || sums.is_partial;
  if (fault && (!is_told || !track.fate.balances())) report.add({*fault, track.name, {}, {}, 0});
}

}  // namespace

void BlockAudit::expect(TrackRecord record) {
  Track& track = tracks_[record.id];
  if (track.is_known) return;  // one number of two tracks is named with the other records
  if (record.first) track.sums.begin = *record.first;
  track.is_known = true;
  track.record = std::move(record);
}

bool BlockAudit::lose(const std::string& what) {
  if (!hole_.empty()) return false;
  finish_before(at_, true);
  hole_ = what;
  return true;
}

void BlockAudit::take(const BlockKey& key, std::string_view value) {
  at_ = key.track;
  Track& track = tracks_[key.track];
  if (!track.is_known && track.record.name.empty())
    track.record.name = fmt::format("track {}", key.track);
  if (!hole_.empty()) {
    finish_before(at_, true);
    pass_hole(track.sums);
  }
  check_block(key, value, track.record.name, order_, track.sums, report_);
  if (key.is_late()) return;  // main blocks behind the hole are still to come
  track.sums.hole.clear();
  hole_.clear();
}

void BlockAudit::pass_hole(TrackSums& sums) const {
  sums.hole = hole_;
  sums.is_partial = true;
  if (sums.late_hole.empty()) sums.late_hole = hole_;
}

void BlockAudit::finish_before(std::uint64_t id, bool is_one_state) {
  for (auto& [track_id, track] : tracks_) {
    if (track_id >= id) return;
    if (!std::exchange(track.is_done, true)) finish_track(track, is_one_state);
  }
}

void BlockAudit::finish_track(Track& track, bool is_one_state) {
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
    report_.add({sums.late_hole, record.name, record.first, record.last,
                 record.late_points - sums.late_points});
    sums.lost_late = true;
  }
  check_counts(record, sums, report_);
  if (order_ == nullptr || sums.lies_told) return;
  const Result<std::optional<std::string>> lie = order_->walk(record);
  if (!lie || *lie) report_.add({lie ? **lie : lie.error().message, record.name, {}, {}, 0});
}

}  // namespace zbag
