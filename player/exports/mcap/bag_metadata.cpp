#include "player/exports/mcap/bag_metadata.hpp"

#include <algorithm>
#include <string>

#include "schemas/json_text.hpp"
#include "schemas/timestamp.hpp"

namespace zbag {
namespace {

// A text as it is, all else as JSON.
std::string text_of_value(const Value& value) {
  if (const auto* const text = value.get_if<std::string>()) return *text;
  std::string json;
  write_json(value, json);
  return json;
}

McapTexts metadata_of(const BagSummary& bag, const RunRecord& run) {
  McapTexts texts;
  for (const auto& [name, value] : run.metadata) texts[name] = text_of_value(value);
  texts["bag"] = bag.path;
  texts["run"] = std::to_string(run.id);
  texts["start"] = seconds_text(run.start);
  if (run.end) texts["end"] = seconds_text(*run.end);
  texts["closed"] = run.closed ? "true" : "false";
  texts["host"] = run.host;
  texts["version"] = run.version;
  texts["config"] = text_of_value(run.config);
  return texts;
}

Fields statistics_of(const TrackRecord& track) {
  Fields fields{{"points", track.total()}, {"bytes", track.bytes}};
  if (track.first && track.last) {
    fields.emplace_back("first", seconds_of_key(*track.first));
    fields.emplace_back("last", seconds_of_key(*track.last));
    fields.emplace_back("rate", track.rate().value_or(0.0));
  }
  fields.emplace_back("lost", track.lost ? Value(*track.lost) : Value());
  fields.emplace_back("fate", fate_fields(track.fate));
  return fields;
}

McapTexts statistics_of(const BagSummary& bag) {
  Fields tracks;
  for (const TrackRecord& track : bag.tracks) tracks.emplace_back(track.name, statistics_of(track));
  McapTexts texts;
  for (const auto& [name, value] : fate_fields(bag.fate())) texts[name] = text_of_value(value);
  texts["bag"] = bag.path;
  texts["creator"] = bag.bag.creator;
  texts["points"] = std::to_string(bag.points());
  texts["lost"] = text_of_value(bag.lost() ? Value(*bag.lost()) : Value());
  texts["tracks"] = text_of_value(tracks);
  return texts;
}

}  // namespace

Status add_bag_metadata(const ExportSource& source, McapWriter& mcap) {
  for (const BagSummary& bag : source.bags()) {
    for (const RunRecord& run : bag.runs) {
      if (Status added = mcap.add_metadata("run_metadata", metadata_of(bag, run)); !added)
        return added;
    }
    if (Status added = mcap.add_metadata("run_statistics", statistics_of(bag)); !added)
      return added;
  }
  double created = 0.0;  // no time is kept of attachments themselves
  for (const BagSummary& bag : source.bags()) created = std::max(created, bag.bag.created);
  const std::int64_t time_ns = Timestamp::from_seconds(created).value_or(Timestamp()).ns();
  return source.each_attachment([&](std::string_view name, std::string_view content) {
    return mcap.add_attachment(
        {static_cast<std::uint64_t>(time_ns), std::string(name), "application/octet-stream"},
        content);
  });
}

}  // namespace zbag
