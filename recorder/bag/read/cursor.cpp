#include "recorder/bag/read/cursor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>
#include <vector>

#include "recorder/bag/pages/each_entry.hpp"
#include "recorder/bag/read/bad_records.hpp"
#include "recorder/bag/read/loser_tree.hpp"
#include "recorder/bag/read/track_blocks.hpp"
#include "recorder/bag/records/track_numbers.hpp"

namespace zbag {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

std::int64_t key_of(const BlockGroup::Entry& entry) { return entry.point->key; }

// Asks for the memory of the entries behind `at`, `step` apart. The processor foresees some dozen
// tracks that take turns by itself, and of a hundred none.
void foresee(const std::vector<BlockGroup::Entry>& entries, std::size_t at, std::ptrdiff_t step) {
  constexpr std::ptrdiff_t kFar = 4;
  const auto left = static_cast<std::ptrdiff_t>(step > 0 ? entries.size() - 1 - at : at);
  const BlockGroup::Entry* const entry = entries.data() + at;
  __builtin_prefetch(entry->point->map.data());
  if (left < 1) return;
  const auto* const next = reinterpret_cast<const char*>(entry[step].point);
  __builtin_prefetch(next);
  __builtin_prefetch(next + sizeof(StoredPoint) - 1);
  if (left >= kFar) __builtin_prefetch(entry + step * kFar);
}

// One track of a cursor: the group it is in and where.
struct TrackPosition {
  static constexpr std::size_t kNone = SIZE_MAX;

  std::string name;
  std::uint32_t id = 0;
  bool is_done = false;
  std::size_t at = 0;            // entry in the group
  std::size_t given_at = kNone;  // the entry given out last, where that is one of the group's
  std::optional<BlockGroup> group;
  std::int64_t first_known = 0;  // the track's extent when the cursor was opened
  std::int64_t last_known = 0;
  // Where to go on while `group` is not loaded: at this key.
  std::int64_t resume_key = 0;
  // The point given out last, once its group is gone. Points of its key that lie before it, in the
  // cursor's direction, have been given out too; which those are holds from one transaction to the
  // next.
  std::optional<BlockGroup::Place> last_given;
  std::vector<BlockKey> leave_out;

  // Before the group's entries go: noted with each point it would cost a line of the cache more.
  void note_given() {
    if (group && given_at != kNone) last_given = BlockGroup::Place::of(group->entries[given_at]);
    given_at = kNone;
  }
  void drop_group() {
    note_given();
    group.reset();
  }
  bool was_given(const BlockGroup::Entry& entry, bool reverse) const {
    return last_given && last_given->covers(entry, reverse);
  }
};

}  // namespace

struct BagCursor::State {
  std::shared_ptr<BagFile> file;
  Selection selection;
  std::vector<TrackPosition> tracks;  // by name
  std::unique_ptr<ReadTxn> txn;
  SteadyTime txn_began{};
  LoserTree order;  // of the tracks that have a point, by name where keys are equal
  bool is_ordered = false;
  bool is_given = false;  // the winner's point was given out
  BadRecords bad_records;
  std::optional<TrackBlocks::Damage> damage;  // what stopped the cursor
  std::size_t damaged_track = 0;
  std::uint32_t since_clock = 0;

  std::int64_t rank_of(const TrackPosition& track) const {
    const std::int64_t key = track.group->entries[track.at].point->key;
    return selection.reverse ? ~key : key;  // ~ turns the order around
  }
  TrackPosition& winner() {
    const std::size_t run = order.winner();
    return tracks[selection.reverse ? tracks.size() - 1 - run : run];
  }
  Status ensure_txn();
  void drop_groups();
  Status load(TrackPosition& track);
  Status take_group(TrackPosition& track, Result<BlockGroup> group);
  Status load_group(TrackPosition& track, TrackBlocks& blocks,
                    const std::optional<BlockKey>& start);
  Status settle(TrackPosition& track);
  Status settle_reverse(TrackPosition& track);
  Status advance(TrackPosition& track);
  Status build_order();
  Status move_on();
};

BagCursor::BagCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
BagCursor::BagCursor(BagCursor&&) noexcept = default;
BagCursor& BagCursor::operator=(BagCursor&&) noexcept = default;
BagCursor::~BagCursor() = default;

Result<BagCursor> BagCursor::open(std::shared_ptr<BagFile> file, const Selection& selection) {
  auto state = std::make_unique<BagCursor::State>();
  state->file = std::move(file);
  state->selection = selection;
  if (Status status = state->ensure_txn(); !status) return tl::unexpected(status.error());
  if (!selection.knows_journal) state->bad_records.add_journal(*state->txn);
  TrackNumbers numbers;
  const auto take = [&](std::string_view name, std::string_view bytes) -> Status {
    Result<TrackExtent> extent = TrackExtent::decode(name, bytes);
    const Status alone = extent ? numbers.take(extent->id, name) : Status();
    if (!alone) extent = tl::unexpected(alone.error());
    if (!extent) {
      state->bad_records.add(name, std::move(extent.error()));
      return {};
    }
    if (!extent->first || !extent->last || !selection.takes_track(name)) return {};
    TrackPosition track;
    track.name = name;
    track.id = extent->id;
    track.first_known = *extent->first;
    track.last_known = *extent->last;
    state->tracks.push_back(std::move(track));
    return {};
  };
  const Table tracks = state->file->tables().tracks;
  if (selection.track.empty()) {
    const Status status = each_entry(
        *state->txn, tracks, "",
        [&](const TableCursor::Item& item) -> Status { return take(item.key, item.value); });
    if (!status) return tl::unexpected(status.error());
  } else {
    const auto bytes = state->txn->get(tracks, selection.track);
    if (!bytes) return tl::unexpected(bytes.error());
    if (*bytes) {
      if (Status status = take(selection.track, **bytes); !status)
        return tl::unexpected(status.error());
    }
  }
  BagCursor cursor(std::move(state));
  cursor.seek(selection.range);
  return cursor;
}

void BagCursor::seek(TimeRange range) {
  State& state = *state_;
  state.selection.range = range;
  state.is_ordered = false;
  state.is_given = false;
  for (TrackPosition& track : state.tracks) {
    track.group.reset();
    track.given_at = TrackPosition::kNone;
    track.is_done = range.empty() || !range.overlaps(track.first_known, track.last_known);
    track.resume_key = state.selection.reverse ? range.last : range.first;
    track.last_given.reset();
  }
}

Status BagCursor::State::ensure_txn() {
  if (txn) return {};
  Result<std::unique_ptr<ReadTxn>> begun = file->read();
  if (!begun) return tl::unexpected(begun.error());
  txn = std::move(*begun);
  txn_began = std::chrono::steady_clock::now();
  return {};
}

// Notes where every track stands, so that its group can be found again in another transaction.
void BagCursor::State::drop_groups() {
  for (TrackPosition& track : tracks) {
    if (!track.group || track.is_done) continue;
    track.resume_key = track.group->entries[track.at].point->key;
    track.drop_group();
  }
  txn.reset();
}

Status BagCursor::State::load_group(TrackPosition& track, TrackBlocks& blocks,
                                    const std::optional<BlockKey>& start) {
  return take_group(track, blocks.load(start, track.leave_out, damage));
}

Status BagCursor::State::take_group(TrackPosition& track, Result<BlockGroup> group) {
  if (!group) {
    if (damage) damaged_track = static_cast<std::size_t>(&track - tracks.data());
    return fail(group.error(), fmt::format("{}: track {}", file->path(), track.name));
  }
  track.note_given();
  track.group = std::move(*group);
  return {};
}

// Loads the group the track's resume position lies in and settles on the entry.
Status BagCursor::State::load(TrackPosition& track) {
  Result<TrackBlocks> blocks = TrackBlocks::open(*txn, file->tables().blocks, track.id);
  if (!blocks) return tl::unexpected(blocks.error());
  // Forwards, points of the very key may end the block before the one that begins with it.
  const Result<std::optional<BlockKey>> start =
      blocks->main_before(track.resume_key, !selection.reverse);
  if (!start) return tl::unexpected(start.error());
  // Who asks for one place often asks for one beside it next.
  Status status =
      take_group(track, blocks->load_again(*start, track.leave_out, damage, file->block_cache()));
  if (!status) return status;
  if (selection.reverse) return settle_reverse(track);
  return settle(track);
}

// Forwards: the first entry at or behind the resume key that was not given out.
Status BagCursor::State::settle(TrackPosition& track) {
  while (true) {
    const std::vector<BlockGroup::Entry>& entries = track.group->entries;
    const auto first = std::ranges::lower_bound(entries, track.resume_key, {}, &key_of);
    for (track.at = static_cast<std::size_t>(first - entries.begin()); track.at < entries.size();
         ++track.at) {
      if (track.was_given(entries[track.at], false)) continue;
      track.is_done = key_of(entries[track.at]) > selection.range.last;
      return {};
    }
    if (!track.group->next_start || track.group->next_start->first > selection.range.last) {
      track.is_done = true;
      return {};
    }
    Result<TrackBlocks> blocks = TrackBlocks::open(*txn, file->tables().blocks, track.id);
    if (!blocks) return tl::unexpected(blocks.error());
    const BlockKey next = *track.group->next_start;
    if (Status status = load_group(track, *blocks, next); !status) {
      track.drop_group();
      track.resume_key = std::max(track.resume_key, next.first);
      return status;
    }
  }
}

Status BagCursor::State::settle_reverse(TrackPosition& track) {
  while (true) {
    const std::vector<BlockGroup::Entry>& entries = track.group->entries;
    const auto end = std::ranges::upper_bound(entries, track.resume_key, {}, &key_of);
    for (auto i = static_cast<std::size_t>(end - entries.begin()); i-- > 0;) {
      if (track.was_given(entries[i], true)) continue;
      track.at = i;
      track.is_done = key_of(entries[i]) < selection.range.first;
      return {};
    }
    if (!track.group->start) {
      track.is_done = true;
      return {};
    }
    Result<TrackBlocks> blocks = TrackBlocks::open(*txn, file->tables().blocks, track.id);
    if (!blocks) return tl::unexpected(blocks.error());
    const Result<std::optional<BlockKey>> before = blocks->main_before(*track.group->start);
    if (!before) return tl::unexpected(before.error());
    const bool was_first_main = !*before;
    if (Status status = load_group(track, *blocks, *before); !status) {
      track.drop_group();
      return status;
    }
    // Before the first main block there may be late blocks alone; load() gives them together with
    // nothing else, unless there are none and it finds the first main block again.
    if (was_first_main && track.group->start) {
      track.is_done = true;
      return {};
    }
  }
}

Status BagCursor::State::advance(TrackPosition& track) {
  const std::vector<BlockGroup::Entry>& entries = track.group->entries;
  const std::int64_t key = entries[track.at].point->key;
  if (selection.reverse) {
    if (track.at > 0) {
      --track.at;
      foresee(entries, track.at, -1);
      track.is_done = entries[track.at].point->key < selection.range.first;
      return {};
    }
  } else if (track.at + 1 < entries.size()) {
    ++track.at;
    foresee(entries, track.at, 1);
    track.is_done = entries[track.at].point->key > selection.range.last;
    return {};
  }
  track.resume_key = key;
  if (selection.reverse && !track.group->start) {
    track.is_done = true;
    return {};
  }
  // Equal keys on both sides of a border were not met yet: an empty remainder settles on them.
  track.note_given();
  track.group->entries.clear();
  return selection.reverse ? settle_reverse(track) : settle(track);
}

Status BagCursor::State::build_order() {
  std::vector<LoserTree::Entrant> entrants;
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    TrackPosition& track = tracks[i];
    if (!track.is_done && !track.group) {
      if (Status status = load(track); !status) {
        track.drop_group();
        return status;
      }
    }
    if (track.is_done) continue;
    const std::size_t run = selection.reverse ? tracks.size() - 1 - i : i;
    entrants.push_back({rank_of(track), static_cast<std::uint32_t>(run)});
  }
  order.build(std::move(entrants));
  is_ordered = true;
  return {};
}

// The point given out last is behind us: its track moves before anything else.
Status BagCursor::State::move_on() {
  if (!std::exchange(is_given, false)) return {};
  TrackPosition& track = winner();
  if (Status status = advance(track); !status) {
    track.drop_group();  // half of it may be gone; last_given says where it was
    is_ordered = false;
    return status;
  }
  if (track.is_done) {
    order.retire();
  } else {
    order.advance(rank_of(track));
  }
  return {};
}

Result<std::optional<PointView>> BagCursor::next() {
  State& state = *state_;
  if (Status told = state.bad_records.first(state.file->path()); !told)
    return tl::unexpected(told.error());
  if (Status status = state.move_on(); !status) return tl::unexpected(status.error());
  constexpr std::uint32_t kClockEvery = 64;
  if (state.txn && ++state.since_clock >= kClockEvery) {
    state.since_clock = 0;
    if (std::chrono::steady_clock::now() - state.txn_began > kTxnAgeMax) release();
  }
  if (Status status = state.ensure_txn(); !status) return tl::unexpected(status.error());
  if (!state.is_ordered) {
    if (Status status = state.build_order(); !status) return tl::unexpected(status.error());
  }
  if (state.order.empty()) return std::optional<PointView>();
  state.is_given = true;
  TrackPosition& track = state.winner();
  const BlockGroup::Entry& entry = track.group->entries[track.at];
  track.given_at = track.at;
  return std::optional(view_of(track.name, *entry.point));
}

void BagCursor::release() {
  State& state = *state_;
  if (!state.txn) return;
  if (std::exchange(state.is_given, false)) {
    // Its place is lost with the transaction; what was given out is remembered.
    TrackPosition& track = state.winner();
    track.drop_group();
    track.resume_key = track.last_given->key;
  }
  state.drop_groups();
  state.is_ordered = false;
}

std::string BagCursor::Damage::text() const {
  if (points == 0) return "points are left out, it is not known how many";
  return fmt::format("{} points are left out", points);
}

std::optional<BagCursor::Damage> BagCursor::skip_damage() {
  State& state = *state_;
  if (std::optional<Damage> record = state.bad_records.skip()) return record;
  const std::optional<TrackBlocks::Damage> damage = std::exchange(state.damage, std::nullopt);
  if (!damage) return std::nullopt;
  TrackPosition& track = state.tracks[state.damaged_track];
  track.leave_out.push_back(damage->key);
  return Damage{track.name, damage->key.first, damage->last, damage->points};
}

}  // namespace zbag
