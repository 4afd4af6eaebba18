#include <fmt/format.h>
#include <fmt/ranges.h>

#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> bags;
  bool json = false;
  bool quiet = false;
};

double seconds_between(std::int64_t first, std::int64_t last) {
  return static_cast<double>(last - first) / 1e9;
}

double rate_of(const TrackRecord& track) {
  if (!track.first || track.total() < 2 || *track.first == *track.last) return 0.0;
  return static_cast<double>(track.total() - 1) / seconds_between(*track.first, *track.last);
}

std::string types_of(const std::set<std::string>& types) {
  return fmt::format("{}", fmt::join(types, "|"));
}

Value lost_value(const std::optional<std::uint64_t>& lost) { return lost ? Value(*lost) : Value(); }

Fields track_fields(const TrackRecord& track) {
  Fields types;
  for (const auto& [field, seen] : track.fields) types.emplace_back(field, types_of(seen));
  Fields fields{
      {"name", track.name}, {"points", track.total()}, {"late_points", track.late_points}};
  fields.emplace_back("first_ts", track.first ? Value(seconds_of_key(*track.first)) : Value());
  fields.emplace_back("last_ts", track.last ? Value(seconds_of_key(*track.last)) : Value());
  fields.emplace_back("rate_hz", rate_of(track));
  fields.emplace_back("bytes", track.bytes);
  fields.emplace_back("fields", std::move(types));
  fields.emplace_back("lost", lost_value(track.lost));
  fields.emplace_back("missed_before", track.missed_before);
  for (auto& [name, value] : fate_fields(track.fate)) {
    if (name != "points") fields.emplace_back(name, std::move(value));
  }
  return fields;
}

Fields bag_fields(const BagSummary& bag) {
  const Fate fate = bag.fate();
  const std::optional<Timestamp> start = bag.start();
  const std::optional<Timestamp> end = bag.end();
  Fields fields{{"path", bag.path},
                {"format_version", bag.bag.format},
                {"size_bytes", bag.size_bytes},
                {"creator", bag.bag.creator}};
  fields.emplace_back("start", start ? Value(start->seconds()) : Value());
  fields.emplace_back("end", end ? Value(end->seconds()) : Value());
  fields.emplace_back("duration", start ? seconds_between(start->ns(), end->ns()) : 0.0);
  fields.emplace_back("points", bag.points());
  const Fields counted = fate_fields(fate);
  for (const char* name : {"received", "merged", "overwritten", "refused", "dropped"})
    fields.emplace_back(name, *find_field(counted, name));
  fields.emplace_back("skipped", fate.skipped_total());
  fields.emplace_back("skipped_by_reason", *find_field(counted, "skipped"));
  fields.emplace_back("lost", lost_value(bag.lost()));
  Array runs;
  for (const RunRecord& run : bag.runs) {
    Fields one{{"id", run.id},
               {"start", run.start},
               {"end", run.end ? Value(*run.end) : Value()},
               {"status", run.closed ? "closed" : "open"},
               {"host", run.host},
               {"version", run.version},
               {"config", run.config},
               {"metadata", run.metadata}};
    runs.emplace_back(std::move(one));
  }
  fields.emplace_back("runs", std::move(runs));
  Array publishers;
  for (const LossRecord& loss : bag.losses) {
    publishers.emplace_back(Fields{{"publisher", loss.publisher},
                                   {"src", fmt::format("{:016x}", loss.src)},
                                   {"track", loss.track},
                                   {"received", loss.received},
                                   {"lost", loss.lost},
                                   {"missed_before", loss.missed_before}});
  }
  fields.emplace_back("publishers", std::move(publishers));
  Array tracks;
  for (const TrackRecord& track : bag.tracks) tracks.emplace_back(track_fields(track));
  fields.emplace_back("tracks", std::move(tracks));
  return fields;
}

std::string reasons(const Fields& counts) {
  std::string text;
  for (const auto& [name, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? " (" : ", ", name,
                        count_text(*count.get_if<std::uint64_t>()));
  return text.empty() ? text : text + ")";
}

void print_head(const BagSummary& bag) {
  const std::optional<Timestamp> start = bag.start();
  const std::optional<Timestamp> end = bag.end();
  print("{}\n", bag.path);
  print("  size       {}, format {}, by {}\n", bytes_text(bag.size_bytes), bag.bag.format,
        bag.bag.creator);
  if (start) {
    print("  start      {}  ({})\n  end        {}  ({})\n  duration   {}\n",
          iso_text(start->seconds()), seconds_text(start->seconds()), iso_text(end->seconds()),
          seconds_text(end->seconds()), duration_text(seconds_between(start->ns(), end->ns())));
  }
  print("  points     {} in {} tracks\n", count_text(bag.points()), bag.tracks.size());
  const Fate fate = bag.fate();
  const Fields counted = fate_fields(fate);
  print(
      "  frames     received {} = points {} + merged {} + refused {}{} + dropped {} + skipped "
      "{}{}\n",
      count_text(fate.received), count_text(fate.points), count_text(fate.merged),
      count_text(fate.refused_total()), reasons(map_field(counted, "refused")),
      count_text(fate.dropped), count_text(fate.skipped_total()),
      reasons(map_field(counted, "skipped")));
  print("  lost       {}\n",
        bag.lost() ? count_text(*bag.lost()) : "unknown (no publisher numbers its frames)");
  if (fate.overwritten > 0)
    print(
        "  overwritten {} values by frames of equal _ts (record --merge append keeps every "
        "frame)\n",
        count_text(fate.overwritten));
  for (const RunRecord& run : bag.runs) {
    print("  run {:<6} {} {} on {}{}\n", run.id, iso_text(run.start),
          run.closed ? fmt::format("to {}", iso_text(run.end.value_or(run.start))) : "not closed",
          run.host,
          bag.writer && !run.closed && &run == &bag.runs.back()
              ? fmt::format(" (writer: {} pid {})", bag.writer->node, bag.writer->pid)
              : "");
    for (const auto& [key, value] : run.metadata) {
      std::string text;
      write_json(value, text);
      print("    {} = {}\n", key, text);
    }
  }
}

void print_tracks(const BagSummary& bag) {
  if (bag.tracks.empty()) return;
  std::size_t width = 5;
  for (const TrackRecord& track : bag.tracks)
    width = std::min<std::size_t>(40, std::max(width, track.name.size()));
  print("\n  {}  {:>10}  {:>9}  {:>9}  {:>6}  fields\n", fit("track", width), "points", "rate",
        "bytes", "lost");
  for (const TrackRecord& track : bag.tracks) {
    std::string fields;
    constexpr std::size_t kFieldsShown = 6;
    std::size_t shown = 0;
    for (const auto& [field, types] : track.fields) {
      if (shown++ == kFieldsShown) {
        fields += fmt::format(", ... {} more", track.fields.size() - kFieldsShown);
        break;
      }
      fields += fmt::format("{}{} {}", fields.empty() ? "" : ", ", field, types_of(types));
    }
    print("  {}  {:>10}  {:>6.1f} Hz  {:>9}  {:>6}  {}\n", fit(track.name, width),
          count_text(track.total()), rate_of(track), bytes_text(track.bytes),
          track.lost ? count_text(*track.lost) : "?", fields);
  }
  for (const LossRecord& loss : bag.losses) {
    if (loss.lost == 0 && loss.missed_before == 0) continue;
    print("  loss: {} of {}: {} lost, {} sent before the recorder was there\n", loss.track,
          loss.publisher.empty() ? fmt::format("{:016x}", loss.src) : loss.publisher,
          count_text(loss.lost), count_text(loss.missed_before));
  }
}

int run(const Arguments& arguments) {
  int exit_code = kExitDone;
  std::string json;
  for (const std::string& path : arguments.bags) {
    const Result<BagReader> reader = BagReader::open(path);
    const Result<BagSummary> summary =
        reader ? reader->summary() : Result<BagSummary>(tl::unexpected(reader.error()));
    if (!summary) {
      exit_code = std::max(exit_code, show("info", summary.error()));
      continue;
    }
    if (const Status whole = summary->whole(); !whole)
      exit_code = std::max(exit_code, show("info", whole.error()));
    if (arguments.json) {
      if (!json.empty()) json += ',';
      write_json(Value(bag_fields(*summary)), json);
    } else if (!arguments.quiet) {
      print_head(*summary);
      print_tracks(*summary);
    }
  }
  if (arguments.json) print("{}\n", arguments.bags.size() == 1 ? json : "[" + json + "]");
  return exit_code;
}

}  // namespace

Verb add_info(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "info", "Shows what bags hold and what became of every frame", "zbag info day.zbag");
  auto a = std::make_shared<Arguments>();
  options->add_list("BAG", a->bags, option_type::any_text("BAG"), "Bags to look at").required();
  options->add_flag("--json", a->json, "Prints JSON");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
