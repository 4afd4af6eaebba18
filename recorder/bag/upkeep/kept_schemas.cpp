#include "recorder/bag/upkeep/kept_schemas.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "recorder/bag/read/track_schema.hpp"
#include "schemas/kinds/fit.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/kinds/track_about.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// The newest schema of a track; its point is copied, as cursors end.
struct Newest {
  const BagReader* reader = nullptr;  // null: there is none
  PointHead head;
  std::vector<std::uint8_t> map;
};

class SchemaKeeper {
 public:
  SchemaKeeper(std::span<const BagReader> bags, const PointChoice& choice, BagCopy& copy,
               const Warn& warn)
      : bags_(bags), choice_(choice), copy_(copy), warn_(warn) {}

  // What `name` says of the track. False: it does not fit any more, and the track goes without.
  Result<bool> keep(const std::string& track, const std::string& name) {
    const Result<Newest> newest = newest_of(name);
    if (!newest) return tl::unexpected(newest.error());
    if (newest->reader == nullptr) return true;
    const std::optional<PointHead> last = copy_.last(name);
    if (last && last->key == newest->head.key) return true;
    if (name.starts_with(kSchemaTracks) && !fits(*newest->reader, track)) return false;
    PointView point{newest->head, name, newest->map};
    const PointHead first = *copy_.first(track);
    point.set_stamp(last && last->key > first.key ? last->stamp() : first.stamp());
    return copy_.add_whole(point);
  }
  std::uint64_t left_out() const { return left_out_; }

 private:
  Result<Newest> newest_of(const std::string& name) {
    const bool is_told = choice_.columns.empty() && choice_.selection.takes_track(name);
    Newest newest;
    for (const BagReader& reader : bags_) {
      Result<BagCursor> cursor =
          reader.cursor({.track = name, .reverse = true, .knows_journal = true});
      if (!cursor) return tl::unexpected(cursor.error());
      IntactPoints points(*cursor, is_told ? Warn() : warn_, "an earlier schema is taken");
      const Result<std::optional<PointView>> point = points.next_checked();
      if (!point) return tl::unexpected(point.error());
      if (!is_told) left_out_ += points.left_out();
      const bool is_newer =
          *point && (newest.reader == nullptr || (*point)->key >= newest.head.key);
      if (is_newer) newest = {&reader, **point, {(*point)->map.begin(), (*point)->map.end()}};
    }
    return newest;
  }

  // What does not fit as it is stays what it is: it is no worse in the new bag.
  bool fits(const BagReader& reader, const std::string& track) const {
    if (choice_.columns.empty()) return true;
    const Result<std::optional<TrackSchema>> schema = schema_of(reader, track);
    if (!schema || !*schema) return true;
    const std::string misfit = misfit_of_chosen(track, **schema, choice_.columns);
    if (!misfit.empty()) warn_(misfit);
    return misfit.empty();
  }

  std::span<const BagReader> bags_;
  const PointChoice& choice_;
  BagCopy& copy_;
  const Warn& warn_;
  std::uint64_t left_out_ = 0;
};

}  // namespace

Result<std::uint64_t> keep_schemas(std::span<const BagReader> bags,
                                   std::span<const BagSummary> summaries, const PointChoice& choice,
                                   BagSummary& records, BagCopy& copy, const Warn& warn) {
  // What is said of tracks: where, and of which.
  std::map<std::string, std::string> schemas;
  for (const BagSummary& summary : summaries) {
    for (const TrackRecord& track : summary.tracks) {
      for (const std::string_view about : {kSchemaTracks, kOriginalTracks, kAboutTracks}) {
        if (track.name.starts_with(about))
          schemas.emplace(track.name, track.name.substr(about.size()));
      }
    }
  }
  SchemaKeeper keeper(bags, choice, copy, warn);
  for (const auto& [schema, track] : schemas) {
    if (choice.excludes(schema)) continue;
    // Of fields that are chosen nothing was taken of it yet.
    const Result<bool> kept =
        copy.first(track) ? keeper.keep(track, schema) : choice.columns.empty();
    if (!kept) return tl::unexpected(kept.error());
    if (!*kept) std::erase_if(records.tracks, [&](const auto& one) { return one.name == schema; });
  }
  return keeper.left_out();
}

}  // namespace zbag
