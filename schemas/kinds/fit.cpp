#include "schemas/kinds/fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "schemas/chosen_fields.hpp"
#include "schemas/item.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

FieldType type_of_item(const item::Cursor& in) {
  switch (item::kLeads[*in.at].type) {
    case item::Type::kBool:
      return {FieldType::Of::kBool};
    case item::Type::kInt:
      return {FieldType::Of::kInt};
    case item::Type::kFloat32:
    case item::Type::kFloat64:
      return {FieldType::Of::kFloat};
    case item::Type::kText:
      return {FieldType::Of::kText};
    case item::Type::kBinary:
      return {FieldType::Of::kBinary};
    default:
      return {};
  }
}

FieldType type_of(std::span<const std::uint8_t> value) {
  item::Cursor in(value);
  std::uint32_t count = 0;
  if (!item::take_array(in, count)) return type_of_item(in);
  FieldType list;
  for (std::uint32_t n = 0; n < count; ++n) {
    const FieldType one = type_of_item(in);
    if (n > 0 && one != list) {
      list = {};
      break;
    }
    list = one;
    item::skip(in);
  }
  list.is_list = true;
  list.count = count;
  return list;
}

void note_fields(MapBytes map, const std::string& around, std::vector<SeenField>& fields) {
  PairWalk walk(map.pairs, map.count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    const std::string name = around + std::string(pair->name);
    if (const std::optional<MapBytes> inner = open_map(pair->value)) {
      note_fields(*inner, name + '.', fields);
      continue;
    }
    SeenField& field = fields.emplace_back(SeenField{name});
    item::Cursor in(pair->value);
    field.has_nil = item::take_nil(in);
    if (!field.has_nil) field.note(type_of(pair->value));
  }
}

// What a list is made of is not known of every one.
bool takes(const FieldType& wanted, const FieldType& seen) {
  const bool takes_all = wanted.of == FieldType::Of::kAny;
  if (takes_all && !wanted.is_list) return true;
  if (seen == FieldType{}) return wanted.is_list;
  if (wanted.is_list != seen.is_list) return false;
  if (wanted.count && seen.count && *wanted.count != *seen.count) return false;
  const bool is_number = seen.of == FieldType::Of::kInt && wanted.of == FieldType::Of::kFloat;
  return takes_all || seen.of == FieldType::Of::kAny || seen.of == wanted.of || is_number;
}

bool is_named(const std::string& name, std::string_view pattern) {
  if (!pattern.ends_with('*')) return name == pattern;
  pattern.remove_suffix(1);
  return name.size() > pattern.size() && name.starts_with(pattern);
}

Status check_type(const KindField& wanted, const SeenField& seen) {
  const auto misfit = [&](const std::string& type) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("its field {} is {}, and {} is wanted", printable(seen.name), type,
                            wanted.type.text()));
  };
  for (const FieldType& type : seen.types) {
    if (!takes(wanted.type, type))
      return misfit(type == FieldType{} ? "a list or an extension" : type.text());
  }
  if (seen.has_nil && !wanted.is_nullable) return misfit("nil");
  return {};
}

// Adds what `seen` has of one field of the kind under one of its names.
Result<bool> take_named(const KindField& wanted, const std::string& name, const std::string& unit,
                        const std::vector<SeenField>& seen, TrackSchema& schema) {
  bool has_any = false;
  for (const SeenField& field : seen) {
    if (!is_named(field.name, name)) continue;
    if (Status fits = check_type(wanted, field); !fits) return tl::unexpected(fits.error());
    if (schema.fields.size() == TrackSchema::kFieldsMax)
      return fail(ErrorCode::kUnsupported,
                  fmt::format("more than {} of its fields are of it", TrackSchema::kFieldsMax));
    schema.fields.push_back(
        {field.name, wanted.name, wanted.type, unit, wanted.frame, wanted.means});
    has_any = true;
  }
  return has_any;
}

}  // namespace

void SeenField::note(FieldType type) {
  if (std::ranges::find(types, type) == types.end()) types.push_back(type);
}

std::vector<SeenField> seen_fields(MapBytes point) {
  std::vector<SeenField> fields;
  note_fields(point, "", fields);
  return fields;
}

void add_seen(std::vector<SeenField>& fields, std::vector<SeenField> more) {
  for (SeenField& one : more) {
    const auto known = std::ranges::find(fields, one.name, &SeenField::name);
    if (known == fields.end()) {
      fields.push_back(std::move(one));
      continue;
    }
    for (const FieldType& type : one.types) known->note(type);
    known->has_nil = known->has_nil || one.has_nil;
  }
}

const SchemaField* TrackSchema::find(std::string_view role) const {
  const auto found = std::ranges::find(fields, role, &SchemaField::role);
  return found == fields.end() ? nullptr : &*found;
}

namespace {

// The first role that the kind requires and no chosen field has; where none is left at all, the
// first; "": there is no such one.
std::string missing_role(const TrackSchema& schema, const std::vector<std::string>& names) {
  const auto is_left = [&](const std::string& role) {
    return std::ranges::any_of(schema.fields, [&](const SchemaField& field) {
      return (role.empty() || field.role == role) && is_chosen_field(names, field.name);
    });
  };
  for (const KindField& wanted : schema.kind.fields) {
    if (wanted.is_required && !is_left(wanted.name)) return wanted.name;
  }
  return schema.fields.empty() || is_left("") ? std::string() : schema.fields.front().role;
}

}  // namespace

std::string misfit_of_chosen(const std::string& track, const TrackSchema& schema,
                             const std::vector<std::string>& names) {
  const std::string role = missing_role(schema, names);
  if (role.empty()) return role;
  return fmt::format(
      "track {} is no {} without {}, which is not among the chosen columns; its "
      "schema is left out",
      printable(track), printable(schema.kind.name), printable(role));
}

Result<TrackSchema> fit(const Kind& kind, const std::vector<SeenField>& seen) {
  TrackSchema schema{kind, {}};
  for (const KindField& wanted : kind.fields) {
    Result<bool> found = take_named(wanted, wanted.name, wanted.unit, seen, schema);
    std::string names = printable(wanted.name);
    for (const KindField::Alias& other : wanted.also) {
      if (!found || *found) break;
      found = take_named(wanted, other.name, other.unit, seen, schema);
      names += ", nor " + printable(other.name);
    }
    if (!found) return tl::unexpected(found.error());
    if (!*found && wanted.is_required)
      return fail(ErrorCode::kUnsupported, "it has no field " + names);
  }
  if (schema.fields.empty()) return fail(ErrorCode::kUnsupported, "it has none of its fields");
  return schema;
}

}  // namespace zbag
