#include "player/query/diff/bag_diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "recorder/bag/read/summary.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

// Which bags have a track, by its name.
struct Owners {
  bool a = false;
  bool b = false;
};

bool is_schema(std::string_view track) { return track.starts_with(kSchemaTracks); }
bool is_original(std::string_view track) { return track.starts_with(kOriginalTracks); }

class BagComparison {
 public:
  BagComparison(const BagReader& a, const BagReader& b, const DiffOptions& options,
                DiffListeners& listeners)
      : a_(a), b_(b), options_(options), listeners_(listeners) {
    warn_ = [this](const std::string& text) { note_damage(text); };
  }

  Result<BagDiff> run() {
    Result<BagSummary> summary_a = a_.summary();
    if (!summary_a) return tl::unexpected(summary_a.error());
    Result<BagSummary> summary_b = b_.summary();
    if (!summary_b) return tl::unexpected(summary_b.error());
    std::map<std::string, Owners> tracks;
    for (const TrackRecord& track : summary_a->tracks) add(track, tracks[track.name].a);
    for (const TrackRecord& track : summary_b->tracks) add(track, tracks[track.name].b);
    tell_damage(*summary_a);
    tell_damage(*summary_b);
    const bool is_unknown_a = !summary_a->damaged_tracks.empty();
    const bool is_unknown_b = !summary_b->damaged_tracks.empty();
    for (const auto& [name, owners] : tracks) {
      if (!takes(name)) continue;
      const Status compared = compare(
          {name, options_.selection.range, is_unknown_a && !owners.a, is_unknown_b && !owners.b});
      if (!compared) return tl::unexpected(compared.error());
    }
    return std::move(diff_);
  }

 private:
  void add(const TrackRecord& track, bool& is_there) {
    is_there = true;
    if (takes(track.name)) expected_ += track.total();
  }

  bool takes(const std::string& track) const {
    return options_.selection.takes_track(track) &&
           (options_.has_named_tracks || !(is_schema(track) || is_original(track)));
  }

  // What is lost of the journal is told of for every track.
  void note_damage(const std::string& text) {
    if (!told_.insert(text).second) return;
    ++diff_.left_out;
    if (listeners_.warn) listeners_.warn(text);
  }

  // Of records; what blocks and the journal cost is told where points are read.
  void tell_damage(const BagSummary& bag) {
    for (const auto* const damage : {&bag.damaged_tracks, &bag.other_damage}) {
      for (const std::string& what : *damage) {
        warn_(fmt::format("{}: {}", bag.path, what));
      }
    }
  }

  bool go_on(std::uint64_t points) {
    passed_ += points;
    const double share =
        expected_ == 0
            ? 1.0
            : std::min(1.0, static_cast<double>(passed_) / static_cast<double>(expected_));
    return !listeners_.progress || listeners_.progress(share);
  }

  Status compare(const ComparedTrack& track) {
    const DiffContext context{
        a_, b_, likeness_, choice_, listeners_.tell, warn_, [this](std::uint64_t points) {
          return go_on(points);
        }};
    Result<TrackDiff> diff = diff_track(context, track);
    if (!diff) return tl::unexpected(diff.error());
    const bool is_in_both = diff->points_a > 0 && diff->points_b > 0;
    if (is_in_both) {
      if (Status compared = compare_schemas(*diff); !compared) return compared;
    }
    const bool is_there = diff->points_a > 0 || diff->points_b > 0 || !diff->is_equal();
    if (is_there) diff_.tracks.push_back(std::move(*diff));
    return {};
  }

  // The newest point that says what the track means; no fields: there is none.
  Result<Fields> schema_in(const BagReader& bag, const std::string& track) {
    const Timestamp end = Timestamp::from_stored(TimeRange::all().last, 0.0);
    Result<std::optional<Point>> point = bag.floor(schema_track(track), end);
    if (point) return *point ? std::move((*point)->fields) : Fields{};
    if (point.error().code != ErrorCode::kDamaged) return tl::unexpected(point.error());
    warn_(point.error().message);
    return fail(ErrorCode::kDamaged, "");
  }

  Status compare_schemas(TrackDiff& diff) {
    if (is_schema(diff.name)) return {};
    if (options_.excluded && options_.excluded->matches(schema_track(diff.name))) return {};
    const Result<Fields> a = schema_in(a_, diff.name);
    const Result<Fields> b = schema_in(b_, diff.name);
    for (const Result<Fields>* const schema : {&a, &b}) {
      if (*schema) continue;
      if (schema->error().code != ErrorCode::kDamaged) return tl::unexpected(schema->error());
      ++diff.uncompared;
      return {};
    }
    std::string map_a;
    std::string map_b;
    encode_fields(*a, map_a);
    encode_fields(*b, map_b);
    const Likeness exactly({});
    auto leaves = unlike_leaves(open_map(bytes_of(map_a)).value(),
                                open_map(bytes_of(map_b)).value(), exactly, LeafChoice({}));
    if (!leaves) {
      ++diff.uncompared;
      return {};
    }
    for (LeafPair& leaf : *leaves) {
      diff.has_other_schema = true;
      const LeafPair shown = first_unlike_item(std::move(leaf), exactly);
      const bool wants_more =
          listeners_.tell &&
          listeners_.tell(
              {Difference::Of::kSchema, diff.name, {}, {}, 1, shown.path, shown.a, shown.b});
      if (!wants_more) listeners_.tell = {};
    }
    return {};
  }

  const BagReader& a_;
  const BagReader& b_;
  const DiffOptions& options_;
  DiffListeners& listeners_;
  const Likeness likeness_{options_.tolerance};
  const LeafChoice choice_{options_.columns};
  Warn warn_;
  std::set<std::string> told_;  // of damage
  std::uint64_t expected_ = 0;  // points of both bags
  std::uint64_t passed_ = 0;
  BagDiff diff_;
};

template <class Get>
std::uint64_t sum_of(const std::vector<TrackDiff>& tracks, Get get) {
  std::uint64_t sum = 0;
  for (const TrackDiff& track : tracks) sum += get(track);
  return sum;
}

}  // namespace

bool BagDiff::is_equal() const {
  return left_out == 0 && std::ranges::all_of(tracks, &TrackDiff::is_equal);
}

std::uint64_t BagDiff::points_a() const {
  return sum_of(tracks, [](const TrackDiff& track) { return track.points_a; });
}

std::uint64_t BagDiff::points_b() const {
  return sum_of(tracks, [](const TrackDiff& track) { return track.points_b; });
}

std::uint64_t BagDiff::differing() const {
  return sum_of(tracks, [](const TrackDiff& track) { return track.differing(); });
}

std::uint64_t BagDiff::uncompared() const {
  return sum_of(tracks, [](const TrackDiff& track) { return track.uncompared; });
}

Result<BagDiff> diff_bags(const BagReader& a, const BagReader& b, const DiffOptions& options,
                          DiffListeners listeners) {
  return BagComparison(a, b, options, listeners).run();
}

}  // namespace zbag
