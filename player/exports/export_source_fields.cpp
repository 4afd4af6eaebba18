// Which fields the tracks of an ExportSource have, and as which columns.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "player/columns/array_columns.hpp"
#include "player/columns/row_columns.hpp"
#include "player/exports/expanded_fields.hpp"
#include "player/exports/export_source.hpp"
#include "recorder/bag/read/field_values.hpp"
#include "recorder/bag/read/track_fields.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::size_t kExpandedColumnsMax = 4'096;

}  // namespace

// `is_followed`: as a row on another track's clock has them. `met_values`: may be null.
Status ExportSource::add_fields(const std::string& track, bool is_followed,
                                std::map<FieldNames, std::set<ColumnType>>& met,
                                std::map<FieldNames, FieldValues>* met_values) const {
  for (const BagReader& reader : playlist_.readers()) {
    const TimeRange range = range_of(track);
    const auto fields = read_track_fields(reader, track, range);
    if (!fields) return tl::unexpected(fields.error());
    Result<std::vector<FieldValues>> values(tl::in_place, fields->size());
    if (met_values != nullptr) values = read_field_values(reader, track, *fields, range);
    if (!values) return tl::unexpected(values.error());
    for (std::size_t i = 0; i < fields->size(); ++i) {
      const TrackField& field = (*fields)[i];
      FieldNames names = field.names;
      if (choice_.align) names.insert(names.begin(), track);
      std::set<ColumnType> types = field.types;
      const bool is_between = is_followed && choice_.align->how == AlignHow::kLinear;
      // Whole numbers stay what they are at the times of points alone.
      if (is_between && types.contains(ColumnType::kInt)) types.insert(ColumnType::kFloat64);
      met[names].merge(types);
      if (met_values != nullptr) (*met_values)[names] |= (*values)[i];
    }
  }
  return {};
}

Result<std::map<FieldNames, std::set<ColumnType>>> ExportSource::leaves_of(
    const std::string& track) const {
  return leaves_of(track, nullptr);
}

Result<std::map<FieldNames, std::set<ColumnType>>> ExportSource::leaves_of(
    const std::string& track, std::map<FieldNames, FieldValues>* met_values) const {
  std::map<FieldNames, std::set<ColumnType>> met;
  const std::vector<std::string> only = {track};
  for (const std::string& one : choice_.align ? aligned_ : only) {
    if (!tracks_.contains(track)) break;
    if (Status added = add_fields(one, one != track, met, met_values); !added)
      return tl::unexpected(added.error());
  }
  return met;
}

Result<std::vector<ExportField>> ExportSource::fields_of(const std::string& track) const {
  std::map<FieldNames, FieldValues> values;
  const auto met = leaves_of(track, &values);
  if (!met) return tl::unexpected(met.error());
  std::set<std::string> own;
  for (const auto& [names, types] : *met) own.insert(names.front());
  RowColumns columns(track, own, columns_, [&](const std::string& field, const std::string& name) {
    notice_of_name(track, field, name);
  });
  std::vector<ExportField> fields;
  for (const auto& [names, types] : *met) {
    if (std::optional<std::string> column = columns.column_of(names))
      fields.push_back({std::move(*column), names, zbag::kind_of(types, values[names])});
  }
  std::sort(fields.begin(), fields.end(),
            [](const ExportField& a, const ExportField& b) { return a.column < b.column; });
  return choice_.expands_arrays ? expanded(track, std::move(fields)) : std::move(fields);
}

// Reads the same, and neither counts nor tells.
ExportSource ExportSource::ahead() const {
  ExportSource source(
      playlist_, choice_, [this](std::uint64_t) { return !progress_ || progress_(report_.points); },
      nullptr);
  source.timer_ = timer_;
  return source;
}

// Looks at all lists to see how long they are.
Result<std::vector<ExportField>> ExportSource::expanded(const std::string& track,
                                                        std::vector<ExportField> fields) const {
  std::vector<ExportField> lists;
  std::copy_if(fields.begin(), fields.end(), std::back_inserter(lists),
               [](const ExportField& field) { return is_of_lists(field.kind); });
  if (lists.empty()) return fields;
  std::vector<FieldNames> names;
  for (const ExportField& list : lists) names.push_back(list.names);
  std::vector<std::size_t> longest(lists.size());
  const Status read =
      ahead().each_whole_chunk_of(track, std::move(names), [&](const ColumnChunk& chunk) {
        for (std::size_t i = 0; i < longest.size(); ++i)
          longest[i] = std::max(longest[i], longest_list(chunk.fields[i]));
        return Status();
      });
  if (!read) return tl::unexpected(read.error());
  if (std::accumulate(longest.begin(), longest.end(), fields.size()) > kExpandedColumnsMax) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("track {}: arrays of more than {} values in all do not become columns; "
                            "choose others with --columns, or leave --expand-arrays out",
                            track, kExpandedColumnsMax));
  }
  std::map<FieldNames, std::size_t> sizes;  // not of lists that are empty: they stay as they are
  for (std::size_t i = 0; i < lists.size(); ++i) {
    if (longest[i] > 0) sizes.emplace(lists[i].names, longest[i]);
  }
  return with_lists_expanded(std::move(fields), sizes);
}

Result<std::vector<ExportField>> ExportSource::fields_as_sent(const std::string& track) const {
  Result<std::vector<ExportField>> fields = fields_of(track);
  if (!fields) return fields;
  std::map<std::string, std::size_t, std::less<>> places;
  Status looked = each_first_point_of(track, [&](const PointView& point) {
    const MapBytes map = *open_map(point.map);
    PairWalk walk(map.pairs, map.count);
    while (const std::optional<PairBytes> pair = walk.next())
      places.try_emplace(std::string(pair->name), places.size());
    return Status();
  });
  if (!looked) return tl::unexpected(looked.error());
  const auto place_of = [&](const ExportField& field) {
    const auto known = places.find(field.names.front());
    return known == places.end() ? SIZE_MAX : known->second;
  };
  std::ranges::stable_sort(*fields, {}, place_of);
  return fields;
}

}  // namespace zbag
