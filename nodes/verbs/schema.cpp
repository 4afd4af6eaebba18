#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>

#include "nodes/choice.hpp"
#include "nodes/errors.hpp"
#include "nodes/fit_text.hpp"
#include "nodes/kind_argument.hpp"
#include "nodes/nearest.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/read/track_schema.hpp"
#include "recorder/bag/upkeep/set_schema.hpp"
#include "schemas/json_text.hpp"
#include "schemas/kinds/known_kinds.hpp"
#include "schemas/kinds/schema_point.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::string bag;
  std::string track;
  std::string kind;
  bool json = false;
  bool quiet = false;
};

void print_as_json(const Fields& fields) {
  std::string text;
  write_json(Value(fields), text);
  print("{}\n", text);
}

// The kinds of all tracks that have one.
int show_kinds(const BagReader& reader, const BagSummary& bag, const Arguments& arguments) {
  int exit_code = kExitDone;
  Fields kinds;
  for (const TrackRecord& track : bag.tracks) {
    if (is_system_track(track.name)) continue;
    const Result<std::optional<Kind>> kind = kind_of(reader, track.name);
    if (!kind) exit_code = show("schema", kind.error());
    if (!kind || !*kind) continue;
    kinds.emplace_back(track.name, (*kind)->name);
    if (!arguments.json) print("{}: {}\n", printable(track.name), printable((*kind)->name));
  }
  if (arguments.json) print_as_json(kinds);
  if (kinds.empty() && !arguments.json && !arguments.quiet)
    say("no track of {} has a schema; zbag schema {} TRACK KIND sets one\n", arguments.bag,
        arguments.bag);
  return exit_code;
}

Fields json_of(const TrackSchema& schema) {
  Fields fields;
  for (const SchemaField& field : schema.fields)
    fields.emplace_back(field.name, Fields{{"role", field.role},
                                           {"type", field.type.text()},
                                           {"unit", field.unit},
                                           {"frame", field.frame},
                                           {"means", field.means}});
  return {{"kind", schema.kind.name}, {"means", schema.kind.means}, {"fields", std::move(fields)}};
}

void print_table(const std::vector<SchemaField>& fields) {
  std::vector<std::array<std::string, 3>> rows;
  std::array<std::size_t, 3> widths{};
  for (const SchemaField& field : fields) {
    rows.push_back({printable(field.name), field.type.text(),
                    field.unit.empty() ? "-" : printable(field.unit)});
    for (std::size_t n = 0; n < widths.size(); ++n)
      widths[n] = std::max(widths[n], columns_of(rows.back()[n]));
  }
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const SchemaField& field = fields[n];
    std::string line = " ";
    for (std::size_t at = 0; at < widths.size(); ++at)
      line += " " + rows[n][at] + std::string(widths[at] - columns_of(rows[n][at]) + 1, ' ');
    print("{} {}{}\n", line, printable(field.means),
          field.frame.empty() ? "" : fmt::format(" ({})", printable(field.frame)));
  }
}

// What zbag knows without a bag: the kinds.
int list_kinds(const Arguments& arguments) {
  Fields kinds;
  std::size_t width = 0;
  for (const std::string& name : known_kinds()) {
    kinds.emplace_back(name, known_kind(name).value().means);
    width = std::max(width, columns_of(name));
  }
  if (arguments.json) print_as_json(kinds);
  for (const auto& [name, means] : kinds) {
    if (!arguments.json) print("{}  {}\n", fit(name, width), *means.get_if<std::string>());
  }
  if (!arguments.json && !arguments.quiet)
    say("zbag schema KIND shows the fields of one; zbag schema BAG TRACK KIND sets it\n");
  return kExitDone;
}

// The fields of a kind as it is, with their other names.
int show_kind(const Kind& kind, const Arguments& arguments) {
  if (arguments.json) {
    print_as_json(written_kind(kind));
    return kExitDone;
  }
  print("{}: {}\n", printable(kind.name), printable(kind.means));
  std::vector<SchemaField> fields;
  for (const KindField& field : kind.fields) {
    std::string means = field.means;
    if (field.is_required) means += "; required";
    std::vector<std::string> others;
    for (const KindField::Alias& also : field.also)
      others.push_back(also.unit == field.unit ? also.name
                                               : fmt::format("{} ({})", also.name, also.unit));
    if (!others.empty()) means += fmt::format("; also {}", fmt::join(others, ", "));
    SchemaField& shown = fields.emplace_back();
    shown.name = field.name;
    shown.type = field.type;
    shown.unit = field.unit;
    shown.frame = field.frame;
    shown.means = std::move(means);
  }
  print_table(fields);
  return kExitDone;
}

// The kind that BAG names, where that is no bag; nullopt: it is one, or nobody knows.
std::optional<Result<Kind>> kind_instead(const std::string& name) {
  std::error_code error;
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return read_kind(name);
  const bool may_be_bag = std::filesystem::exists(name, error) ||
                          std::filesystem::exists(name + ".zbag", error) ||
                          name.find('/') != std::string::npos;
  if (may_be_bag) return std::nullopt;
  Result<Kind> kind = known_kind(name);
  if (kind) return kind;
  const std::string hint = nearest_hint(name, known_kinds());
  if (hint.empty()) return std::nullopt;
  return Result<Kind>(
      fail(ErrorCode::kNotFound,
           fmt::format("there is neither a bag nor a kind {}{}", printable(name), hint)));
}

// What the fields of one track mean.
int show_fields(const BagReader& reader, const Arguments& arguments) {
  const Result<std::optional<TrackSchema>> schema = schema_of(reader, arguments.track);
  if (!schema) return show("schema", schema.error());
  if (!*schema)
    return show("schema", {ErrorCode::kNotFound,
                           fmt::format("track {} has no schema; zbag schema {} {} KIND sets one",
                                       printable(arguments.track), arguments.bag,
                                       printable(arguments.track))});
  if (arguments.json) {
    print_as_json(json_of(**schema));
    return kExitDone;
  }
  const Kind& kind = (*schema)->kind;
  print("{}: {}\n", printable(kind.name), printable(kind.means));
  print_table((*schema)->fields);
  return kExitDone;
}

Status check_track(const BagSummary& bag, const std::string& track) {
  std::vector<std::string> tracks;
  for (const TrackRecord& one : bag.tracks) tracks.push_back(one.name);
  if (std::ranges::find(tracks, track) != tracks.end()) return {};
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no track {}{}", printable(track), nearest_hint(track, tracks)));
}

int set_kind(const Arguments& arguments) {
  const Result<Kind> kind = read_kind(arguments.kind);
  if (!kind) return show("schema", kind.error());
  if (const Status set = set_schema(arguments.bag, arguments.track, *kind); !set)
    return show("schema", set.error());
  if (!arguments.quiet)
    say("{}: {} is {}\n", arguments.bag, printable(arguments.track), printable(kind->name));
  return kExitDone;
}

// Of what is there; where a kind is to be set, whether the track is. Lets go of the bag.
int look_at(const Arguments& arguments) {
  const Result<BagReader> reader = BagReader::open(arguments.bag);
  if (!reader) return show("schema", reader.error());
  const Result<BagSummary> bag = reader->summary();
  if (!bag) return show("schema", bag.error());
  if (arguments.track.empty()) return show_kinds(*reader, *bag, arguments);
  if (const Status track = check_track(*bag, arguments.track); !track)
    return show_unchosen("schema", track.error());
  return arguments.kind.empty() ? show_fields(*reader, arguments) : kExitDone;
}

int run(const Arguments& arguments) {
  if (arguments.bag.empty()) return list_kinds(arguments);
  const auto kind = arguments.track.empty() ? kind_instead(arguments.bag) : std::nullopt;
  if (kind) return *kind ? show_kind(**kind, arguments) : show("schema", kind->error());
  const int seen = look_at(arguments);
  return seen != kExitDone || arguments.kind.empty() ? seen : set_kind(arguments);
}

}  // namespace

Verb add_schema(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "schema", "Shows what the fields of a bag's tracks mean, or says it of one",
      "zbag schema day.zbag robot/imu imu");
  auto a = std::make_shared<Arguments>();
  options->add("BAG", a->bag, option_type::any_text("BAG"),
               "Bag to look at; with KIND it is written, and must not be recorded. A kind in its "
               "place shows that; without it, all kinds");
  options->add("TRACK", a->track, option_type::track_name("TRACK"),
               "Shows its fields with units and frames; without it, every track that has a kind");
  options->add("KIND", a->kind, option_type::any_text("KIND"),
               "Sets it: one of those below, or a file of YAML of that form");
  options->begin(OptionGroup::kOutput);
  options->add_flag("--json", a->json, "Prints JSON");
  options->add_loudness(a->quiet);
  options->explain({"Kinds", {{"zbag knows", known_kinds_text()}}});
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
