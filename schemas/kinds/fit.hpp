// Whether a track is of a kind, and which of its fields mean what.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/kinds/kind.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/result.hpp"

namespace zbag {

// A leaf field of a track: what is known of its values.
struct SeenField {
  std::string name;  // dotted
  // Each that was met; `any` of what no other type says, a list without a value or of several
  // types.
  std::vector<FieldType> types = {};
  bool has_nil = false;

  void note(FieldType type);
};

// Those of one point. REQUIRES: the map was validated.
std::vector<SeenField> seen_fields(MapBytes point);
// Puts what two have seen of a track together.
void add_seen(std::vector<SeenField>& fields, std::vector<SeenField> more);

// What a field of a track means.
struct SchemaField {
  std::string name;  // in the track
  std::string role;  // in the kind; "markers.*" for each of those
  FieldType type;
  std::string unit;
  std::string frame;
  std::string means;
};

struct TrackSchema {
  static constexpr std::size_t kFieldsMax = 8'192;

  Kind kind;
  std::vector<SchemaField> fields;  // in the order of the kind; of those the track has

  // The first of that role; nullptr: the track has none.
  const SchemaField* find(std::string_view role) const;
};

// Why the track is no more of its kind with only those fields that `names` choose (see
// is_chosen_field()), in a sentence that says that its schema is left out; "": it still is.
std::string misfit_of_chosen(const std::string& track, const TrackSchema& schema,
                             const std::vector<std::string>& names);

// kUnsupported names the first field that is missing or of a type that the kind does not want.
Result<TrackSchema> fit(const Kind& kind, const std::vector<SeenField>& seen);

}  // namespace zbag
