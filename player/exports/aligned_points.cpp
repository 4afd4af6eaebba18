#include "player/exports/aligned_points.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <deque>
#include <utility>

#include "schemas/apart.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/item.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/map_member.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

void append_map_head(std::uint64_t pairs, std::string& out) {
  std::array<std::uint8_t, item::kHeadMax> head;
  std::uint8_t* end = head.data();
  item::put_map(end, pairs);
  out.append(head.data(), end);
}

void append_name(std::string_view name, std::string& out) {
  std::array<std::uint8_t, item::kHeadMax> head;
  std::uint8_t* end = head.data();
  item::put_text(end, name.size());
  out.append(head.data(), end);
  out += name;
}

void append_float(double number, std::string& out) {
  std::array<std::uint8_t, item::kHeadMax> value;
  std::uint8_t* end = value.data();
  item::put_float64(end, std::bit_cast<std::uint64_t>(number));
  out.append(value.data(), end);
}

std::optional<double> number_of(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  double number = 0.0;
  return item::take_number(in, number) ? std::optional(number) : std::nullopt;
}

// std::lerp() of one finite and one infinite number is either, by their order.
double between(double begin, double end, double along) {
  return std::isfinite(begin) && std::isfinite(end) ? std::lerp(begin, end, along)
                                                    : begin * (1 - along) + end * along;
}

// What lies the share `along` of the way from one map to another, without which there are no
// numbers. False: nothing does, and nothing is appended.
bool append_between(const MapBytes& from, const std::optional<MapBytes>& to, double along,
                    std::string& out) {
  std::string pairs;
  std::uint64_t count = 0;
  PairWalk walk(from.pairs, from.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const auto other = to ? find_member(*to, pair->name) : std::nullopt;
    const std::optional<double> begin = number_of(pair->value);
    const std::optional<double> end = begin && other ? number_of(*other) : std::nullopt;
    if (begin && !end) continue;
    const std::size_t before = pairs.size();
    const std::optional<MapBytes> map = open_map(pair->value);
    bool has_value = true;
    append_name(pair->name, pairs);
    // Of equal numbers the number itself: a whole one may be none that a float has.
    if (begin && !std::ranges::equal(pair->value, *other)) {
      append_float(between(*begin, *end, along), pairs);
    } else if (map && map->count > 0) {
      has_value = append_between(*map, other ? open_map(*other) : std::nullopt, along, pairs);
    } else {
      pairs.append(pair->value.begin(), pair->value.end());
    }
    if (!has_value) pairs.resize(before);
    count += has_value ? 1 : 0;
  }
  if (count == 0) return false;
  append_map_head(count, out);
  out += pairs;
  return true;
}

struct KeptPoint {
  std::int64_t key = 0;
  std::vector<std::uint8_t> map;
};

// The points of one track in all bags, in order.
class TrackPoints {
 public:
  TrackPoints(std::string track, const std::function<bool(const PointView&)>& is_wanted)
      : track_(std::move(track)), is_wanted_(is_wanted) {}

  const std::string& track() const { return track_; }
  Status add(const BagReader& reader, TimeRange range, const Warn& warn) {
    Result<BagCursor> cursor = reader.cursor({.range = range, .filter = {}, .track = track_});
    if (!cursor) return tl::unexpected(cursor.error());
    bags_.emplace_back(std::move(*cursor), warn);
    return {};
  }

  Result<std::optional<PointView>> next() {
    Bag* best = nullptr;
    for (Bag& bag : bags_) {
      if (!bag.point && !bag.is_done) {
        if (Status read = read_next(bag); !read) return tl::unexpected(read.error());
      }
      if (bag.point && (best == nullptr || bag.point->key < best->point->key)) best = &bag;
    }
    return best == nullptr ? std::nullopt : std::exchange(best->point, std::nullopt);
  }

  std::uint64_t points_left_out() const {
    std::uint64_t sum = 0;
    for (const Bag& bag : bags_) sum += bag.points.points_left_out();
    return sum;
  }

 private:
  struct Bag {
    Bag(BagCursor opened, const Warn& warn) : cursor(std::move(opened)), points(cursor, warn) {}
    BagCursor cursor;
    IntactPoints<BagCursor> points;
    std::optional<PointView> point;  // read ahead
    bool is_done = false;
  };
  Status read_next(Bag& bag) {
    do {
      Result<std::optional<PointView>> point = bag.points.next_checked();
      if (!point) return tl::unexpected(point.error());
      bag.point = *point;
    } while (bag.point && !is_wanted_(*bag.point));
    bag.is_done = !bag.point;
    return {};
  }

  std::string track_;
  const std::function<bool(const PointView&)>& is_wanted_;
  std::deque<Bag> bags_;  // which stay where they are
};

// A track and its points on both sides of a time.
struct Follower {
  TrackPoints points;
  std::optional<KeptPoint> before;  // at that time, or before it
  std::optional<KeptPoint> after;
  bool has_begun = false;

  Status go_to(std::int64_t key) {
    while (!has_begun || (after && after->key <= key)) {
      if (has_begun) before = std::move(after);
      has_begun = true;
      const Result<std::optional<PointView>> next = points.next();
      if (!next) return tl::unexpected(next.error());
      after.reset();
      if (*next) after = KeptPoint{(*next)->key, {(*next)->map.begin(), (*next)->map.end()}};
    }
    return {};
  }
};

// Damage is not told: who reads the points from there on meets it.
Result<std::optional<std::int64_t>> last_wanted_key(const BagReader& reader,
                                                    const std::string& track, TimeRange range,
                                                    const AlignedPoints::Choice& choice) {
  Result<BagCursor> cursor =
      reader.cursor({.range = range, .filter = {}, .track = track, .reverse = true});
  if (!cursor) return tl::unexpected(cursor.error());
  IntactPoints points(*cursor, nullptr);
  while (true) {
    const Result<std::optional<PointView>> point = points.next_checked();
    if (!point) return tl::unexpected(point.error());
    if (!*point) return std::nullopt;
    if (choice.is_wanted(**point)) return (*point)->key;
  }
}

// Where to read a track: one that follows from the point on that it has when the rows begin.
Result<TimeRange> range_of(const std::string& track, const std::vector<BagReader>& readers,
                           const AlignedPoints::Choice& choice) {
  if (track == choice.alignment.track) return choice.range;
  TimeRange reach = choice.alignment.reach_of(choice.range);
  for (const BagReader& reader : readers) {
    if (reach.first >= choice.range.first) break;
    const auto key = last_wanted_key(reader, track, {reach.first, choice.range.first - 1}, choice);
    if (!key) return tl::unexpected(key.error());
    if (*key) reach.first = **key;
  }
  return reach;
}

}  // namespace

TimeRange Alignment::reach_of(TimeRange rows) const {
  TimeRange reach = TimeRange::all();
  if (how == AlignHow::kFloor) reach.last = rows.last;
  if (!tolerance) return reach;
  std::int64_t end = 0;
  if (!__builtin_sub_overflow(rows.first, tolerance->count(), &end)) reach.first = end;
  const bool is_within = !__builtin_add_overflow(rows.last, tolerance->count(), &end);
  if (how != AlignHow::kFloor && is_within) reach.last = end;
  return reach;
}

std::vector<std::string> columns_of_rows(const std::vector<std::string>& columns,
                                         const std::vector<std::string>& tracks) {
  std::vector<std::string> chosen;
  for (const std::string& column : columns) {
    const bool has_track = std::ranges::any_of(
        tracks, [&](const std::string& track) { return is_chosen_field({track}, column); });
    if (has_track) chosen.push_back(column);
    for (const std::string& track : tracks) {
      if (!has_track) chosen.push_back(fmt::format("{}.{}", track, column));
    }
  }
  return chosen;
}

struct AlignedPoints::State {
  Choice choice;
  std::optional<TrackPoints> clock;
  std::deque<Follower> followers;  // by name
  std::string map;                 // of the row given last

  bool is_near(const std::optional<KeptPoint>& point, std::int64_t key) const;
  bool append_at(const Follower& follower, std::int64_t key, std::string& out) const;
};

AlignedPoints::AlignedPoints(std::unique_ptr<State> state) : state_(std::move(state)) {}
AlignedPoints::AlignedPoints(AlignedPoints&&) noexcept = default;
AlignedPoints& AlignedPoints::operator=(AlignedPoints&&) noexcept = default;
AlignedPoints::~AlignedPoints() = default;

Result<AlignedPoints> AlignedPoints::open(const std::vector<BagReader>& readers, Choice choice,
                                          const Warn& warn) {
  auto state = std::make_unique<State>();
  state->choice = std::move(choice);
  for (const std::string& track : state->choice.tracks) {
    const Result<TimeRange> range = range_of(track, readers, state->choice);
    if (!range) return tl::unexpected(range.error());
    TrackPoints points(track, state->choice.is_wanted);
    for (const BagReader& reader : readers) {
      if (Status added = points.add(reader, *range, warn); !added)
        return tl::unexpected(added.error());
    }
    if (track == state->choice.alignment.track) {
      state->clock.emplace(std::move(points));
    } else {
      state->followers.push_back({std::move(points), {}, {}});
    }
  }
  return AlignedPoints(std::move(state));
}

bool AlignedPoints::State::is_near(const std::optional<KeptPoint>& point, std::int64_t key) const {
  if (!point) return false;
  if (!choice.alignment.tolerance) return true;
  return apart(point->key, key) <= static_cast<std::uint64_t>(choice.alignment.tolerance->count());
}

// What the track has at that time, as an item; false: nothing.
bool AlignedPoints::State::append_at(const Follower& follower, std::int64_t key,
                                     std::string& out) const {
  const bool has_before = is_near(follower.before, key);
  const bool has_after = is_near(follower.after, key);
  const AlignHow how = choice.alignment.how;
  const bool is_whole = choice.alignment.whole.contains(follower.points.track());
  // At the very time of a point it is what lies there.
  const bool is_at_point = has_before && follower.before->key == key;
  if (how == AlignHow::kLinear && !is_whole && !is_at_point) {
    if (!has_before) return false;
    const std::int64_t begin = follower.before->key;
    const double along = has_after ? static_cast<double>(apart(begin, key)) /
                                         static_cast<double>(apart(begin, follower.after->key))
                                   : 0.0;
    const auto to = has_after ? open_map(follower.after->map) : std::nullopt;
    return append_between(*open_map(follower.before->map), to, along, out);
  }
  const bool is_after_nearer =
      how == AlignHow::kNearest && has_after &&
      (!has_before || apart(follower.after->key, key) < apart(follower.before->key, key));
  if (!has_before && !is_after_nearer) return false;
  const KeptPoint& point = is_after_nearer ? *follower.after : *follower.before;
  out.append(point.map.begin(), point.map.end());
  return true;
}

Result<std::optional<PointView>> AlignedPoints::next() {
  State& state = *state_;
  Result<std::optional<PointView>> row = state.clock->next();
  if (!row || !*row) return row;
  std::string pairs;
  append_name(state.clock->track(), pairs);
  pairs.append((*row)->map.begin(), (*row)->map.end());
  std::uint64_t count = 1;
  for (Follower& follower : state.followers) {
    if (Status gone = follower.go_to((*row)->key); !gone) return tl::unexpected(gone.error());
    const std::size_t before = pairs.size();
    append_name(follower.points.track(), pairs);
    if (state.append_at(follower, (*row)->key, pairs)) {
      ++count;
    } else {
      pairs.resize(before);
    }
  }
  state.map.clear();
  append_map_head(count, state.map);
  state.map += pairs;
  (*row)->map = bytes_of(state.map);
  return row;
}

std::uint64_t AlignedPoints::points_left_out() const {
  std::uint64_t sum = state_->clock->points_left_out();
  for (const Follower& follower : state_->followers) sum += follower.points.points_left_out();
  return sum;
}

}  // namespace zbag
