#include "nodes/nested_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "nodes/column_hint.hpp"
#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "schemas/chosen_fields.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

class NestedFields {
 public:
  explicit NestedFields(std::vector<std::string> missing) : missing_(std::move(missing)) {}

  const std::vector<std::string>& missing() const { return missing_; }
  std::string hint() const {
    return nearest_hint(missing_.front(), std::vector<std::string>(seen_.begin(), seen_.end()));
  }

  // Mostly every point of a track has what one has.
  void look_at_point(const BagReader& bag, const std::string& track, TimeRange range) {
    Result<BagCursor> cursor = bag.cursor({.range = range, .filter = {}, .track = track});
    if (!cursor) return;
    const Result<std::optional<PointView>> point = cursor->next();
    if (!point || !*point || !check_map((*point)->map)) return;
    const MapBytes map = *open_map((*point)->map);
    std::erase_if(missing_,
                  [&](const std::string& name) { return value_of_field(map, name).has_value(); });
  }

  void look_at_blocks(const BagReader& bag, const std::string& track, TimeRange range) {
    const Result<std::vector<TrackField>> fields = read_track_fields(bag, track, range);
    if (!fields) missing_.clear();  // there are too many to know
    if (!fields) return;
    for (const TrackField& field : *fields) {
      const std::string dotted = fmt::format("{}", fmt::join(field.names, "."));
      seen_.insert(dotted);
      std::erase_if(missing_,
                    [&](const std::string& name) { return is_chosen_field({name}, dotted); });
    }
  }

 private:
  std::vector<std::string> missing_;
  std::set<std::string> seen_;
};

// Those tracks of a bag that may have points among the chosen.
std::vector<std::string> tracks_of(const BagSummary& bag, const BagReader::Selection& selection) {
  std::vector<std::string> names;
  for (const TrackRecord& track : bag.tracks) {
    const bool has_points = track.first && selection.range.overlaps(*track.first, *track.last);
    if (has_points && selection.takes_track(track.name)) names.push_back(track.name);
  }
  return names;
}

// That points have all of `nested`, each of which is called a `word`.
Status check_nested(const std::string& verb, std::vector<std::string> nested, const char* word,
                    const Playlist& bags, const BagReader::Selection& selection) {
  std::erase_if(nested, [](const std::string& name) { return name.find('.') == name.npos; });
  NestedFields fields(std::move(nested));
  bool may_be_more = false;
  bool has_points = false;
  for (const auto look : {&NestedFields::look_at_point, &NestedFields::look_at_blocks}) {
    for (std::size_t i = 0; i < bags.readers().size() && !fields.missing().empty(); ++i) {
      const BagSummary& bag = bags.summaries()[i];
      may_be_more = may_be_more || !bag.whole() || is_being_written(bag.path);
      for (const std::string& track : tracks_of(bag, selection)) {
        has_points = true;
        (fields.*look)(bags.readers()[i], track, selection.range);
      }
    }
  }
  if (fields.missing().empty() || !has_points) return {};
  const std::string& missing = fields.missing().front();
  const std::string hint = column_hint(missing);
  const std::string fault = fmt::format("no chosen track has a {} {}{}", word, printable(missing),
                                        hint.empty() ? fields.hint() : hint);
  if (!may_be_more) return fail(ErrorCode::kNotFound, fault);
  warn(verb, fault);
  return {};
}

}  // namespace

Status check_nested_fields(const std::string& verb, const PointCondition& where,
                           const Playlist& bags, const BagReader::Selection& selection) {
  return check_nested(verb, where.expression.fields(), "field", bags, selection);
}

Status check_nested_columns(const std::string& verb, std::vector<std::string> columns,
                            const Playlist& bags, const BagReader::Selection& selection) {
  std::erase_if(columns, [](const std::string& name) { return column_hint(name).empty(); });
  return check_nested(verb, std::move(columns), "column", bags, selection);
}

}  // namespace zbag
