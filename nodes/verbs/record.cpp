#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <thread>

#include "bus/control.hpp"
#include "nodes/command.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "recorder/recorder.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  BusArguments bus;
  std::string output;
  std::string base_directory = "runs";
  std::vector<std::string> tracks;
  std::vector<std::string> excluded;
  bool with_broker = false;
  bool insecure = false;
  bool start_paused = false;
  bool stats = false;
  double duration_seconds = 0.0;
  double max_size_mb = 0.0;
  double max_duration_seconds = 0.0;
  std::int64_t max_files = 0;
  std::string sync = "100";
  std::optional<double> sync_idle_ms;
  double buffer_mb = 100.0;
  std::int64_t buffer_points = 1000;
  double flush_interval_seconds = 5.0;
  double min_free_mb = 1024.0;
  std::string compression = "lz4";
  std::string timestamps = "auto";
  std::string merge = "shallow";
  std::string late_merge = "merge";
  std::string on_overflow = "flush";
  std::vector<std::string> metadata;
};

template <class T>
Result<T> choose(const char* option, const std::string& text,
                 const std::vector<std::pair<const char*, T>>& choices) {
  std::string known;
  for (const auto& [name, value] : choices) {
    if (text == name) return value;
    known += known.empty() ? name : std::string(", ") + name;
  }
  return fail(ErrorCode::kInvalid, fmt::format("--{} {}: use one of {}", option, text, known));
}

Result<CompressionSpec> parse_compression(const std::string& text) {
  if (text == "none") return CompressionSpec{Compression::kNone, 0};
  if (text == "lz4") return CompressionSpec{Compression::kLz4, 0};
  if (text == "zstd") return CompressionSpec{Compression::kZstd, 3};
  if (text.starts_with("zstd:")) {
    int level = 0;
    const auto [end, error] = std::from_chars(text.data() + 5, text.data() + text.size(), level);
    if (error == std::errc() && end == text.data() + text.size() && level >= 1 && level <= 22)
      return CompressionSpec{Compression::kZstd, level};
  }
  return fail(
      ErrorCode::kInvalid,
      fmt::format("--compression {}: use none, lz4, zstd or zstd:LEVEL with LEVEL 1 to 22", text));
}

Result<std::optional<std::chrono::milliseconds>> parse_sync(const std::string& text) {
  if (text == "off") return std::optional<std::chrono::milliseconds>();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || *end != '\0' || !(value >= 1.0 && value <= 3'600'000.0)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("--sync {}: give milliseconds from 1 to 3600000, or off", text));
  }
  return std::optional(std::chrono::milliseconds(static_cast<std::int64_t>(value)));
}

Result<Fields> parse_metadata(const std::vector<std::string>& entries) {
  Fields fields;
  for (const std::string& entry : entries) {
    const std::size_t equals = entry.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(ErrorCode::kInvalid, fmt::format("--metadata {}: write KEY=VALUE", entry));
    fields.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return fields;
}

// What the run was asked for, kept in the bag.
Fields config_of(const Arguments& a) {
  return {{"track", a.tracks},
          {"exclude", a.excluded},
          {"with_broker", a.with_broker},
          {"max_size", a.max_size_mb},
          {"max_duration", a.max_duration_seconds},
          {"max_files", a.max_files},
          {"sync", a.sync},
          {"sync_idle", a.sync_idle_ms ? Value(*a.sync_idle_ms) : Value()},
          {"buffer_mb", a.buffer_mb},
          {"compression", a.compression},
          {"timestamps", a.timestamps},
          {"merge", a.merge},
          {"late_merge", a.late_merge},
          {"on_overflow", a.on_overflow},
          {"publish_to", a.bus.urls.publish_to},
          {"subscribe_to", a.bus.urls.subscribe_to}};
}

Status check_numbers(const Arguments& a) {
  struct Bounded {
    const char* option;
    double value;
    double low;
    double high;
  };
  for (const Bounded& number :
       {Bounded{"buffer-mb", a.buffer_mb, 1.0, 1e6},
        Bounded{"buffer-points", static_cast<double>(a.buffer_points), 1.0, 1e9},
        Bounded{"flush-interval", a.flush_interval_seconds, 0.001, 1e6},
        Bounded{"min-free", a.min_free_mb, 0.0, 1e12},
        Bounded{"sync-idle", a.sync_idle_ms.value_or(1.0), 1.0, 3'600'000.0},
        Bounded{"max-size", a.max_size_mb, 0.0, 1e9},
        Bounded{"max-files", static_cast<double>(a.max_files), 0.0, 1e6},
        Bounded{"max-duration", a.max_duration_seconds, 0.0, 1e9},
        Bounded{"duration", a.duration_seconds, 0.0, 1e9}}) {
    if (Status status = check_number(number.option, number.value, number.low, number.high); !status)
      return status;
  }
  if (a.max_size_mb > 0.0 && a.max_size_mb < 1.0)
    return fail(ErrorCode::kInvalid, "--max-size: a bag takes at least 1 MB; 0 never splits");
  return {};
}

SplitRules split_rules(const Arguments& a) {
  SplitRules rules;
  rules.bytes_max = static_cast<std::uint64_t>(a.max_size_mb * 1e6);
  if (a.max_duration_seconds > 0.0) {
    rules.age_max = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(a.max_duration_seconds));
  }
  rules.files_max = static_cast<std::size_t>(a.max_files);
  return rules;
}

Result<Recorder::Options> parse(const Arguments& a) {
  Recorder::Options options;
  const Result<TrackFilter> filter = TrackFilter::parse(a.tracks, a.excluded);
  if (!filter) return tl::unexpected(filter.error());
  const auto compression = parse_compression(a.compression);
  if (!compression) return tl::unexpected(compression.error());
  const auto sync = parse_sync(a.sync);
  if (!sync) return tl::unexpected(sync.error());
  const auto metadata = parse_metadata(a.metadata);
  if (!metadata) return tl::unexpected(metadata.error());
  const auto timestamps = choose<TimestampMode>("timestamps", a.timestamps,
                                                {{"auto", TimestampMode::kAuto},
                                                 {"warn", TimestampMode::kWarn},
                                                 {"require", TimestampMode::kRequire}});
  if (!timestamps) return tl::unexpected(timestamps.error());
  const auto merge = choose<MergeMode>("merge", a.merge,
                                       {{"shallow", MergeMode::kShallow},
                                        {"deep", MergeMode::kDeep},
                                        {"append", MergeMode::kAppend}});
  if (!merge) return tl::unexpected(merge.error());
  const auto late = choose<LateMerge>("late-merge", a.late_merge,
                                      {{"merge", LateMerge::kMerge},
                                       {"reject", LateMerge::kReject},
                                       {"append", LateMerge::kAppend}});
  if (!late) return tl::unexpected(late.error());
  const auto overflow = choose<Overflow>("on-overflow", a.on_overflow,
                                         {{"flush", Overflow::kFlush},
                                          {"block", Overflow::kBlock},
                                          {"drop-oldest", Overflow::kDropOldest},
                                          {"drop-newest", Overflow::kDropNewest}});
  if (!overflow) return tl::unexpected(overflow.error());
  if (Status numbers = check_numbers(a); !numbers) return tl::unexpected(numbers.error());

  Recording::Options& recording = options.recording;
  recording.intake.filter = *filter;
  recording.intake.timestamps = *timestamps;
  recording.intake.warn = [](const std::string& text) { warn("record", text); };
  options.open_storage = lmdb_storage({.compression = *compression});
  recording.storage.merge = *merge;
  recording.storage.late_merge = *late;
  recording.storage.min_free_bytes = static_cast<std::uint64_t>(a.min_free_mb * 1e6);
  recording.sync = *sync;
  if (a.sync_idle_ms)
    recording.sync_idle = std::chrono::milliseconds(static_cast<std::int64_t>(*a.sync_idle_ms));
  recording.buffer_bytes = static_cast<std::size_t>(a.buffer_mb * 1e6);
  // What is in memory when the disk fills up must still find room on it, once as it is and once
  // more for the pages LMDB copies.
  recording.storage.reserve_bytes = recording.buffer_bytes / 4 + (4u << 20);
  recording.storage.node = a.bus.name.empty() ? "record" : a.bus.name;
  recording.storage.config = config_of(a);
  recording.storage.metadata = *metadata;
  recording.points_max = static_cast<std::size_t>(a.buffer_points);
  recording.age_max =
      std::chrono::milliseconds(static_cast<std::int64_t>(a.flush_interval_seconds * 1000.0));
  recording.overflow = *overflow;
  recording.split = split_rules(a);
  options.urls = a.bus.urls;
  options.subscriptions = filter->subscriptions();
  options.with_broker = a.with_broker;
  options.insecure = a.insecure;
  options.start_paused = a.start_paused;
  if (a.duration_seconds > 0.0)
    options.duration = std::chrono::duration<double>(a.duration_seconds);
  options.name = recording.storage.node;
  options.warn = [](const std::string& text) { warn("record", text); };
  return options;
}

// runs/run_YYYYMMDD_HHMMSS/run.zbag, with a suffix when two runs begin in one second.
std::string default_output(const std::string& base) {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "run_%Y%m%d_%H%M%S", &utc);
  std::string folder = fmt::format("{}/{}", base, stamp);
  for (int i = 2; fs::exists(folder); ++i) folder = fmt::format("{}/{}_{}", base, stamp, i);
  return folder + "/run.zbag";
}

std::string lost_text(const std::optional<std::uint64_t>& lost) {
  return lost ? count_text(*lost) : "unknown";
}

// "12 (bad_timestamp 10, too_deep 2)"
template <std::size_t N, class Name>
std::string with_reasons(const std::array<std::uint64_t, N>& counts, Name name) {
  std::uint64_t sum = 0;
  std::string reasons;
  for (std::size_t i = 0; i < N; ++i) {
    sum += counts[i];
    if (counts[i] > 0)
      reasons +=
          fmt::format("{}{} {}", reasons.empty() ? " (" : ", ", name(i), count_text(counts[i]));
  }
  return count_text(sum) + (reasons.empty() ? "" : reasons + ")");
}

std::vector<std::string> stats_lines(const Recorder& recorder, const RecordingTotals& totals,
                                     const RecordingTotals& before, double seconds) {
  const Recording& recording = recorder.recording();
  struct statvfs disk {};
  ::statvfs(recording.path().c_str(), &disk);
  std::vector<std::string> lines;
  lines.push_back(fmt::format(
      "{}  {}  {} points{}  buffer {} of {}  disk left {}{}", recording.path(),
      fmt::format("{:.0f} s", recorder.seconds()), count_text(totals.fate.points),
      totals.bags > 1 ? fmt::format(" in {} bags", totals.bags) : "",
      bytes_text(recording.buffered_bytes()), bytes_text(recording.options().buffer_bytes),
      bytes_text(static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize),
      recorder.is_paused() ? "  PAUSED" : ""));
  lines.push_back(fmt::format("{}  {:>10}  {:>10}  {:>12}  {:>8}  {:>8}", fit("track", 32), "rate",
                              "bytes/s", "points", "merged", "lost"));
  constexpr std::size_t kTracksShown = 40;
  for (const auto& [name, track] : totals.tracks) {
    if (lines.size() == kTracksShown + 2) {
      lines.push_back(fmt::format("... and {} more tracks", totals.tracks.size() - kTracksShown));
      break;
    }
    const auto old = before.tracks.find(name);
    const RecordingTotals::TrackTotals zero;
    const RecordingTotals::TrackTotals& last = old == before.tracks.end() ? zero : old->second;
    lines.push_back(fmt::format(
        "{}  {:>7.1f} Hz  {:>8}/s  {:>12}  {:>8}  {:>8}", fit(name, 32),
        static_cast<double>(track.fate.received - last.fate.received) / seconds,
        bytes_text(
            static_cast<std::uint64_t>(static_cast<double>(track.bytes - last.bytes) / seconds)),
        count_text(track.fate.points), count_text(track.fate.merged),
        track.lost ? count_text(*track.lost) : "?"));
  }
  return lines;
}

Fields status_of(const Recorder& recorder) {
  const RecordingTotals totals = recorder.recording().totals();
  Fields fields{{"bag", recorder.recording().path()},  {"bags", totals.bags},
                {"bags_removed", totals.removed_bags}, {"seconds", recorder.seconds()},
                {"paused", recorder.is_paused()},      {"tracks", totals.tracks.size()}};
  for (auto& field : fate_fields(totals.fate)) fields.push_back(std::move(field));
  const std::optional<std::uint64_t> lost = totals.lost();
  fields.emplace_back("lost", lost ? Value(*lost) : Value());
  fields.emplace_back("buffer_bytes", recorder.recording().buffered_bytes());
  return fields;
}

// `recorder` is opened after the node has its name, and before it is asked anything.
std::vector<ControlOp> control_ops(const std::unique_ptr<Recorder>& recorder) {
  return {
      {"status", "what the recorder is doing",
       [&](const Fields&) -> Result<Value> { return Value(status_of(*recorder)); }},
      {"pause", "skip frames until resume",
       [&](const Fields&) -> Result<Value> {
         recorder->pause(true);
         return Value(Fields{{"paused", true}});
       }},
      {"resume", "record again",
       [&](const Fields&) -> Result<Value> {
         recorder->pause(false);
         return Value(Fields{{"paused", false}});
       }},
      {"flush", "write everything received so far; answers when it is durable",
       [&](const Fields&) -> Result<Value> {
         const Result<FlushResult> flushed = recorder->flush();
         if (!flushed) return tl::unexpected(flushed.error());
         return Value(Fields{{"points", flushed->count}});
       }},
      {"split", "go on in a new bag; answers when the present one is complete",
       [&](const Fields&) -> Result<Value> {
         const Result<FlushResult> split = recorder->split();
         if (!split) return tl::unexpected(split.error());
         const std::vector<std::string> kept = recorder->recording().paths();
         Fields answer{{"bag", kept.back()}};
         if (kept.size() > 1) answer.emplace_back("complete", kept[kept.size() - 2]);
         return Value(std::move(answer));
       }},
      {"stop", "stop as Ctrl-C does",
       [&](const Fields&) -> Result<Value> {
         recorder->stop();
         return Value(Fields{{"stopping", true}});
       }},
      {"metrics", "counters of writing",
       [&](const Fields&) -> Result<Value> {
         const RecordingTotals totals = recorder->recording().totals();
         return Value(Fields{{"commits", totals.commits},
                             {"block_bytes", totals.block_bytes},
                             {"buffer_bytes", recorder->recording().buffered_bytes()},
                             {"received", totals.fate.received},
                             {"points", totals.fate.points}});
       }},
  };
}

// "recorded day.zbag in 5.1 s, 569 kB", and what a split made of it.
void print_bags(const Recorder& recorder, const RecordingTotals& totals) {
  const std::vector<std::string> paths = recorder.recording().paths();
  std::uint64_t bytes = 0;
  for (const std::string& path : paths) {
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (!error) bytes += size;
  }
  const std::string names = paths.size() == 1 ? paths.front()
                                              : fmt::format("{} bags, {} to {},", paths.size(),
                                                            paths.front(), paths.back());
  say("recorded {} in {:.1f} s, {}\n", names, recorder.seconds(), bytes_text(bytes));
  if (totals.removed_bags > 0) {
    say("  {} older {} with {} points removed by --max-files\n", count_text(totals.removed_bags),
        totals.removed_bags == 1 ? "bag" : "bags", count_text(totals.removed_points));
  }
}

void print_summary(const Recorder& recorder, const RecordingTotals& totals) {
  const Fate& fate = totals.fate;
  print_bags(recorder, totals);
  say("  received {} = points {} + merged {} + refused {} + dropped {} + skipped {}\n",
      count_text(fate.received), count_text(fate.points), count_text(fate.merged),
      with_reasons(fate.refused,
                   [](std::size_t i) { return refusal_name(static_cast<Refusal>(i)); }),
      count_text(fate.dropped),
      with_reasons(fate.skipped, [](std::size_t i) { return skip_name(static_cast<Skip>(i)); }));
  say("  lost {}\n", lost_text(totals.lost()));
  for (const LossRecord& record : totals.publishers) {
    if (record.lost == 0 && record.missed_before == 0) continue;
    const std::string who =
        record.publisher.empty() ? fmt::format("{:016x}", record.src) : record.publisher;
    say("    {} {}: {} lost, {} sent before the recorder was there\n", who, record.track,
        count_text(record.lost), count_text(record.missed_before));
  }
  if (fate.overwritten > 0) {
    say("  {} values were overwritten by frames of equal _ts; record with --merge append to "
        "keep every frame\n",
        count_text(fate.overwritten));
  }
}

// Looks at signals and draws the live screen while the recorder runs.
void watch(Recorder& recorder, const Arguments& arguments, const std::stop_token& stop) {
  LiveScreen screen;
  RecordingTotals before;
  auto drawn = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    if (StopSignal::count() >= 1) recorder.stop();
    if (StopSignal::count() >= 2) recorder.hurry();
    const auto now = std::chrono::steady_clock::now();
    if (arguments.stats && now - drawn >= std::chrono::seconds(1)) {
      RecordingTotals totals = recorder.recording().totals();
      screen.draw(stats_lines(recorder, totals, before,
                              std::chrono::duration<double>(now - drawn).count()));
      before = std::move(totals);
      drawn = now;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

int run(Arguments arguments) {
  Result<Recorder::Options> options = parse(arguments);
  if (!options) return show("record", options.error());
  const std::string path =
      arguments.output.empty() ? default_output(arguments.base_directory) : arguments.output;
  std::error_code error;
  if (fs::exists(path, error))
    return show("record",
                {ErrorCode::kExists,
                 fmt::format("{} exists; zbag never overwrites a bag, choose another -o", path)});
  if (const fs::path parent = fs::path(path).parent_path(); !parent.empty())
    fs::create_directories(parent, error);

  Context context;
  // The name first: a node that cannot have its name leaves no bag behind.
  std::unique_ptr<Recorder> recorder_slot;
  const bool is_named = !arguments.bus.name.empty();
  Result<ControlServer> control = ControlServer::open(
      context, is_named ? arguments.bus.name : "record", !is_named, control_ops(recorder_slot));
  if (!control) return show("record", control.error());
  Result<std::unique_ptr<Recorder>> opened = Recorder::open(context, path, std::move(*options));
  if (!opened) return show("record", opened.error());
  recorder_slot = std::move(*opened);
  Recorder& recorder = *recorder_slot;
  std::jthread control_thread([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && control->poll(std::chrono::milliseconds(50))) {
    }
  });
  std::jthread watcher([&](const std::stop_token& stop) { watch(recorder, arguments, stop); });

  if (!arguments.bus.quiet)
    say("recording to {} as {} (stop: Ctrl-C, or zbag ctl {} stop)\n", path, control->name(),
        control->name());
  const Status status = recorder.run([](const BusUrls& urls) {
    say("ready publish-to={} subscribe-to={}\n", urls.publish_to, urls.subscribe_to);
  });
  watcher = {};
  control_thread = {};
  const RecordingTotals totals = recorder.recording().totals();
  if (!arguments.bus.quiet) print_summary(recorder, totals);
  if (!status) return show("record", status.error());
  const bool is_lossy =
      totals.fate.refused_total() > 0 || totals.fate.dropped > 0 || totals.lost().value_or(0) > 0;
  return is_lossy ? kExitLossy : kExitDone;
}

}  // namespace

Verb add_record(CLI::App& root) {
  CLI::App* const app = add_subcommand(root, "record", "Records the bus into a bag until stopped",
                                       "zbag record --with-broker -o day.zbag --stats");
  auto a = std::make_shared<Arguments>();
  app->add_option("-o,--output", a->output,
                  "Bag to write [runs/run_YYYYMMDD_HHMMSS/run.zbag]; never overwritten")
      ->type_name("BAG")
      ->capture_default_str();
  app->add_option("--base-directory", a->base_directory, "Folder of runs, without -o")
      ->type_name("DIR");
  app->add_option("--track", a->tracks, "Only tracks that match: * is one segment, ** any number")
      ->type_name("PATTERN");
  app->add_option("--exclude", a->excluded, "No tracks that match")->type_name("PATTERN");
  app->add_flag("--with-broker", a->with_broker,
                "Hosts the broker in this process: one command makes a usable bus");
  app->add_flag("--insecure", a->insecure,
                "With --with-broker: allow addresses that are not loopback");
  app->add_option("--duration", a->duration_seconds, "Stops after so many seconds; 0: when stopped")
      ->type_name("S");
  app->add_option("--max-size", a->max_size_mb,
                  "MB of one bag: then the recording goes on in NAME_0001, ...; 0: never")
      ->type_name("MB");
  app->add_option("--max-duration", a->max_duration_seconds,
                  "Seconds of one bag, likewise; 0: never")
      ->type_name("S");
  app->add_option("--max-files", a->max_files,
                  "Bags to keep, the oldest go; 0: all. --min-free still ends the recording")
      ->type_name("N");
  app->add_flag("--start-paused", a->start_paused, "Skips frames until: zbag ctl record resume");
  app->add_option("--sync", a->sync, "Milliseconds a crash may cost at most, or off")
      ->type_name("MS");
  app->add_option("--sync-idle", a->sync_idle_ms,
                  "The same while less than 64 KiB are pending: spares the disk of a slow robot")
      ->type_name("MS");
  app->add_option("--buffer-mb", a->buffer_mb,
                  "Memory for frames not yet written, in MB (10^6 bytes)")
      ->type_name("MB");
  app->add_option("--buffer-points", a->buffer_points,
                  "Points of one track that make it due, with --sync off")
      ->type_name("N");
  app->add_option("--flush-interval", a->flush_interval_seconds,
                  "Seconds after which a track is due, with --sync off")
      ->type_name("S");
  app->add_option("--min-free", a->min_free_mb, "MB of disk to leave free; recording stops there")
      ->type_name("MB");
  app->add_option("--compression", a->compression, "none, lz4, zstd or zstd:LEVEL")->type_name("C");
  app->add_option("--timestamps", a->timestamps,
                  "Frames without _ts: auto stamps them, warn says so, require refuses them")
      ->type_name("MODE");
  app->add_option("--merge", a->merge,
                  "Frames of equal _ts: shallow, deep, or append (keeps every frame)")
      ->type_name("MODE");
  app->add_option("--late-merge", a->late_merge,
                  "Frames for a point already written: merge, reject or append")
      ->type_name("MODE");
  app->add_option("--on-overflow", a->on_overflow,
                  "When memory is full: flush, block, drop-oldest or drop-newest")
      ->type_name("POLICY");
  app->add_option("--metadata", a->metadata, "Kept with the run; may be repeated")
      ->type_name("KEY=VALUE");
  app->add_flag("--stats", a->stats, "A live screen: rates, losses, buffer, disk left");
  add_bus_options(*app, a->bus);
  return {app, [a] { return run(*a); }};
}

}  // namespace zbag
