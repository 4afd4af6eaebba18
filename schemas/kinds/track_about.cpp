#include "schemas/kinds/track_about.hpp"

#include "schemas/field_lookup.hpp"

namespace zbag {

Fields written_about(const TrackAbout& about) {
  return {{"description", about.description}, {"tags", about.tags}, {"metadata", about.metadata}};
}

std::optional<TrackAbout> read_about(const Fields& fields) {
  const auto* const description = field_as<std::string>(fields, "description");
  const auto* const tags = field_as<Array>(fields, "tags");
  const auto* const metadata = field_as<Fields>(fields, "metadata");
  if (description == nullptr || tags == nullptr || metadata == nullptr) return std::nullopt;
  TrackAbout about{*description, {}, *metadata};
  for (const Value& tag : *tags) {
    const auto* const text = tag.get_if<std::string>();
    if (text == nullptr) return std::nullopt;
    about.tags.push_back(*text);
  }
  return about;
}

}  // namespace zbag
