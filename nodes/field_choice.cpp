#include "nodes/field_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "nodes/choice.hpp"
#include "nodes/number_text.hpp"
#include "nodes/unseen_columns.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "recorder/bag/read/track_schema.hpp"
#include "schemas/split_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr int kPointsLookedAt = 1'000;  // for names that are near

// The leaves of the track where one that is named lies in a map, as far as anybody can tell.
std::vector<FieldNames> leaves_below(const Playlist& bags, const NamedFields& named,
                                     const std::set<std::string>& known) {
  const bool is_needed = std::ranges::any_of(named.fields, [&](const std::string& field) {
    return field.find('.') != std::string::npos && !known.contains(field);
  });
  std::set<FieldNames> leaves;
  for (const BagReader& bag : bags.readers()) {
    const Result<std::vector<TrackField>> fields =
        is_needed ? read_track_fields(bag, named.track) : std::vector<TrackField>();
    if (!fields) continue;
    for (const TrackField& field : *fields) leaves.insert(field.names);
  }
  return {leaves.begin(), leaves.end()};
}

// As what points have a field, as far as anybody can tell.
struct FieldForm {
  std::set<ColumnType> types;
  std::optional<std::string> inner;  // of a map, one that lies in it
};

FieldForm form_of(const Playlist& bags, const std::string& track, const FieldNames& names) {
  FieldForm form;
  for (const BagReader& bag : bags.readers()) {
    const Result<std::vector<TrackField>> fields = read_track_fields(bag, track);
    if (!fields) continue;
    for (const TrackField& field : *fields) {
      if (field.names == names) {
        form.types.insert(field.types.begin(), field.types.end());
      } else if (!form.inner && field.names.size() > names.size() &&
                 std::equal(names.begin(), names.end(), field.names.begin())) {
        form.inner = fmt::format("{}", fmt::join(field.names, "."));
      }
    }
  }
  return form;
}

// What to name in place of a whole map or list; "": it is neither.
std::string part_hint(const ValueField& field, const FieldForm& form) {
  if (form.inner)
    return fmt::format("; {} is a map: name one, as {}", printable(field.text),
                       printable(*form.inner));
  const bool has_lists =
      std::ranges::any_of(form.types, [](ColumnType type) { return is_list(type); });
  return has_lists && !field.element
             ? fmt::format("; of a list name one, as {}[0]", printable(field.text))
             : "";
}

// A field as it is written in other tools. REQUIRES: no field is called so.
Status check_written(const ValueField& field, const std::string& track) {
  const std::string& text = field.text;
  if (text.find('*') != std::string::npos)
    return fail(ErrorCode::kInvalid,
                fmt::format("{} of {}: a * stands for nothing here: name each, as pose.x,pose.y",
                            printable(text), printable(track)));
  const std::size_t open = text.find('[');
  if (field.element || open == std::string::npos || open == 0 || !text.ends_with(']')) return {};
  return fail(ErrorCode::kInvalid,
              fmt::format("{} of {}: of a list one value is written {}[0], the first",
                          printable(text), printable(track), printable(text.substr(0, open))));
}

}  // namespace

bool has_fractions(const Playlist& bags, const std::string& track, const ValueField& field) {
  const FieldForm form = form_of(bags, track, field.names);
  return !field.element &&
         (form.types.contains(ColumnType::kFloat32) || form.types.contains(ColumnType::kFloat64));
}

bool has_only_wholes(const Playlist& bags, const std::string& track, const ValueField& field) {
  const std::set<ColumnType> types = form_of(bags, track, field.names).types;
  return !types.empty() && std::ranges::all_of(types, [](ColumnType type) {
    return type == ColumnType::kBool || type == ColumnType::kInt || type == ColumnType::kInts ||
           type == ColumnType::kNil;
  });
}

std::vector<std::string> track_names(const std::vector<BagSummary>& bags) {
  std::set<std::string> names;
  for (const BagSummary& bag : bags) {
    for (const TrackRecord& track : bag.tracks) names.insert(track.name);
  }
  return {names.begin(), names.end()};
}

Result<NamedFields> parse_track_fields(const std::string& text,
                                       const std::vector<std::string>& tracks) {
  std::size_t colon = text.find(':');
  for (const std::string& track : tracks) {
    const bool is_longer = track.size() > colon || colon == std::string::npos;
    if (is_longer && text.starts_with(track + ":")) colon = track.size();
  }
  NamedFields named;
  if (colon != std::string::npos)
    named = {std::string(plain_name(text.substr(0, colon))), split_at(text.substr(colon + 1), ',')};
  const auto is_empty = [](const std::string& part) { return part.empty(); };
  if (named.track.empty() || std::any_of(named.fields.begin(), named.fields.end(), is_empty))
    return fail(
        ErrorCode::kInvalid,
        fmt::format("'{}' is no TRACK:FIELD[,FIELD], as in robot/imu:ax,ay{}", printable(text),
                    text.ends_with(".zbag") ? "; several bags: a folder of them" : ""));
  return named;
}

Result<ChosenFields> choose_fields(const std::string& verb, const SelectionArguments& times,
                                   const Playlist& bags, const NamedFields& named) {
  ChosenFields chosen{named.track, {}, {}, TimeRange::none()};
  std::set<std::string> known;
  TimeRange extent = TimeRange::none();
  for (const BagSummary& bag : bags.summaries()) {
    for (const TrackRecord& track : bag.tracks) {
      if (track.name != named.track) continue;
      for (const auto& [field, types] : track.fields) known.insert(field);
      if (!track.first || !track.last) continue;
      extent = extent.empty() ? TimeRange{*track.first, *track.last}
                              : TimeRange{std::min(extent.first, *track.first),
                                          std::max(extent.last, *track.last)};
    }
  }
  SelectionArguments asked = times;
  asked.tracks = {named.track};
  const std::vector<FieldNames> leaves = leaves_below(bags, named, known);
  for (const std::string& field : named.fields) {
    chosen.fields.push_back(ValueField::parse(field, known, leaves));
    const bool is_known = known.contains(field) ||
                          std::ranges::find(leaves, chosen.fields.back().names) != leaves.end();
    if (Status written = check_written(chosen.fields.back(), named.track); !written && !is_known)
      return tl::unexpected(written.error());
    asked.columns.push_back(fmt::format("{}", fmt::join(chosen.fields.back().names, ".")));
  }
  const Result<BagReader::Selection> selection =
      choose(verb, asked, bags.summaries(), SystemTracks::kToo, {named.track});
  if (!selection) return tl::unexpected(selection.error());
  chosen.range = selection->range;
  if (!extent.empty())
    chosen.axis = {std::max(extent.first, chosen.range.first),
                   std::min(extent.last, chosen.range.last)};
  return chosen;
}

std::map<std::string, std::string> units_of(const Playlist& bags, const std::string& track) {
  std::map<std::string, std::string> units;
  for (const BagReader& bag : bags.readers()) {
    const Result<std::optional<TrackSchema>> schema = schema_of(bag, track);
    if (!schema || !*schema) continue;
    for (const SchemaField& field : (*schema)->fields) units.try_emplace(field.name, field.unit);
  }
  return units;
}

std::string unit_of(const ValueField& field, const std::map<std::string, std::string>& units) {
  const auto found = units.find(fmt::format("{}", fmt::join(field.names, ".")));
  return found == units.end() ? std::string() : found->second;
}

std::string with_unit(const std::string& name, const std::string& unit) {
  return unit.empty() ? name : fmt::format("{} ({})", name, unit);
}

std::string no_number_text(const Playlist& bags, const ChosenFields& chosen,
                           const ValueField& field, const Skipped& skipped) {
  const bool is_nowhere = skipped.absent > 0 && skipped.absent == skipped.total();
  if (is_nowhere && !field.element) {
    UnseenColumns unseen({fmt::format("{}", fmt::join(field.names, "."))});
    for (const BagReader& bag : bags.readers()) {
      Result<BagCursor> cursor = bag.cursor({.range = chosen.range, .track = chosen.track});
      for (int i = 0; cursor && i < kPointsLookedAt; ++i) {
        const Result<std::optional<PointView>> point = cursor->next();
        if (!point || !*point) break;
        if (check_map((*point)->map)) unseen.note((*point)->map);
      }
    }
    std::string text = unseen.text();
    if (!text.empty()) return text;
  }
  return fmt::format("no number is in {} of {}: {}{}", printable(field.text),
                     printable(chosen.track), skipped_text(skipped),
                     part_hint(field, form_of(bags, chosen.track, field.names)));
}

std::string skipped_text(const Skipped& skipped) {
  const std::pair<const char*, std::uint64_t> counts[] = {{"absent", skipped.absent},
                                                          {"null", skipped.nil},
                                                          {"no number", skipped.not_numbers},
                                                          {"NaN", skipped.nan},
                                                          {"infinite", skipped.infinite}};
  std::vector<std::string> parts;
  for (const auto& [what, count] : counts) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count_text(count), what));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace zbag
