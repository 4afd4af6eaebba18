#include "nodes/diff_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nodes/brief_text.hpp"
#include "nodes/number_text.hpp"
#include "nodes/track_table.hpp"
#include "schemas/json_text.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/timestamp.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

std::vector<const TrackDiff*> worst_first(const BagDiff& diff) {
  std::vector<const TrackDiff*> tracks;
  for (const TrackDiff& track : diff.tracks) {
    if (!track.is_equal()) tracks.push_back(&track);
  }
  std::ranges::stable_sort(tracks, std::greater(), [](const TrackDiff* track) {
    return std::pair(track->differing(), track->uncompared);
  });
  return tracks;
}

// "ax 12 (by up to 0.5), mode 1", the fields that differ most often first, as many as fit.
std::string fields_text(const TrackDiff& track, std::size_t columns) {
  std::vector<std::string> parts;
  if (track.has_other_schema) parts.emplace_back("its schema");
  using Field = std::pair<std::string, FieldTally>;
  std::vector<Field> fields(track.fields.by_path().begin(), track.fields.by_path().end());
  std::ranges::stable_sort(fields, std::greater(),
                           [](const Field& field) { return field.second.points; });
  for (const auto& [path, tally] : fields) {
    const std::string by =
        std::isnan(tally.largest) ? "" : fmt::format(" (by up to {:.3g})", tally.largest);
    parts.push_back(fmt::format("{} {}{}", printable(path), count_text(tally.points), by));
  }
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string longer = text + (i == 0 ? "" : ", ") + parts[i];
    const std::string rest =
        i + 1 < parts.size() ? fmt::format(", {} more", parts.size() - i - 1) : "";
    if (i > 0 && columns_of(longer) + columns_of(rest) > columns)
      return fmt::format("{}, {} more", text, parts.size() - i);
    text = std::move(longer);
  }
  return columns_of(text) > columns ? shortened(text, columns) : text;
}

// What stands for a value, and its type where the other one would look alike.
std::string value_text(std::span<const std::uint8_t> value) {
  if (value.empty()) return "absent";
  std::string text;
  BriefText(text, 0).write(value);
  return text;
}

void add_item(std::string& out, const char* name, std::span<const std::uint8_t> value) {
  if (value.empty()) return;
  out += fmt::format(",\"{}\":", name);
  write_json_item(value, out, JsonDialect::kNeutral);
}

void add_member(std::string& out, const char* name, std::string_view text) {
  out += fmt::format(",\"{}\":", name);
  write_json_text(text, out);
}

void add_stamp(std::string& out, const char* name, Timestamp stamp) {
  out += fmt::format(",\"{}\":", name);
  write_json_float(stamp.seconds(), out);
}

Fields fields_of(const TrackDiff& track) {
  Fields fields;
  for (const auto& [path, tally] : track.fields.by_path()) {
    Fields one{{"points", tally.points}};
    if (!std::isnan(tally.largest)) one.emplace_back("largest", tally.largest);
    fields.emplace_back(path, std::move(one));
  }
  return {{"name", track.name},
          {"points_a", track.points_a},
          {"points_b", track.points_b},
          {"only_in_a", track.only_in_a},
          {"only_in_b", track.only_in_b},
          {"unlike", track.unlike},
          {"uncompared", track.uncompared},
          {"has_other_schema", track.has_other_schema},
          {"fields", std::move(fields)}};
}

}  // namespace

Line diff_head(const DiffedBags& bags, const BagDiff& diff) {
  const std::string tracks = amount_text(diff.tracks.size(), "track");
  if (diff.is_equal())
    return {{fmt::format("{} and {} are equal: {} in {}", bags.a, bags.b,
                         amount_text(diff.points_a(), "point"), tracks)}};
  const std::size_t unequal = worst_first(diff).size();
  const bool is_known = std::ranges::any_of(diff.tracks, [](const TrackDiff& track) {
    return track.differing() > 0 || track.has_other_schema;
  });
  Line line{{fmt::format("{} and {} ", bags.a, bags.b)},
            {is_known ? "differ" : "can not be compared whole", Tone::kBad},
            {fmt::format(": {} of {} and {}, in {} of {}", amount_text(diff.differing(), "point"),
                         count_text(diff.points_a()), count_text(diff.points_b()),
                         count_text(unequal), tracks)}};
  if (diff.uncompared() > 0 || diff.left_out > 0)
    line.push_back(
        {fmt::format("; {} not compared for damage", count_text(diff.uncompared())), Tone::kBad});
  return line;
}

std::vector<Line> diff_table(const BagDiff& diff, const std::optional<TerminalSize>& terminal,
                             std::size_t tracks_max) {
  const std::vector<const TrackDiff*> tracks = worst_first(diff);
  const bool has_uncompared = diff.uncompared() > 0;
  std::vector<TrackColumn> columns{
      {"in A", 2}, {"in B", 1}, {"only in A", 4}, {"only in B", 3}, {"differ", 6}};
  if (has_uncompared) columns.push_back({"unknown", 5});
  TrackTable table(std::move(columns), "fields");
  for (std::size_t i = 0; i < std::min(tracks.size(), tracks_max); ++i) {
    const TrackDiff& track = *tracks[i];
    std::vector<TrackCell> cells{count_cell(track.points_a), count_cell(track.points_b),
                                 count_cell(track.only_in_a, Tone::kBad),
                                 count_cell(track.only_in_b, Tone::kBad),
                                 count_cell(track.unlike, Tone::kBad)};
    if (has_uncompared) cells.push_back(count_cell(track.uncompared, Tone::kDoubtful));
    TrackTable::Tail tail;
    if (track.unlike > 0 || track.has_other_schema)
      tail = [&track](std::size_t width) { return fields_text(track, width); };
    table.add(track.name, std::move(cells), std::move(tail));
  }
  if (table.size() == 0) return {};
  std::vector<Line> lines = table.lines(terminal ? std::optional(terminal->columns) : std::nullopt);
  if (tracks.size() > tracks_max)
    lines.push_back({{fmt::format("and {}", amount_text(tracks.size() - tracks_max, "more track")),
                      Tone::kFaint}});
  return lines;
}

Line difference_line(const Difference& difference) {
  const std::string track = printable(difference.track);
  if (difference.of == Difference::Of::kOnlyInA || difference.of == Difference::Of::kOnlyInB) {
    const char* const bag = difference.of == Difference::Of::kOnlyInA ? "A" : "B";
    const std::string first = seconds_text(difference.first.seconds());
    if (difference.points == 1) return {{fmt::format("{} {}: only in {}", track, first, bag)}};
    return {{fmt::format("{} {} to {}: {} only in {}", track, first,
                         seconds_text(difference.last.seconds()),
                         amount_text(difference.points, "point"), bag)}};
  }
  std::string expected = value_text(difference.expected);
  std::string actual = value_text(difference.actual);
  if (expected == actual) {
    expected += fmt::format(" ({})", type_text(difference.expected));
    actual += fmt::format(" ({})", type_text(difference.actual));
  }
  const std::string where = difference.of == Difference::Of::kSchema
                                ? std::string("schema")
                                : seconds_text(difference.first.seconds());
  return {{fmt::format("{} {} {}: {} -> {}", track, where, printable(difference.field), expected,
                       actual)}};
}

std::string difference_json(const Difference& difference) {
  std::string out = "{\"track\":";
  write_json_text(difference.track, out);
  switch (difference.of) {
    case Difference::Of::kOnlyInA:
    case Difference::Of::kOnlyInB:
      add_member(out, "only_in", difference.of == Difference::Of::kOnlyInA ? "a" : "b");
      add_stamp(out, "start", difference.first);
      add_stamp(out, "end", difference.last);
      out += fmt::format(",\"points\":{}", difference.points);
      break;
    case Difference::Of::kField:
      add_stamp(out, "_ts", difference.first);
      add_member(out, "field", difference.field);
      break;
    case Difference::Of::kSchema:
      add_member(out, "schema_field", difference.field);
      break;
  }
  add_item(out, "expected", difference.expected);
  add_item(out, "actual", difference.actual);
  const bool has_both = !difference.expected.empty() && !difference.actual.empty();
  if (has_both && type_text(difference.expected) != type_text(difference.actual)) {
    add_member(out, "expected_type", type_text(difference.expected));
    add_member(out, "actual_type", type_text(difference.actual));
  }
  return out + "}";
}

Fields diff_fields(const DiffedBags& bags, const BagDiff& diff) {
  Array tracks;
  for (const TrackDiff& track : diff.tracks) tracks.emplace_back(fields_of(track));
  return {{"equal", diff.is_equal()},
          {"a", bags.a},
          {"b", bags.b},
          {"points_a", diff.points_a()},
          {"points_b", diff.points_b()},
          {"differing", diff.differing()},
          {"uncompared", diff.uncompared()},
          {"left_out", diff.left_out},
          {"tracks", std::move(tracks)}};
}

}  // namespace zbag
