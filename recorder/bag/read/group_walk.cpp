#include "recorder/bag/read/group_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zbag {

Result<GroupWalk> GroupWalk::open(std::shared_ptr<BagFile> file, std::string track,
                                  TimeRange range) {
  GroupWalk walk;
  walk.file_ = std::move(file);
  walk.track_ = std::move(track);
  walk.range_ = range;
  walk.resume_key_ = range.first;
  if (Status status = walk.find_track(); !status)
    return tl::unexpected(walk.with_track(status.error()));
  return walk;
}

Error GroupWalk::with_track(const Error& error) const {
  return {error.code, fmt::format("{}: track {}: {}", file_->path(), track_, error.message)};
}

Status GroupWalk::find_track() {
  if (Status status = ensure_txn(); !status) return status;
  bad_records_.add_journal(*txn_);
  const auto stored = txn_->get(file_->tables().tracks, track_);
  if (!stored) return tl::unexpected(stored.error());
  is_done_ = !*stored || range_.empty();
  if (is_done_) return {};
  const Result<TrackExtent> extent = TrackExtent::decode(track_, **stored);
  if (!extent) return tl::unexpected(extent.error());
  id_ = extent->id;
  is_done_ = !extent->first || !extent->last || !range_.overlaps(*extent->first, *extent->last);
  return {};
}

Status GroupWalk::ensure_txn() {
  const auto now = std::chrono::steady_clock::now();
  if (txn_ && now - txn_began_ <= kTxnAgeMax) return {};
  release();
  Result<std::unique_ptr<ReadTxn>> begun = file_->read();
  if (!begun) return tl::unexpected(begun.error());
  txn_ = std::move(*begun);
  txn_began_ = now;
  return {};
}

// The group to go on with: the next one, or by key where that is not known.
Result<BlockGroup> GroupWalk::load() {
  if (Status whole = bad_records_.first(file_->path()); !whole)
    return tl::unexpected(whole.error());
  if (Status status = ensure_txn(); !status) return tl::unexpected(with_track(status.error()));
  Result<TrackBlocks> blocks = TrackBlocks::open(*txn_, file_->tables().blocks, id_);
  if (!blocks) return tl::unexpected(with_track(blocks.error()));
  std::optional<BlockKey> start = next_start_;
  if (!start) {
    const Result<std::optional<BlockKey>> found = blocks->main_before(resume_key_, true);
    if (!found) return tl::unexpected(with_track(found.error()));
    start = *found;
  }
  Result<BlockGroup> group = blocks->load(start, leave_out_, damage_, Block::Maps::kLater);
  if (!group) return tl::unexpected(with_track(group.error()));
  blocks_read_ += group->members.size();
  return group;
}

bool GroupWalk::is_wanted(const BlockGroup::Entry& entry) const {
  const std::int64_t key = entry.point->key;
  if (key < resume_key_ || key > range_.last) return false;
  return !last_given_ || !last_given_->covers(entry, false);
}

// Points lie in order of their keys, and those of one key that were given come first.
PointRun GroupWalk::wanted_of_one_block(const BlockGroup& group) const {
  const auto& points = group.members.front().block->points();
  const auto of_key = [](const StoredPoint& point) { return point.key; };
  const auto begin = std::ranges::lower_bound(points, resume_key_, {}, of_key);
  const auto end = std::ranges::upper_bound(begin, points.end(), range_.last, {}, of_key);
  PointRun run{0, static_cast<std::size_t>(begin - points.begin()),
               static_cast<std::size_t>(end - points.begin())};
  while (run.begin < run.end && !is_wanted(group.entry_of(run.begin))) ++run.begin;
  return run;
}

std::vector<PointRun> GroupWalk::wanted(const BlockGroup& group) const {
  std::vector<PointRun> runs;
  if (group.is_one_block) {
    runs.push_back(wanted_of_one_block(group));
    if (runs.back().begin == runs.back().end) runs.clear();
    return runs;
  }
  const auto number_in = [&](const BlockGroup::Entry& entry, std::size_t member) {
    return static_cast<std::size_t>(entry.point - group.members[member].block->points().data());
  };
  const auto is_in = [&](const BlockGroup::Entry& entry, std::size_t member) {
    const auto& points = group.members[member].block->points();
    return entry.point >= points.data() && entry.point < points.data() + points.size();
  };
  for (const BlockGroup::Entry& entry : group.entries) {
    if (!is_wanted(entry)) continue;
    std::size_t member = runs.empty() ? 0 : runs.back().member;
    if (!is_in(entry, member)) {
      member = 0;
      while (!is_in(entry, member)) ++member;
    }
    const std::size_t number = number_in(entry, member);
    if (!runs.empty() && runs.back().member == member && runs.back().end == number) {
      ++runs.back().end;
    } else {
      runs.push_back({member, number, number + 1});
    }
  }
  return runs;
}

// Notes where the group ends, and whether anything of the range may lie behind it.
void GroupWalk::move_on(const BlockGroup& group) {
  if (group.is_one_block) {
    const PointRun run = wanted_of_one_block(group);
    if (run.begin < run.end) last_given_ = BlockGroup::Place::of(group.entry_of(run.end - 1));
    if (run.begin < run.end) resume_key_ = last_given_->key;
  }
  for (auto entry = group.entries.rbegin(); entry != group.entries.rend(); ++entry) {
    if (!is_wanted(*entry)) continue;
    last_given_ = BlockGroup::Place::of(*entry);
    resume_key_ = last_given_->key;
    break;
  }
  next_start_ = group.next_start;
  is_done_ = !next_start_ || next_start_->first > range_.last;
}

void GroupWalk::note_damage(const BlockGroup::Member& member) {
  const BlockHeader& header = member.block->header();
  damage_ = TrackBlocks::Damage{member.key, header.last, header.count};
}

std::optional<BagCursor::Damage> GroupWalk::skip_damage() {
  if (std::optional<BagCursor::Damage> record = bad_records_.skip()) return record;
  const std::optional<TrackBlocks::Damage> damage = std::exchange(damage_, std::nullopt);
  if (!damage) return std::nullopt;
  leave_out_.push_back(damage->key);
  return BagCursor::Damage{track_, damage->key.first, damage->last, damage->points};
}

void GroupWalk::release() {
  txn_.reset();
  next_start_.reset();
}

}  // namespace zbag
