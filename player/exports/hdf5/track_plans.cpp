#include "player/exports/hdf5/track_plans.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "player/exports/export_records.hpp"
#include "schemas/kinds/kind.hpp"
#include "schemas/track_name.hpp"

namespace zbag::hdf5 {
namespace {

// Of each the library keeps some kilobytes, and we a chunk.
constexpr std::size_t kColumnsMax = 8'192;

std::string dotted(FieldNames::const_iterator from, FieldNames::const_iterator to) {
  std::string text;
  for (auto name = from; name != to; ++name) text += (name == from ? "" : ".") + *name;
  return text;
}

// What the fields of tracks mean, asked for once each.
class Meanings {
 public:
  explicit Meanings(const ExportSource& source) : source_(source) {}

  const std::optional<TrackSchema>& of(const std::string& track) {
    const auto [known, is_new] = known_.try_emplace(track);
    if (!is_new) return known->second;
    Result<std::optional<TrackSchema>> schema = source_.meaning_of(track);
    if (schema) {
      known->second = std::move(*schema);
    } else {
      source_.warn(schema.error().message + "; the file does not say what the fields mean");
    }
    return known->second;
  }

  // Of an aligned row the first name is that of the track.
  std::optional<SchemaField> of_field(const std::string& track, const FieldNames& names) {
    if (!source_.is_aligned()) return find(track, names.begin(), names.end());
    return find(names.front(), names.begin() + 1, names.end());
  }

 private:
  std::optional<SchemaField> find(const std::string& track, FieldNames::const_iterator from,
                                  FieldNames::const_iterator to) {
    const std::optional<TrackSchema>& schema = of(track);
    if (!schema) return std::nullopt;
    const std::string name = dotted(from, to);
    for (const SchemaField& field : schema->fields) {
      if (field.name == name) return field;
    }
    return std::nullopt;
  }

  const ExportSource& source_;
  std::map<std::string, std::optional<TrackSchema>> known_;
};

void note_renamed(const ExportSource& source, const TrackPlan& plan) {
  for (const TrackColumn& column : plan.columns) {
    if (column.name.name != column.field.column)
      source.notice_of_name(plan.track, column.field.column, column.name.name);
  }
  const std::string path = fmt::format("{}", fmt::join(plan.groups, "/"));
  if (path != plan.track) {
    source.notice("groups under other names, since those of their tracks are taken",
                  fmt::format("that of track {} is {}", printable(plan.track), printable(path)));
  }
}

// What the track's group says of it, beside its points.
std::vector<std::pair<const char*, std::string>> about(const std::string& track,
                                                       Meanings& meanings) {
  std::vector<std::pair<const char*, std::string>> texts;
  if (const std::optional<TrackSchema>& schema = meanings.of(track)) {
    texts.emplace_back("kind", schema->kind.name);
    texts.emplace_back("means", schema->kind.means);
    texts.emplace_back("schema", json_of(written_kind(schema->kind)));
  }
  return texts;
}

Result<TrackPlan> plan_track(const ExportSource& source, const std::string& track,
                             const DatasetNames& names, Meanings& meanings) {
  Result<std::vector<ExportField>> fields = source.fields_of(track);
  if (!fields) return tl::unexpected(fields.error());
  if (fields->size() > kColumnsMax) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("track {} has {} columns, more than the {} that are written as HDF5; "
                            "choose some with --columns, or leave it out with --exclude",
                            printable(track), fields->size(), kColumnsMax));
  }
  TrackPlan plan{.track = track,
                 .groups = names.groups_of(track),
                 .points_max = source.tracks().at(track).total(),
                 .about = about(track, meanings)};
  std::vector<std::string> columns;
  for (const ExportField& field : *fields) columns.push_back(field.column);
  std::vector<ColumnName> given = names.columns_of(track, columns);
  for (std::size_t i = 0; i < fields->size(); ++i) {
    ExportField& field = (*fields)[i];
    std::optional<SchemaField> meaning = meanings.of_field(track, field.names);
    plan.columns.push_back(
        {.field = std::move(field), .name = std::move(given[i]), .meaning = std::move(meaning)});
  }
  note_renamed(source, plan);
  return plan;
}

}  // namespace

Result<std::vector<TrackPlan>> plan_tracks(const ExportSource& source) {
  const DatasetNames names(source.track_names());
  Meanings meanings(source);
  std::vector<TrackPlan> plans;
  for (const std::string& track : source.track_names()) {
    Result<TrackPlan> plan = plan_track(source, track, names, meanings);
    if (!plan) return tl::unexpected(plan.error());
    plans.push_back(std::move(*plan));
  }
  return plans;
}

Status decide_forms(const ExportSource& source, TrackPlan& plan) {
  const auto leaves = source.leaves_of(plan.track);
  if (!leaves) return tl::unexpected(leaves.error());
  std::vector<ColumnSurvey> surveys;
  std::vector<ExportField> looked_at;
  std::vector<std::size_t> places;  // of those, among all
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    const ExportField& field = plan.columns[i].field;
    const auto types = leaves->find(field.names);
    surveys.emplace_back(field, types == leaves->end() ? std::set<ColumnType>() : types->second);
    if (!surveys.back().must_look()) continue;
    looked_at.push_back(field);
    places.push_back(i);
  }
  if (!looked_at.empty()) {
    Status looked =
        source.each_chunk_ahead_of(plan.track, looked_at, [&](const ColumnChunk& chunk) {
          for (std::size_t i = 0; i < places.size(); ++i) surveys[places[i]].add(chunk.fields[i]);
          return Status();
        });
    if (!looked) return looked;
  }
  for (std::size_t i = 0; i < surveys.size(); ++i) plan.columns[i].form = surveys[i].form();
  return {};
}

}  // namespace zbag::hdf5
