#include "recorder/bag/read/track_schema.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "recorder/bag/read/track_fields.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/kinds/known_kinds.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

FieldType type_of(ColumnType type) {
  switch (type) {
    case ColumnType::kBool:
      return {FieldType::Of::kBool};
    case ColumnType::kInt:
      return {FieldType::Of::kInt};
    case ColumnType::kFloat32:
    case ColumnType::kFloat64:
      return {FieldType::Of::kFloat};
    case ColumnType::kText:
      return {FieldType::Of::kText};
    case ColumnType::kBinary:
      return {FieldType::Of::kBinary};
    case ColumnType::kInts:
      return {FieldType::Of::kInt, true};
    case ColumnType::kFloat32s:
    case ColumnType::kFloat64s:
      return {FieldType::Of::kFloat, true};
    case ColumnType::kNil:
    case ColumnType::kOther:
      break;
  }
  return {};
}

// The columns know of every point, the first one how long its lists are.
Result<std::vector<SeenField>> seen_of(const BagReader& reader, const std::string& track) {
  const Result<std::vector<TrackField>> leaves = read_track_fields(reader, track);
  if (!leaves) return tl::unexpected(leaves.error());
  std::vector<SeenField> seen;
  for (const TrackField& leaf : *leaves) {
    SeenField& field = seen.emplace_back(SeenField{fmt::format("{}", fmt::join(leaf.names, "."))});
    for (const ColumnType type : leaf.types) {
      if (type == ColumnType::kNil)
        field.has_nil = true;
      else
        field.note(type_of(type));
    }
  }
  BagReader::Selection selection;
  selection.track = track;
  Result<BagCursor> cursor = reader.cursor(selection);
  if (!cursor) return tl::unexpected(cursor.error());
  const Result<std::optional<PointView>> first = cursor->next();
  if (!first) return tl::unexpected(first.error());
  if (!*first) return fail(ErrorCode::kNotFound, "it has no point");
  if (const std::optional<CheckedMap> point = check_map((*first)->map))
    add_seen(seen, seen_fields(point->map));
  return seen;
}

Result<std::optional<Point>> newest(const BagReader& reader, const std::string& track) {
  return reader.floor(track, Timestamp::from_stored(TimeRange::all().last, 0.0));
}

}  // namespace

Result<std::optional<Kind>> kind_of(const BagReader& reader, const std::string& track) {
  const Result<std::optional<Point>> point = newest(reader, schema_track(track));
  if (!point) return tl::unexpected(point.error());
  if (!*point) return std::optional<Kind>();
  const Fields& fields = (*point)->fields;
  const auto in_context = [&](const std::string& why) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", printable(schema_track(track)), why));
  };
  if (find_field(fields, "fields") == nullptr) {
    Result<Kind> known = known_kind(text_field(fields, "kind"));
    if (!known) return in_context(known.error().message);
    return std::optional(std::move(*known));
  }
  tl::expected<Kind, KindFault> kind = parse_kind(fields);
  if (!kind) return in_context(kind.error().text());
  return std::optional(std::move(*kind));
}

Result<std::optional<OriginalSchema>> original_of(const BagReader& reader,
                                                  const std::string& track) {
  const Result<std::optional<Point>> point = newest(reader, original_track(track));
  if (!point) return tl::unexpected(point.error());
  return *point ? read_original((*point)->fields) : std::optional<OriginalSchema>();
}

Result<std::optional<TrackAbout>> about_of(const BagReader& reader, const std::string& track) {
  const Result<std::optional<Point>> point = newest(reader, about_track(track));
  if (!point) return tl::unexpected(point.error());
  return *point ? read_about((*point)->fields) : std::optional<TrackAbout>();
}

Result<TrackSchema> fit_track(const BagReader& reader, const std::string& track, const Kind& kind) {
  const std::string context =
      fmt::format("track {} is no {}", printable(track), printable(kind.name));
  const Result<std::vector<SeenField>> seen = seen_of(reader, track);
  if (!seen) return fail(seen.error(), context);
  Result<TrackSchema> schema = fit(kind, *seen);
  if (!schema) return fail(schema.error(), context);
  return schema;
}

Result<std::optional<TrackSchema>> schema_of(const BagReader& reader, const std::string& track) {
  const Result<std::optional<Kind>> kind = kind_of(reader, track);
  if (!kind) return tl::unexpected(kind.error());
  if (!*kind) return std::optional<TrackSchema>();
  Result<TrackSchema> schema = fit_track(reader, track, **kind);
  if (!schema) return tl::unexpected(schema.error());
  return std::optional(std::move(*schema));
}

}  // namespace zbag
