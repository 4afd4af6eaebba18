#include "schemas/kinds/original_schema.hpp"

#include "schemas/field_lookup.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/kinds/track_about.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

bool is_about_a_track(std::string_view name) {
  return name.starts_with(kSchemaTracks) || name.starts_with(kOriginalTracks) ||
         name.starts_with(kAboutTracks);
}

Fields written_original(const OriginalSchema& schema) {
  return {{"name", schema.name},
          {"encoding", schema.encoding},
          {"text", is_utf8(schema.text) ? Value(schema.text) : Value(Binary{schema.text})},
          {"messages", schema.messages}};
}

std::optional<OriginalSchema> read_original(const Fields& fields) {
  OriginalSchema schema;
  for (const auto& [name, into] : {std::pair("name", &schema.name),
                                   {"encoding", &schema.encoding},
                                   {"text", &schema.text},
                                   {"messages", &schema.messages}}) {
    const auto* const text = field_as<std::string>(fields, name);
    const auto* const bytes = field_as<Binary>(fields, name);
    if (text == nullptr && bytes == nullptr) return std::nullopt;
    *into = text != nullptr ? *text : bytes->bytes;
  }
  return schema;
}

}  // namespace zbag
