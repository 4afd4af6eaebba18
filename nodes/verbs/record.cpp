#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <filesystem>

#include "nodes/bus_error.hpp"
#include "nodes/errors.hpp"
#include "nodes/kind_argument.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/node.hpp"
#include "nodes/output_path.hpp"
#include "nodes/recorder_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/timings_options.hpp"
#include "nodes/unheard.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/exports/output_file.hpp"
#include "recorder/recorder.hpp"
#include "recorder/storage/schema_storage.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  BusArguments bus;
  Recorder::Options recorder;
  BagOptions bag;
  std::optional<std::string> output;
  std::string base_directory = "runs";
  std::vector<std::string> tracks;
  std::vector<std::string> excluded;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<std::pair<std::string, std::string>> schemas;
  TimingsArguments timings;
  bool stats = false;
  bool resume = false;

  Arguments() {
    // Whoever writes bags by the library says what the disk is for; a recorder leaves room on it.
    recorder.recording.storage.min_free_bytes = 1'024'000'000;
  }
};

// What --schema says. kInvalid, kNotFound.
Result<SchemaKinds> kinds_of(const Arguments& arguments) {
  SchemaKinds kinds;
  for (const auto& [name, word] : arguments.schemas) {
    const Result<TrackName> track = TrackName::parse(plain_name(name));
    if (!track) return tl::unexpected(track.error());
    Result<Kind> kind = read_kind(word);
    if (!kind) return tl::unexpected(kind.error());
    kinds.insert_or_assign(track->str(), std::move(*kind));
  }
  return kinds;
}

// What the options, which are in their places already, do not say themselves.
Result<Recorder::Options> recorder_options(const Arguments& a, const OptionTable& table,
                                           std::atomic<bool>& has_misfits) {
  Recorder::Options options = a.recorder;
  const Result<TrackFilter> filter = TrackFilter::parse(a.tracks, a.excluded);
  if (!filter) return tl::unexpected(filter.error());
  options.name = a.bus.name.empty() ? "record" : a.bus.name;
  options.urls = a.bus.urls;
  options.subscriptions = filter->subscriptions();
  options.warn = [](const std::string& text) { warn("record", text); };
  const Result<SchemaKinds> kinds = kinds_of(a);
  if (!kinds) return tl::unexpected(kinds.error());
  options.open_storage =
      with_schemas(lmdb_storage(a.bag), *kinds, [&has_misfits](const std::string& text) {
        has_misfits = true;
        warn("record", text);
      });
  Recording::Options& recording = options.recording;
  recording.intake.filter = *filter;
  recording.intake.warn = options.warn;
  // What is in memory when the disk fills up must still find room on it, once as it is and once
  // more for the pages LMDB copies.
  recording.storage.reserve_bytes = recording.buffer_bytes / 4 + (4u << 20);
  recording.storage.node = options.name;
  recording.storage.config = table.run_configuration();
  for (const auto& [key, value] : a.metadata) recording.storage.metadata.emplace_back(key, value);
  return options;
}

// The bag to write, whose folder is there then. kExists: it would have to be overwritten.
Result<std::string> output_of(const Arguments& arguments) {
  const std::time_t now = std::time(nullptr);
  if (arguments.resume && !arguments.output)
    return fail(ErrorCode::kInvalid, "--resume goes on in a bag: name it with -o");
  Result<std::string> path = arguments.output ? expand_output(*arguments.output, now)
                                              : default_output(arguments.base_directory, now);
  if (!path) return path;
  if (arguments.resume && *path != *arguments.output) {
    return fail(ErrorCode::kInvalid,
                fmt::format("-o {}: --resume goes on in one bag, which {{time}} and {{n}} would "
                            "name anew each time: write its name",
                            *arguments.output));
  }
  if (Status status = check_output(*path, arguments.resume); !status)
    return tl::unexpected(status.error());
  if (const auto made = make_output_folder(fs::path(*path).parent_path().string()); !made)
    return tl::unexpected(made.error());
  return path;
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

// All that came, whether or not it is recorded.
std::vector<std::string> heard_by(const Recording& recording, const RecordingTotals& totals) {
  std::vector<std::string> tracks = recording.intake().left_out();
  for (const auto& [name, track] : totals.tracks) tracks.push_back(name);
  return tracks;
}

// Whether a track of --schema never came.
bool warn_of_absent(const std::vector<std::pair<std::string, std::string>>& schemas,
                    const RecordingTotals& totals) {
  bool is_absent = false;
  for (const auto& [track, kind] : schemas) {
    if (totals.tracks.contains(std::string(plain_name(track)))) continue;
    is_absent = true;
    warn("record", fmt::format("--schema {}={}: no frame of that track was recorded",
                               printable(track), printable(kind)));
  }
  return is_absent;
}

// Looks at signals and keys, and draws the live screen while the recorder runs.
class Watch {
 public:
  Watch(Recorder& recorder, bool draws, const std::string& node, UnheardPatterns& unheard)
      : recorder_(recorder), node_(node), unheard_(unheard) {
    if (draws) screen_.emplace();
  }

  // The bus is there: what is heard from now on counts.
  void begin() { has_begun_ = true; }
  bool has_begun() const { return has_begun_; }

  void look(int signals) {
    if (std::string path = recorder_.recording().path(); path != path_)
      BusError::watch(path_ = std::move(path));
    if (signals >= 1) recorder_.stop();
    if (signals >= 2) recorder_.hurry();
    if (signals == 0) tell_unheard();
    if (!screen_) {
      StopSignal::wait(std::chrono::milliseconds(200));
      return;
    }
    draw();
    screen_->table.follow_size();
    auto patience = std::chrono::milliseconds(200);
    while (const std::optional<Key> key = screen_->keys.read(patience)) {
      if (*key == Key::kQuit) return close_screen();
      screen_->table.on_key(*key);
      patience = std::chrono::milliseconds(0);
    }
  }

 private:
  struct Screen {
    LiveTable table;
    KeyReader keys;
  };

  // Once, when sensors have had the time to say something.
  void tell_unheard() {
    constexpr double kTellAfter = 5.0;
    if (!has_begun_ || unheard_.is_empty() || recorder_.seconds() < kTellAfter) return;
    if (!std::exchange(is_told_, true))
      unheard_.warn_so_far(heard_by(recorder_.recording(), recorder_.recording().totals()));
  }

  void draw() {
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < std::chrono::seconds(1)) return;
    RecordingTotals totals = recorder_.recording().totals();
    const double seconds = std::chrono::duration<double>(now - drawn_).count();
    screen_->table.draw(recorder_head(recorder_, totals), recorder_table(totals, before_, seconds),
                        "q closes this");
    before_ = std::move(totals);
    drawn_ = now;
  }

  // A key that is pressed by mistake must not end a recording.
  void close_screen() {
    screen_.reset();
    say("the screen is closed, the recording goes on (stop: Ctrl-C, or zbag ctl {} stop)\n", node_);
  }

  Recorder& recorder_;
  const std::string node_;
  UnheardPatterns& unheard_;
  std::atomic<bool> has_begun_{false};
  bool is_told_ = false;
  std::string path_;
  std::optional<Screen> screen_;
  RecordingTotals before_;
  std::chrono::steady_clock::time_point drawn_ = std::chrono::steady_clock::now();
};

void log_recording(TimingLog& log, const std::string& path, const RecordingTimers& timers,
                   const Recorder& recorder, const RecordingTotals& totals,
                   const std::vector<std::pair<std::string, std::string>>& given) {
  Fields metadata{{"wall_seconds", recorder.seconds()},
                  {"frames", totals.fate.received},
                  {"points", totals.fate.points},
                  {"commits", totals.commits}};
  for (const auto& [key, value] : given) metadata.emplace_back(key, value);
  log_run("record", log, path, timers.timings(), metadata);
}

// Another recorder that was started just now may have taken the name that was free: then `path` is
// the next one.
Result<std::unique_ptr<Recorder>> open_recorder(Context& context, const Arguments& arguments,
                                                const Recorder::Options& options,
                                                std::string& path) {
  Result<std::unique_ptr<Recorder>> opened = Recorder::open(context, path, options);
  while (!opened && opened.error().code == ErrorCode::kBusy && !arguments.resume) {
    Result<std::string> next = output_of(arguments);
    if (!next || *next == path) break;
    path = std::move(*next);
    opened = Recorder::open(context, path, options);
  }
  return opened;
}

int run(const Arguments& arguments, const OptionTable& table) {
  std::atomic<bool> has_misfits{false};
  Result<Recorder::Options> options = recorder_options(arguments, table, has_misfits);
  if (!options) return show("record", options.error());
  Result<std::string> path = output_of(arguments);
  if (!path) return show("record", path.error());

  Result<std::optional<TimingLog>> log = open_timings("record", arguments.timings);
  if (!log) return show("record", log.error());
  RecordingTimers timers;
  if (*log) options->recording.timers = &timers;

  Context context;
  // The name first: a node that cannot have its name leaves no bag behind.
  std::unique_ptr<Recorder> recorder_slot;
  Result<Node> node = Node::open(context, "record", arguments.bus.name, control_ops(recorder_slot));
  if (!node) return show("record", node.error());
  Result<std::unique_ptr<Recorder>> opened = open_recorder(context, arguments, *options, *path);
  if (!opened) return show("record", opened.error());
  recorder_slot = std::move(*opened);
  Recorder& recorder = *recorder_slot;
  if (!arguments.bus.quiet)
    say("recording to {} as {} (stop: Ctrl-C, or zbag ctl {} stop)\n", *path, node->name(),
        node->name());
  if (arguments.recorder.with_broker) Node::say_room();
  UnheardPatterns unheard("record", context,
                          arguments.recorder.with_broker ? "" : recorder.urls().subscribe_to,
                          arguments.tracks, arguments.excluded);
  std::optional<Watch> watch(std::in_place, recorder, arguments.stats, node->name(), unheard);
  const Status status = node->run(
      [&] {
        return recorder.run([&](const BusUrls& urls) {
          watch->begin();
          say_always("ready publish-to={} subscribe-to={}\n", urls.publish_to, urls.subscribe_to);
        });
      },
      [&](int signals) { watch->look(signals); });
  const bool had_bus = watch->has_begun();
  watch.reset();  // gives the terminal back
  const RecordingTotals totals = recorder.recording().totals();
  if (*log) log_recording(**log, *path, timers, recorder, totals, arguments.metadata);
  if (!arguments.bus.quiet) say_summary(recorder, totals);
  if (!status) return show("record", status.error());
  const bool is_unheard =
      had_bus && !unheard.is_empty() &&
      unheard.say_last(heard_by(recorder.recording(), totals), totals.fate.points == 0);
  const bool lacks_schema = warn_of_absent(arguments.schemas, totals) || has_misfits;
  const bool is_lossy = is_unheard || lacks_schema || totals.rescued_bags > 0 ||
                        totals.fate.refused_total() > 0 || totals.fate.dropped > 0 ||
                        totals.lost().value_or(0) > 0;
  return is_lossy ? kExitLossy : kExitDone;
}

// The options of what is written: how often, how much of it waits in memory, in which form.
void add_writing_options(OptionTable& options, Recording::Options& recording, BagOptions& bag) {
  const GroupScope group(options, OptionGroup::kStorage);
  options.add("--sync", recording.sync,
              option_type::or_word(option_type::milliseconds({1.0, 3'600'000.0}), "off"),
              "Milliseconds a crash may cost at most, or off");
  options.add("--sync-idle", recording.sync_idle, option_type::milliseconds({1.0, 3'600'000.0}),
              "The same while less than 64 KiB are pending: spares the disk of a slow robot");
  options
      .add("--buffer-mb", recording.buffer_bytes, option_type::megabytes<std::size_t>({1.0, 1e6}),
           "Memory for frames not yet written, in MB (10^6 bytes)")
      .alias("PLUME_BUFFER_MEMORY_MB");
  options
      .add("--buffer-points", recording.points_max,
           option_type::count<std::size_t>("N", {1.0, 1e9}),
           "Points of one track that make it due, with --sync off")
      .alias("PLUME_BUFFER_SIZE");
  options
      .add("--flush-interval", recording.age_max,
           option_type::seconds<std::chrono::milliseconds>({0.001, 1e6}),
           "Seconds after which a track is due, with --sync off")
      .alias("PLUME_FLUSH_INTERVAL");
  options.add("--min-free", recording.storage.min_free_bytes,
              option_type::megabytes<std::uint64_t>({0.0, 1e12}),
              "MB of disk to leave free; recording stops there");
  add_compression(options, bag.compression);
}

// The options of what becomes of a frame.
void add_frame_options(OptionTable& options, Recording::Options& recording) {
  const GroupScope group(options, OptionGroup::kFrames);
  options.add("--timestamps", recording.intake.timestamps,
              option_type::one_of<TimestampMode>("MODE", {{"auto", TimestampMode::kAuto},
                                                          {"warn", TimestampMode::kWarn},
                                                          {"require", TimestampMode::kRequire}}),
              "Frames without _ts: auto stamps them, warn says so, require refuses them");
  add_max_items(options, recording.intake.items_max);
  add_merge_rules(options, recording.storage.merge);
  options.add("--late-merge", recording.storage.late_merge,
              option_type::one_of<LateMerge>("MODE", {{"merge", LateMerge::kMerge},
                                                      {"reject", LateMerge::kReject},
                                                      {"append", LateMerge::kAppend}}),
              "Frames for a point already written: merge, reject or append");
  options.add("--on-overflow", recording.overflow,
              option_type::one_of<Overflow>("POLICY", {{"flush", Overflow::kFlush},
                                                       {"block", Overflow::kBlock},
                                                       {"drop-oldest", Overflow::kDropOldest},
                                                       {"drop-newest", Overflow::kDropNewest}}),
              "When memory is full: flush, block, drop-oldest or drop-newest");
}

void add_split_options(OptionTable& options, SplitRules& split) {
  const GroupScope group(options, OptionGroup::kOutput);
  options.add("--max-size", split.bytes_max,
              option_type::zero_or(option_type::megabytes<std::uint64_t>, {1.0, 1e9},
                                   "a bag takes at least 1 MB"),
              "MB of one bag: then the recording goes on in NAME_0001, ...; 0: never");
  options.add("--max-duration", split.age_max,
              option_type::or_zero(option_type::seconds<std::chrono::nanoseconds>({0.0, 1e9})),
              "Seconds of one bag, likewise; 0: never");
  options.add("--max-files", split.files_max, option_type::count<std::size_t>("N", {0.0, 1e6}),
              "Bags to keep, the oldest go; 0: all. --min-free still ends the recording");
}

}  // namespace

Verb add_record(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "record", "Records the bus into a bag until stopped",
                                    "zbag record --with-broker -o day.zbag --stats");
  auto a = std::make_shared<Arguments>();
  options->begin(OptionGroup::kOutput);
  options->add("-o,--output", a->output, option_type::any_text("BAG"),
               "Bag to write [runs/run_YYYYMMDD_HHMMSS/run.zbag]; never overwritten. {time} and "
               "{n}, the first free number, may stand in it");
  options->add_flag("--resume", a->resume,
                    "Goes on in the bag of -o, as a new run, where there is one");
  options
      ->add("--base-directory", a->base_directory, option_type::any_text("DIR"),
            "Folder of runs, without -o")
      .alias("PLUME_OUTPUT_DIR");
  add_tracks(*options, a->tracks, a->excluded);
  options->begin(OptionGroup::kBus);
  options->add_flag("--with-broker", a->recorder.with_broker,
                    "Hosts the broker in this process: one command makes a usable bus");
  options->add_flag("--insecure", a->recorder.insecure,
                    "With --with-broker: allow addresses that are not loopback");
  options->begin(OptionGroup::kOwn);
  options->add(
      "--duration", a->recorder.duration,
      option_type::or_zero(option_type::seconds<std::chrono::duration<double>>({0.0, 1e9})),
      "Stops after so many seconds; 0: when stopped");
  add_split_options(*options, a->recorder.recording.split);
  options->add_flag("--start-paused", a->recorder.start_paused,
                    "Skips frames until: zbag ctl record resume");
  add_timings_options(*options, a->timings);
  add_writing_options(*options, a->recorder.recording, a->bag);
  add_frame_options(*options, a->recorder.recording);
  options
      ->add_list("--metadata", a->metadata, option_type::text_pair("KEY=VALUE", "=", true),
                 "Kept with the run; may be repeated")
      .not_of_the_run();
  options->add_list("--schema", a->schemas, option_type::text_pair("TRACK=KIND", "=", false),
                    "Says what a track's fields mean: kinds as of zbag schema, or a file; may be "
                    "repeated");
  options->add_flag("--stats", a->stats, "A live screen: rates, losses, buffer, disk left");
  add_bus_options(*options, a->bus);
  const OptionTable& table = *options;
  return {std::move(options), [a, &table] { return run(*a, table); }};
}

}  // namespace zbag
