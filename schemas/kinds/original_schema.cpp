#include "schemas/kinds/original_schema.hpp"

#include "schemas/field_lookup.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/kinds/track_about.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

std::string_view subject_of(std::string_view name) {
  for (const std::string_view about : {kSchemaTracks, kOriginalTracks, kAboutTracks}) {
    if (name.starts_with(about)) return name.substr(about.size());
  }
  return {};
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
