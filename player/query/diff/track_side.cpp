#include "player/query/diff/track_side.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace zbag {

Result<TrackSide> TrackSide::open(std::shared_ptr<BagFile> file, const std::string& track,
                                  TimeRange range, const LeafChoice& choice, Warn warn) {
  Result<GroupWalk> walk = GroupWalk::open(std::move(file), track, range);
  if (!walk) return tl::unexpected(walk.error());
  return TrackSide(std::move(*walk), choice, std::move(warn));
}

Result<bool> TrackSide::settle() {
  bool has_read = false;
  while (at_ == end_ && !walk_.is_done()) {
    has_read = true;
    if (Status loaded = load(); !loaded) return tl::unexpected(loaded.error());
  }
  return has_read;
}

Status TrackSide::load() {
  drop_group();
  Result<BlockGroup> group = walk_.load();
  if (group) {
    take_group(std::move(*group));
    return {};
  }
  if (group.error().code != ErrorCode::kDamaged) return tl::unexpected(group.error());
  return leave_out(group.error());
}

void TrackSide::take_group(BlockGroup group) {
  group_ = std::move(group);
  group_.list_entries();
  loaded_ = std::chrono::steady_clock::now();
  end_ = group_.entries.size();
  while (at_ < end_ && !is_wanted(group_.entries[at_])) ++at_;
  while (at_ < end_ && !is_wanted(group_.entries[end_ - 1])) --end_;
  if (at_ == end_) {
    walk_.move_on(group_);
    return;
  }
  for (const BlockGroup::Member& member : group_.members)
    blocks_.emplace_back(member.block, *choice_);
  find_stretch();
}

bool TrackSide::is_wanted(const BlockGroup::Entry& entry) const {
  if (!walk_.is_wanted(entry)) return false;
  return !passed_ || (entry.point->key >= passed_->key && !passed_->covers(entry, false));
}

void TrackSide::drop_group() {
  blocks_.clear();
  group_ = {};
  at_ = end_ = stretch_end_ = 0;
}

void TrackSide::find_stretch() {
  const StoredPoint* const first = group_.entries[at_].point;
  const auto has_first = [first](const ComparedBlock& block) {
    return first >= block.points().data() && first < block.points().data() + block.points().size();
  };
  member_ = static_cast<std::size_t>(std::ranges::find_if(blocks_, has_first) - blocks_.begin());
  const std::vector<StoredPoint>& points = blocks_[member_].points();
  const std::size_t left = points.size() - place();
  stretch_end_ = at_ + 1;
  while (stretch_end_ < end_ && stretch_end_ - at_ < left &&
         group_.entries[stretch_end_].point == first + (stretch_end_ - at_))
    ++stretch_end_;
}

std::size_t TrackSide::place() const {
  return static_cast<std::size_t>(&point() - blocks_[member_].points().data());
}

void TrackSide::pass(std::size_t points) {
  at_ += points;
  if (at_ == end_) {
    walk_.move_on(group_);
  } else if (at_ == stretch_end_) {
    find_stretch();
  }
}

Status TrackSide::drop_block(const Error& why) {
  walk_.note_damage(group_.members[member_]);
  if (Status left_out = leave_out(walk_.with_track(why)); !left_out) return left_out;
  const std::vector<StoredPoint>& points = blocks_[member_].points();
  const auto is_dropped = [&](const BlockGroup::Entry& entry) {
    return entry.point >= points.data() && entry.point < points.data() + points.size();
  };
  std::vector<BlockGroup::Entry>& entries = group_.entries;
  const auto begin = entries.begin() + static_cast<std::ptrdiff_t>(at_);
  const auto end = entries.begin() + static_cast<std::ptrdiff_t>(end_);
  const auto kept = std::remove_if(begin, end, is_dropped);
  end_ = static_cast<std::size_t>(kept - entries.begin());
  entries.erase(kept, end);
  stretch_end_ = at_;
  pass(0);
  return {};
}

void TrackSide::park() {
  if (std::chrono::steady_clock::now() - loaded_ <= kTxnAgeMax) return;
  if (at_ > 0 && at_ < end_) passed_ = BlockGroup::Place::of(group_.entries[at_ - 1]);
  drop_group();
  walk_.release();
}

Status TrackSide::leave_out(const Error& why) {
  const std::optional<BagCursor::Damage> damage = walk_.skip_damage();
  if (!damage) return tl::unexpected(why);
  const TimeRange extent{damage->first, damage->last};
  lost_.insert(std::ranges::upper_bound(lost_, extent.first, {}, &TimeRange::first), extent);
  warn_(fmt::format("{}; {}", why.message, damage->text()));
  return {};
}

bool TrackSide::may_have_lost(std::int64_t key) {
  while (!lost_.empty() && lost_.front().last < key) lost_.pop_front();
  return !lost_.empty() && lost_.front().contains(key);
}

}  // namespace zbag
