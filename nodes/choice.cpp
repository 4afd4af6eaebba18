#include "nodes/choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "nodes/column_hint.hpp"
#include "nodes/errors.hpp"
#include "nodes/nearest.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/unmatched.hpp"
#include "schemas/kinds/original_schema.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

// What bags hold by name.
class Known {
 public:
  Known(const std::vector<BagSummary>& bags, bool has_track_columns)
      : bags_(bags), has_track_columns_(has_track_columns) {
    for (const BagSummary& bag : bags) {
      may_be_more_ = may_be_more_ || !bag.whole() || is_being_written(bag.path);
      for (const TrackRecord& track : bag.tracks) tracks_.push_back(track.name);
    }
  }

  // A bag that is recorded or damaged may hold more than one can see.
  bool may_be_more() const { return may_be_more_; }

  const std::vector<std::string>& tracks() const { return tracks_; }
  std::string no_track(const std::string& name) const {
    const bool is_there = std::find(tracks_.begin(), tracks_.end(), name) != tracks_.end();
    return is_there ? "" : no_track_text(name, tracks_);
  }

  // Fields of tracks that are chosen, and of those alone; `word` is what they are called, `time`
  // how the time is.
  using IsChosen = std::function<bool(const std::string& track)>;
  std::vector<std::string> no_fields(std::vector<std::string> missing, const IsChosen& is_chosen,
                                     const char* word, const std::string& time) const {
    std::vector<std::string> fields;
    for (const BagSummary& bag : bags_) {
      for (const TrackRecord& track : bag.tracks) {
        if (!is_chosen(track.name)) continue;
        std::erase_if(missing, [&](const std::string& name) {
          return may_have(track, name) || may_have_as_its_own(track, name);
        });
        for (const auto& [field, types] : track.fields) {
          fields.push_back(field);
          if (has_track_columns_) fields.push_back(track.name + "." + field);
        }
      }
    }
    for (std::string& name : missing) {
      std::string hint = column_hint(name);
      if (hint.empty())
        hint = is_of_time(name) ? fmt::format("; the time is always there, as {}", time)
                                : nearest_hint(name, fields);
      name = fmt::format("no chosen track has a {} {}{}", word, printable(name), hint);
    }
    return missing;
  }

 private:
  // A bag knows the names of fields, and of maps that they are maps: what lies in one is believed.
  static bool may_have(const TrackRecord& track, const std::string& column) {
    const bool is_of_every_point = column == "_ts" || column == "_src" || column == "_seq";
    if (is_of_every_point || track.fields.size() >= kTrackFieldsMax) return true;
    return std::any_of(track.fields.begin(), track.fields.end(), [&](const auto& field) {
      const auto& [name, types] = field;
      return column == name || (column.starts_with(name + ".") && types.contains("map"));
    });
  }

  // What some outputs call the time, and who asks for it may.
  static bool is_of_time(const std::string& name) {
    constexpr std::array<std::string_view, 5> kNames{"timestamp", "_ts_ns", "time", "ts", "stamp"};
    return std::ranges::find(kNames, name) != kNames.end();
  }

  bool may_have_as_its_own(const TrackRecord& track, std::string_view column) const {
    if (!has_track_columns_ || !column.starts_with(track.name)) return false;
    column.remove_prefix(track.name.size());
    return column.empty() || (column[0] == '.' && may_have(track, std::string(column.substr(1))));
  }

  const std::vector<BagSummary>& bags_;
  bool has_track_columns_;
  std::vector<std::string> tracks_;
  bool may_be_more_ = false;
};

Result<TrackFilter> filter_of(const SelectionArguments& arguments, SystemTracks system) {
  const bool takes_all = system != SystemTracks::kWhenNamed && arguments.tracks.empty();
  const std::vector<std::string> everything{"**", "_sys/**"};
  std::vector<std::string> excluded = arguments.excluded;
  if (takes_all && system == SystemTracks::kButOriginals)
    excluded.push_back(std::string(kOriginalTracks) + "**");
  return TrackFilter::parse(takes_all ? everything : arguments.tracks, excluded);
}

// Of --end and --duration, the earlier.
Result<TimeRange> range_of(const SelectionArguments& arguments,
                           const std::optional<TimeRange>& extent) {
  Result<TimeRange> range = parse_range(arguments.start, arguments.end, extent);
  if (!range || !arguments.duration || !extent) return range;
  std::int64_t last = 0;
  const bool is_beyond = __builtin_add_overflow(std::max(range->first, extent->first),
                                                arguments.duration->count(), &last);
  if (!is_beyond) range->last = std::min(range->last, last);
  return range;
}

// What a condition speaks of and is nowhere.
std::vector<std::string> faults_of(const PointCondition& where, const Known& known,
                                   const Known::IsChosen& is_chosen) {
  const std::vector<std::string>& fields = where.expression.fields();
  if (!where.track) return known.no_fields(fields, is_chosen, "field", "_ts");
  const std::string& track = where.track->str();
  if (std::string fault = known.no_track(track); !fault.empty()) return {std::move(fault)};
  if (!is_chosen(track))
    return {
        fmt::format("track {} of --where is not among those that are chosen", printable(track))};
  return known.no_fields(
      fields, [&](const std::string& name) { return name == track; }, "field", "_ts");
}

// What is named and is nowhere: the first of it is an error, unless there may be more.
Status check_names(const std::string& verb, const SelectionArguments& arguments, const Known& known,
                   const TrackFilter& filter, const std::vector<std::string>& named) {
  std::vector<std::string> faults;
  faults.reserve(named.size() + arguments.tracks.size());
  // Who takes one track is not told of patterns.
  for (const std::string& name : named) faults.push_back(known.no_track(name));
  for (const std::string& text : arguments.tracks)
    faults.push_back(unmatched_text(text, known.tracks()));
  std::erase(faults, "");
  const auto is_chosen = [&](const std::string& track) { return filter.matches(track); };
  if (faults.empty())
    faults = known.no_fields(arguments.columns, is_chosen, "column", arguments.time_name);
  if (faults.empty() && arguments.where) faults = faults_of(*arguments.where, known, is_chosen);
  if (!faults.empty() && !known.may_be_more()) return fail(ErrorCode::kNotFound, faults.front());
  for (const std::string& fault : faults) warn(verb, fault);
  warn_of_idle_exclusions(verb, arguments.excluded, known.tracks());
  return {};
}

}  // namespace

Result<BagReader::Selection> choose(const std::string& verb, const SelectionArguments& arguments,
                                    const std::vector<BagSummary>& bags, SystemTracks system,
                                    const std::vector<std::string>& named) {
  const Result<TrackFilter> filter = filter_of(arguments, system);
  if (!filter) return tl::unexpected(filter.error());
  const Result<TimeRange> range = range_of(arguments, extent_of(bags));
  if (!range) return tl::unexpected(range.error());
  if (Status there =
          check_names(verb, arguments, Known(bags, arguments.has_track_columns), *filter, named);
      !there)
    return tl::unexpected(there.error());
  BagReader::Selection selection;
  selection.range = *range;
  if (arguments.where) {
    const TimeRange asked = arguments.where->expression.range();
    selection.range = {std::max(range->first, asked.first), std::min(range->last, asked.last)};
    if (arguments.where->track) selection.track = arguments.where->track->str();
  }
  selection.filter = *filter;
  return selection;
}

std::optional<TrackFilter> excluded_tracks(const SelectionArguments& arguments) {
  if (arguments.excluded.empty()) return std::nullopt;
  return TrackFilter::parse(arguments.excluded).value();
}

Result<PointChoice> choose_copied(const std::string& verb, const SelectionArguments& arguments,
                                  const std::vector<BagSummary>& bags) {
  Result<BagReader::Selection> selection = choose(verb, arguments, bags, SystemTracks::kToo);
  if (!selection) return tl::unexpected(selection.error());
  return PointChoice{std::move(*selection), arguments.columns, arguments.limit,
                     excluded_tracks(arguments)};
}

Result<BagReader::Selection> choose_tracks(const std::string& verb,
                                           const SelectionArguments& arguments,
                                           const std::vector<BagSummary>& bags) {
  Result<BagReader::Selection> selection = choose(verb, arguments, bags, SystemTracks::kToo);
  const auto may_give_some = [&](const BagSummary& bag) {
    return !bag.whole() ||
           std::any_of(bag.tracks.begin(), bag.tracks.end(),
                       [&](const auto& track) { return selection->takes_track(track.name); });
  };
  if (!selection || std::any_of(bags.begin(), bags.end(), may_give_some)) return selection;
  return fail(ErrorCode::kNotFound, "no track is chosen: --exclude leaves none");
}

BagSummary unread_bag(const std::string& path, const Error& why) {
  BagSummary bag;
  bag.path = path;
  bag.other_damage.push_back(why.message);
  return bag;
}

int show_unchosen(const std::string& verb, const Error& error) {
  const int exit_code = show(verb, error);
  return error.code == ErrorCode::kNotFound ? kExitLossy : exit_code;
}

int show_nothing_chosen(const std::string& verb, const std::optional<TimeRange>& extent) {
  const auto text_of = [](std::int64_t ns) { return iso_text(Timestamp::from_ns(ns).seconds()); };
  say_always("zbag {}: no point is chosen by what was asked for{}\n", verb,
             extent ? fmt::format("; there are some from {} to {}", text_of(extent->first),
                                  text_of(extent->last))
                    : "");
  return kExitLossy;
}

int show_copied(const std::string& verb, std::uint64_t points, std::uint64_t left_out,
                const std::vector<BagSummary>& bags) {
  if (points == 0 && left_out == 0 && extent_of(bags))
    return show_nothing_chosen(verb, extent_of(bags));
  if (left_out == 0) return kExitDone;
  warn(verb, fmt::format("{} damaged blocks, points and records were left out; zbag check names "
                         "them",
                         left_out));
  return kExitDamaged;
}

}  // namespace zbag
