#include "player/query/diff/track_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "player/query/diff/track_side.hpp"

namespace zbag {
namespace {

class TrackComparison {
 public:
  TrackComparison(const DiffContext& context, const ComparedTrack& track, TrackSide a, TrackSide b)
      : context_(context), track_(track), a_(std::move(a)), b_(std::move(b)) {
    diff_.name = track.name;
  }

  Result<TrackDiff> run() {
    while (true) {
      if (Status settled = settle(); !settled) return tl::unexpected(settled.error());
      if (a_.is_done() && b_.is_done()) break;
      if (b_.is_done() || (!a_.is_done() && a_.key() < b_.key())) {
        pass_lone(a_, b_, Difference::Of::kOnlyInA);
      } else if (a_.is_done() || b_.key() < a_.key()) {
        pass_lone(b_, a_, Difference::Of::kOnlyInB);
      } else if (Status compared = compare_run(); !compared) {
        return tl::unexpected(compared.error());
      }
    }
    tell_lone();
    if (!go_on()) return fail(ErrorCode::kClosed, "stopped");
    return std::move(diff_);
  }

 private:
  // Both sides at their next points. Blocks that are left behind are no pair any more.
  Status settle() {
    const std::pair<TrackSide*, TrackSide*> sides[] = {{&a_, &b_}, {&b_, &a_}};
    for (const auto& [side, other] : sides) {
      const Result<bool> has_read = side->settle();
      if (!has_read) return tl::unexpected(has_read.error());
      if (!*has_read) continue;
      pairs_.clear();
      other->park();
      if (!go_on()) return fail(ErrorCode::kClosed, "stopped");
    }
    // One that was parked reads its place again.
    for (TrackSide* const side : {&a_, &b_}) {
      if (const Result<bool> again = side->settle(); !again) return tl::unexpected(again.error());
    }
    return {};
  }

  bool go_on() {
    const std::uint64_t read = diff_.points_a + diff_.points_b;
    return context_.go_on(read - std::exchange(told_, read));
  }

  // Points of `side` before the next one of `other`.
  void pass_lone(TrackSide& side, TrackSide& other, Difference::Of of) {
    const bool is_a = of == Difference::Of::kOnlyInA;
    const bool is_unknown = is_a ? track_.is_unknown_in_b : track_.is_unknown_in_a;
    const StoredPoint* const points = &side.point();
    const std::size_t stretch = side.stretch();
    std::size_t passed = 0;
    while (passed < stretch && (other.is_done() || points[passed].key < other.key())) {
      if (is_unknown || other.may_have_lost(points[passed].key)) {
        ++diff_.uncompared;
      } else {
        ++(is_a ? diff_.only_in_a : diff_.only_in_b);
        note_lone(of, points[passed].stamp());
      }
      ++passed;
    }
    (is_a ? diff_.points_a : diff_.points_b) += passed;
    side.pass(passed);
  }

  void note_lone(Difference::Of of, Timestamp stamp) {
    if (lone_ && lone_->of != of) tell_lone();
    if (!lone_) lone_ = Difference{of, track_.name, stamp, stamp, 0, {}, {}, {}};
    lone_->last = stamp;
    ++lone_->points;
  }

  void tell_lone() {
    if (lone_) tell(*lone_);
    lone_.reset();
  }

  void tell(const Difference& difference) {
    if (context_.tell && !context_.tell(difference)) context_.tell = {};
  }

  // Pairs from here on for as long as they lie one behind another on both sides.
  Status compare_run() {
    tell_lone();
    const StoredPoint* const points_a = &a_.point();
    const StoredPoint* const points_b = &b_.point();
    const std::size_t most = std::min(a_.stretch(), b_.stretch());
    PairedRun run{a_.place(), b_.place(), 0};
    while (run.points < most && points_a[run.points].key == points_b[run.points].key) ++run.points;
    BlockPair& pair = pairs_
                          .try_emplace({&a_.block(), &b_.block()}, a_.block(), b_.block(),
                                       context_.likeness, context_.choice)
                          .first->second;
    if (Status compared = pair.compare(run, marks_, diff_.fields); !compared)
      return (pair.is_damage_of_a() ? a_ : b_).drop_block(compared.error());
    count_marks(run, pair);
    a_.pass(run.points);
    b_.pass(run.points);
    return {};
  }

  void count_marks(const PairedRun& run, BlockPair& pair) {
    diff_.points_a += run.points;
    diff_.points_b += run.points;
    for (std::size_t i = 0; i < run.points; ++i) {
      if (marks_[i] == BlockPair::Mark::kAlike) continue;
      if (marks_[i] == BlockPair::Mark::kUnlike) {
        ++diff_.unlike;
        if (context_.tell) tell_fields(pair, run.a + i, run.b + i);
      } else {
        ++diff_.uncompared;
        context_.warn(fmt::format("track {}: a map of the points at {} is malformed", track_.name,
                                  seconds_text(a_.block().points()[run.a + i].seconds)));
      }
    }
  }

  void tell_fields(BlockPair& pair, std::size_t place_a, std::size_t place_b) {
    Result<std::vector<LeafPair>> leaves = pair.unlike_leaves_of(place_a, place_b);
    if (!leaves) return;  // its maps do not decode although its columns do: counted, not shown
    const Timestamp stamp = a_.block().points()[place_a].stamp();
    for (LeafPair& leaf : *leaves) {
      const LeafPair shown = first_unlike_item(std::move(leaf), context_.likeness);
      tell({Difference::Of::kField, track_.name, stamp, stamp, 1, shown.path, shown.a, shown.b});
    }
  }

  const DiffContext& context_;
  const ComparedTrack& track_;
  TrackSide a_;
  TrackSide b_;
  TrackDiff diff_;
  std::map<std::pair<ComparedBlock*, ComparedBlock*>, BlockPair> pairs_;  // of the blocks at hand
  std::vector<BlockPair::Mark> marks_;
  std::optional<Difference> lone_;  // points of one side that were not told of yet
  std::uint64_t told_ = 0;          // points that go_on() was told of
};

}  // namespace

Result<TrackDiff> diff_track(const DiffContext& context, const ComparedTrack& track) {
  // A record that is damaged leads to no points.
  const auto open = [&](const BagReader& bag, bool is_unknown) {
    return TrackSide::open(bag.file(), track.name, is_unknown ? TimeRange::none() : track.range,
                           context.choice, context.warn);
  };
  Result<TrackSide> a = open(context.a, track.is_unknown_in_a);
  if (!a) return tl::unexpected(a.error());
  Result<TrackSide> b = open(context.b, track.is_unknown_in_b);
  if (!b) return tl::unexpected(b.error());
  return TrackComparison(context, track, std::move(*a), std::move(*b)).run();
}

}  // namespace zbag
