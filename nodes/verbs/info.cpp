#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>

#include "nodes/bag_paths.hpp"
#include "nodes/errors.hpp"
#include "nodes/number_text.hpp"
#include "nodes/outliers.hpp"
#include "nodes/terminal.hpp"
#include "nodes/time_text.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "recorder/bag/read/bag_reader.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/json_text.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> bags;
  bool json = false;
  bool quiet = false;
};

// Stamps may lie further apart than int64 nanoseconds reach.
double seconds_between(std::int64_t first, std::int64_t last) {
  std::int64_t span = 0;
  if (!__builtin_sub_overflow(last, first, &span)) return static_cast<double>(span) / 1e9;
  return static_cast<double>(last) / 1e9 - static_cast<double>(first) / 1e9;
}

// What the rules of names allow is shown whole, however long; nothing else reaches a terminal raw.
std::string name_text(const std::string& name) {
  return track_name_fault(name) == nullptr ? name : printable(name);
}

// "1 track", "2 tracks"
std::string amount(std::uint64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count_text(count), count == 1 ? one : many);
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

Array outlier_values(const BagReader& reader, const BagSummary& bag) {
  Array outliers;
  for (const Outliers& one : find_outliers(reader, bag)) {
    outliers.emplace_back(Fields{{"track", one.track},
                                 {"points", one.points},
                                 {"side", one.is_before ? "before" : "behind"},
                                 {"seconds", one.seconds},
                                 {"first_ts", one.first_ts},
                                 {"last_ts", one.last_ts}});
  }
  return outliers;
}

Fields bag_fields(const BagReader& reader, const BagSummary& bag) {
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
  for (const char* name : {"received", "merged", "kept_apart", "overwritten", "refused", "dropped"})
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
  fields.emplace_back("outliers", outlier_values(reader, bag));
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
  print("  points     {} in {}\n", count_text(bag.points()),
        amount(bag.tracks.size(), "track", "tracks"));
  const Fate fate = bag.fate();
  const Fields counted = fate_fields(fate);
  print(
      "  frames     received {} = points {}{} + merged {} + refused {}{} + dropped {} + skipped "
      "{}{}\n",
      count_text(fate.received), count_text(fate.points), kept_apart_text(fate.kept_apart),
      count_text(fate.merged), count_text(fate.refused_total()),
      reasons(map_field(counted, "refused")), count_text(fate.dropped),
      count_text(fate.skipped_total()), reasons(map_field(counted, "skipped")));
  print("  lost       {}\n",
        bag.lost() ? count_text(*bag.lost()) : "unknown (no publisher numbers its frames)");
  if (fate.overwritten > 0)
    print("  overwritten {} by frames of equal _ts (record --merge join keeps them all)\n",
          amount(fate.overwritten, "value", "values"));
  const auto open_runs = static_cast<std::uint64_t>(
      std::count_if(bag.runs.begin(), bag.runs.end(), [](const auto& run) { return !run.closed; }));
  if (open_runs > 0 && !is_being_written(bag.path))
    print("  not closed {} (a kill or a power loss: what is here is whole)\n",
          amount(open_runs, "run", "runs"));
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

// "ax float64, ay float64", as many as `columns` hold; how many are left out stands behind.
std::string fields_text(const TrackRecord& track, std::size_t columns) {
  std::string text;
  std::size_t left = track.fields.size();
  for (const auto& [field, types] : track.fields) {
    const std::string one =
        fmt::format("{}{} {}", text.empty() ? "" : ", ", printable(field), types_of(types));
    const std::string rest = left > 1 ? fmt::format(", ... {} more", left) : "";
    if (columns_of(text) + columns_of(one) + columns_of(rest) > columns)
      return text.empty() ? shortened(one, columns) : text + fmt::format(", ... {} more", left);
    text += one;
    --left;
  }
  return text;
}

// One line a track. On a terminal names and fields are cut to its width, where two names stay
// different; in a pipe nothing is cut.
void print_tracks(const BagSummary& bag) {
  if (bag.tracks.empty()) return;
  const bool has_overwritten = bag.fate().overwritten > 0;
  const std::string overwritten = has_overwritten ? fmt::format("  {:>11}", "overwritten") : "";
  std::vector<std::string> names{"track"};
  std::vector<std::string> numbers{fmt::format("  {:>10}  {:>10}  {:>9}  {:>6}{}", "points", "rate",
                                               "bytes", "lost", overwritten)};
  for (const TrackRecord& track : bag.tracks) {
    names.push_back(name_text(track.name));
    numbers.push_back(fmt::format(
        "  {:>10}  {:>7.1f} Hz  {:>9}  {:>6}{}", count_text(track.total()), rate_of(track),
        bytes_text(track.bytes), track.lost ? count_text(*track.lost) : "?",
        has_overwritten ? fmt::format("  {:>11}", count_text(track.fate.overwritten)) : ""));
  }
  constexpr std::size_t kUncut = 1'000'000;
  constexpr std::size_t kFieldsMin = 12;  // columns; fewer say nothing
  const std::size_t width = terminal_columns(STDOUT_FILENO).value_or(kUncut);
  const std::size_t taken = 2 + columns_of(numbers.front());
  const std::vector<std::string> shown = told_apart(names, width > taken ? width - taken : 1);
  const std::size_t used = taken + columns_of(shown.front()) + 2;
  const bool has_fields = width >= used + kFieldsMin;
  print("\n");
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const std::string fields = i == 0       ? "fields"
                               : has_fields ? fields_text(bag.tracks[i - 1], width - used)
                                            : "";
    print("  {}{}{}\n", shown[i], numbers[i], has_fields ? "  " + fields : "");
  }
}

void print_losses(const BagSummary& bag) {
  for (const LossRecord& loss : bag.losses) {
    if (loss.lost == 0 && loss.missed_before == 0) continue;
    print("  loss: {} of {}: {} lost, {} sent before the recorder was there\n",
          name_text(loss.track),
          loss.publisher.empty() ? fmt::format("{:016x}", loss.src) : printable(loss.publisher),
          count_text(loss.lost), count_text(loss.missed_before));
  }
}

int run(const Arguments& arguments) {
  const Result<BagPaths> bags = find_bags(arguments.bags);
  if (!bags) return show("info", bags.error());
  int exit_code = kExitDone;
  std::string json;
  for (const std::string& path : bags->paths) {
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
      write_json(Value(bag_fields(*reader, *summary)), json);
    } else if (!arguments.quiet) {
      print_head(*summary);
      print_tracks(*summary);
      print_losses(*summary);
      for (const Outliers& outliers : find_outliers(*reader, *summary))
        print("  far from the rest: {}\n", outliers.text());
    }
  }
  if (arguments.json) print("{}\n", bags->is_list ? "[" + json + "]" : json);
  return exit_code;
}

}  // namespace

Verb add_info(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(
      root, "info", "Shows what bags hold and what became of every frame", "zbag info day.zbag");
  auto a = std::make_shared<Arguments>();
  add_bags(*options, a->bags, "Bags to look at");
  options->add_flag("--json", a->json, "Prints JSON");
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
