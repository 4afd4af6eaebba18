#include "recorder/bag/read/group_walk.hpp"

#include <fmt/format.h>

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

// Notes where the group ends, and whether anything of the range may lie behind it.
void GroupWalk::move_on(const BlockGroup& group) {
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
