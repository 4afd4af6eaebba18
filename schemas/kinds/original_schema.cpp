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

namespace {

Value text_or_bytes(const std::string& text) {
  return is_utf8(text) ? Value(text) : Value(Binary{text});
}

std::optional<std::string> read_text_or_bytes(const Value& value) {
  if (const auto* const text = value.get_if<std::string>()) return *text;
  if (const auto* const bytes = value.get_if<Binary>()) return bytes->bytes;
  return std::nullopt;
}

}  // namespace

Fields written_original(const OriginalSchema& schema) {
  Fields fields{{"name", schema.name},
                {"encoding", schema.encoding},
                {"text", text_or_bytes(schema.text)},
                {"messages", schema.messages}};
  Fields metadata;
  for (const auto& [name, text] : schema.metadata) metadata.emplace_back(name, text_or_bytes(text));
  if (!metadata.empty()) fields.emplace_back("metadata", std::move(metadata));
  return fields;
}

std::optional<OriginalSchema> read_original(const Fields& fields) {
  OriginalSchema schema;
  for (const auto& [name, into] : {std::pair("name", &schema.name),
                                   {"encoding", &schema.encoding},
                                   {"text", &schema.text},
                                   {"messages", &schema.messages}}) {
    const Value* const value = find_field(fields, name);
    std::optional<std::string> text = value != nullptr ? read_text_or_bytes(*value) : std::nullopt;
    if (!text) return std::nullopt;
    *into = std::move(*text);
  }
  for (const auto& [name, value] : map_field(fields, "metadata")) {
    if (std::optional<std::string> text = read_text_or_bytes(value))
      schema.metadata.insert_or_assign(name, std::move(*text));
  }
  return schema;
}

}  // namespace zbag
