#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/unmatched.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/imports/file_track.hpp"
#include "player/imports/found_recordings.hpp"
#include "player/imports/importer.hpp"
#include "recorder/bag_session.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::vector<std::string> tracks;
  std::vector<std::string> excluded;
  std::string bag;
  MergeRules merge;
  BagOptions options;
  std::uint32_t items_max = kItemsMax;
  StampFrom stamp = StampFrom::kHeader;
  VideosAs videos = VideosAs::kReference;
  std::string time_field;
  bool quiet = false;
};

bool goes_on() { return !StopSignal::wanted(); }

ImportOptions options_of(const Arguments& arguments, std::function<bool()> goes_on) {
  return {.stamp = arguments.stamp,
          .videos = arguments.videos,
          .time_field = arguments.time_field,
          .values_max = arguments.items_max,
          .goes_on = std::move(goes_on)};
}

// What is looked at before anything is written. A pipe can be opened once; of other files there may
// be more than a process may have open. Of files that nobody named, those that are no recordings
// are told of and left out, unless they are all there is; one that can not be looked into is an
// error.
struct Readers {
  std::vector<std::unique_ptr<FormatReader>> of_files;  // null: to be opened again
  bool are_of_frames = true;                            // all of them
};
Result<Readers> look_at(std::vector<FoundRecording>& files, const Arguments& arguments) {
  Readers readers;
  std::vector<FoundRecording> taken;
  std::vector<Error> left_out;
  for (FoundRecording& file : files) {
    Result<std::unique_ptr<FormatReader>> reader =
        open_recording(file, options_of(arguments, goes_on));
    const bool is_other = !reader && reader.error().code != ErrorCode::kIo;
    if (is_other && file.is_of_folder && goes_on()) {
      left_out.push_back(reader.error());
      continue;
    }
    if (!reader) return tl::unexpected(reader.error());
    std::error_code error;
    const bool opens_again = std::filesystem::is_regular_file(file.path, error) ||
                             std::filesystem::is_directory(file.path, error);
    readers.are_of_frames = readers.are_of_frames && (*reader)->has_frames();
    readers.of_files.push_back(opens_again ? nullptr : std::move(*reader));
    taken.push_back(std::move(file));
  }
  if (taken.empty()) return tl::unexpected(left_out.front());
  for (const Error& error : left_out) warn("import", error.message + "; the file is left out");
  files = std::move(taken);
  return readers;
}

class Import {
 public:
  Import(Session& session, Recording& recording, const Arguments& arguments,
         std::optional<TrackFilter> tracks)
      : arguments_(arguments),
        recording_(recording),
        bar_("import", arguments.quiet),
        importer_(
            session,
            {.goes_on = [this] { return goes_on(); },
             .warn = [](const std::string& text) { warn("import", text); },
             .note =
                 [is_quiet = arguments.quiet](const std::string& text) {
                   if (!is_quiet) say("zbag import: {}\n", text);
                 },
             .tracks = std::move(tracks),
             .attach = [&recording](
                           std::string_view name,
                           std::string_view content) { return recording.attach(name, content); },
             .describe =
                 [&recording](std::string_view name, Value value) {
                   static_cast<void>(recording.describe({{std::string(name), std::move(value)}}));
                 }}) {}

  // What can not be read of one file costs no other one.
  Status run(const std::vector<FoundRecording>& files, Readers& readers) {
    Status failed;
    for (std::size_t i = 0; i < files.size() && !StopSignal::wanted(); ++i) {
      share_before_ = static_cast<double>(i) / static_cast<double>(files.size());
      share_of_file_ = 1.0 / static_cast<double>(files.size());
      Status status = read(files[i], std::move(readers.of_files[i]));
      bar_.clear();
      if (status) continue;
      const ErrorCode code = status.error().code;
      const bool is_of_file = code == ErrorCode::kDamaged || code == ErrorCode::kUnsupported;
      if (!is_of_file || recording_.failure()) return status;
      if (failed) {
        failed = std::move(status);
      } else {
        warn("import", status.error().message);
      }
    }
    return failed;
  }
  const Importer::Counts& counts() const { return importer_.counts(); }
  std::vector<std::string> tracks() const { return importer_.tracks(); }

 private:
  bool goes_on() {
    if (const std::optional<double> share = reader_ ? reader_->share() : std::nullopt)
      bar_.show(share_before_ + share_of_file_ * *share);
    return !StopSignal::wanted();
  }

  // `reader`: null where it is to be opened again.
  Status read(const FoundRecording& file, std::unique_ptr<FormatReader> reader) {
    if (!reader) {
      Result<std::unique_ptr<FormatReader>> again =
          open_recording(file, options_of(arguments_, [this] { return goes_on(); }));
      if (!again) return tl::unexpected(again.error());
      reader = std::move(*again);
    }
    reader_ = reader.get();
    Status status = importer_.add(*reader);
    reader_ = nullptr;
    return status;
  }

  const Arguments& arguments_;
  const Recording& recording_;
  ProgressBar bar_;
  FormatReader* reader_ = nullptr;
  double share_before_ = 0.0;
  double share_of_file_ = 1.0;
  Importer importer_;
};

// What is in the bag, whatever became of the rest, and where that is.
struct Outcome {
  Status status;
  std::string path;
  std::uint64_t kept = 0;
  std::uint64_t merged = 0;  // of these
  bool is_rescued = false;   // somebody took the bag away, and this is a copy
  bool is_known = true;      // otherwise the bag may be no more what was written
};

// Half a recording must not look like a whole one: the run of one that ended early stays open, and
// of one that was stopped, or is empty, nothing stays, as of cut and merge.
Outcome end(Session& session, Recording& recording, const Importer::Counts& counts, Status status) {
  const auto kept = [&] {
    const Fate fate = recording.totals().fate;
    return fate.points + fate.merged - std::min(fate.points, counts.about);
  };
  if (!StopSignal::wanted()) {
    const Result<FlushResult> flushed = session.flush();
    if (status && !flushed) status = tl::unexpected(flushed.error());
  }
  const bool is_void = StopSignal::wanted() || kept() == 0;
  // Beside what the bag counts itself: of these it has not heard.
  if (counts.refused > 0 && !is_void)
    static_cast<void>(recording.describe({{"import_refused", counts.refused}}));
  recording.end_as(is_void ? Ending::kNothing : status ? Ending::kWhole : Ending::kInterrupted);
  const Status closed = session.close();
  if (status && !is_void) status = closed;
  const std::optional<Error> failure = recording.failure();
  return {status,
          recording.path(),
          is_void ? 0 : kept(),
          recording.totals().fate.merged,
          recording.totals().rescued_bags > 0,
          failure ? failure->code != ErrorCode::kDamaged : closed.has_value()};
}

int tell_failure(const Outcome& outcome, const Importer::Counts& counts) {
  Error error = outcome.status.error();
  if (outcome.kept == 0) {
    error.message += fmt::format("; of {} that came none is kept: there is no bag",
                                 amount_text(counts.frames, "frame"));
    return show_unmade("import", error);
  }
  // On a full disk what was read is not what is there.
  if (outcome.is_known) {
    error.message +=
        fmt::format("; of {} that came {} went into {}, whose run is left unclosed",
                    amount_text(counts.frames, "frame"), count_text(outcome.kept), outcome.path);
  }
  return show("import", error);
}

int tell(const Arguments& arguments, const Outcome& outcome, const Importer::Counts& counts) {
  if (!outcome.status) return tell_failure(outcome, counts);
  if (outcome.kept > 0 && !arguments.quiet) {
    const std::string merged = outcome.merged == 0
                                   ? ""
                                   : fmt::format(
                                         ", {} of them into points of their stamp (--merge append "
                                         "makes each a point)",
                                         count_text(outcome.merged));
    say("imported {} into {}{}\n", amount_text(outcome.kept, "frame"), outcome.path, merged);
  }
  if (counts.refused > 0)
    warn("import", fmt::format("refused {}", amount_text(counts.refused, "frame")));
  if (outcome.kept == 0)
    warn("import", fmt::format("nothing to import: there is no {}", arguments.bag));
  const bool is_lossy =
      counts.refused > 0 || counts.left_out > 0 || outcome.kept == 0 || outcome.is_rescued;
  return is_lossy ? kExitLossy : kExitDone;
}

// Whether a pattern of --track is of none of the tracks there were.
bool tell_unmatched(const Arguments& arguments, const std::vector<std::string>& tracks) {
  bool is_unmatched = false;
  for (const std::string& pattern : arguments.tracks) {
    const std::string text = unmatched_text(pattern, tracks);
    if (text.empty()) continue;
    is_unmatched = true;
    warn("import", text);
  }
  warn_of_idle_exclusions("import", arguments.excluded, tracks);
  return is_unmatched;
}

int show_stopped() {
  return show_unmade("import", {ErrorCode::kClosed, "stopped; nothing was written"});
}

// What somebody asked for must have an effect on one of the recordings. A setting of a file is
// asked for by nobody. REQUIRES: they can be opened.
Status check_uses(const OptionTable& options, const std::vector<FoundRecording>& files) {
  constexpr std::pair<const char*, FormatOption> kOptions[] = {
      {"stamp", FormatOption::kStamp},
      {"videos", FormatOption::kVideos},
      {"time-field", FormatOption::kTimeField}};
  for (const auto& [name, option] : kOptions) {
    if (!options.is_asked_for(name)) continue;
    const bool is_used = std::ranges::any_of(files, [option = option](const FoundRecording& file) {
      return has_use_for(option, file.path);
    });
    if (is_used) continue;
    return fail(ErrorCode::kInvalid,
                fmt::format("--{} is for {}, of which there is none: leave it out", name,
                            formats_with_use_for(option)));
  }
  return {};
}

// Each has a line of time of its own, which begins with 0.
Status check_one_data_set(const std::vector<FoundRecording>& files) {
  const FoundRecording* first = nullptr;
  for (const FoundRecording& file : files) {
    if (!is_lerobot(file.path, {})) continue;
    if (first != nullptr)
      return fail(ErrorCode::kInvalid,
                  fmt::format("{} and {} are data sets, whose frames would lie between each "
                              "other's: give each a bag of its own",
                              printable(first->path), printable(file.path)));
    first = &file;
  }
  return {};
}

// nullopt: all tracks.
Result<std::optional<TrackFilter>> filter_of(const Arguments& arguments) {
  if (arguments.tracks.empty() && arguments.excluded.empty()) return std::nullopt;
  std::vector<std::string> tracks = arguments.tracks;
  if (tracks.empty()) tracks = {"**", "_sys/**"};
  Result<TrackFilter> filter = TrackFilter::parse(tracks, arguments.excluded);
  if (!filter) return tl::unexpected(filter.error());
  return std::move(*filter);
}

// Of files that were named, not their folder: what lies where says nothing of their tracks then.
void tell_shared_tracks(const std::vector<FoundRecording>& files) {
  std::map<std::string, const FoundRecording*> first;
  std::set<std::string> told;
  for (const FoundRecording& file : files) {
    if (file.is_of_folder || !is_of_one_track(file.path)) continue;
    const std::string track = file_track(file);
    const FoundRecording& other = *first.try_emplace(track, &file).first->second;
    if (&other == &file || !told.insert(track).second) continue;
    warn("import", fmt::format("{} and {} are both of track {}: what is in them becomes one; name "
                               "the folder around them to have a track of each",
                               printable(other.path), printable(file.path), printable(track)));
  }
}

int run(const Arguments& arguments, const OptionTable& table) {
  std::error_code error;
  if (std::filesystem::exists(arguments.bag, error)) {
    return show("import", {ErrorCode::kExists,
                           fmt::format("{} exists; zbag never overwrites a bag", arguments.bag)});
  }
  Result<std::optional<TrackFilter>> chosen = filter_of(arguments);
  if (!chosen) return show("import", chosen.error());
  Result<std::vector<FoundRecording>> files = find_recordings(arguments.files);
  if (!files) return show("import", files.error());
  const std::size_t found = files->size();
  Result<Readers> readers = look_at(*files, arguments);
  if (StopSignal::wanted()) return show_stopped();
  if (!readers) return show("import", readers.error());
  Status possible = check_uses(table, *files);
  if (possible) possible = check_one_data_set(*files);
  if (!possible) return show("import", possible.error());
  tell_shared_tracks(*files);
  BagSessionOptions options;
  options.session.name = "import";
  // What a bag has recorded of the bus, too.
  options.session.system_tracks = true;
  options.recording.intake.filter = TrackFilter::parse({"**", "_sys/**"}, {}).value();
  options.recording.intake.warn = [](const std::string& text) { warn("import", text); };
  // Messages and rows are points already.
  options.recording.storage.merge = table.is_given("merge") || readers->are_of_frames
                                        ? arguments.merge
                                        : MergeRules(MergeMode::kAppend);
  options.bag = arguments.options;
  options.recording.intake.items_max = arguments.items_max;
  Result<std::shared_ptr<Recording>> recording = open_session_recording(arguments.bag, options);
  if (!recording) return show_unmade("import", recording.error());
  Result<std::unique_ptr<Session>> session = session_into(*recording, nullptr, options.session);
  if (!session) return show("import", session.error());
  Import import(**session, **recording, arguments, std::move(*chosen));
  const Status status = import.run(*files, *readers);
  const Outcome outcome = end(**session, **recording, import.counts(), status);
  // Whatever error a stop has come with.
  if (StopSignal::wanted()) return show_stopped();
  const int told = tell(arguments, outcome, import.counts());
  const bool is_short = tell_unmatched(arguments, import.tracks()) || files->size() < found;
  return told == kExitDone && is_short ? kExitLossy : told;
}

HelpSection format_section() {
  HelpSection section{"Formats, told by what is in a file", {}};
  for (const ImportFormatHelp& format : import_formats())
    section.entries.push_back({format.name, format.what});
  return section;
}

}  // namespace

Verb add_import(CLI::App& root) {
  auto options =
      std::make_unique<OptionTable>(root, "import", "Makes a bag of recordings of other formats",
                                    "zbag import run.bag -o run.zbag");
  auto a = std::make_shared<Arguments>();
  options
      ->add_list("FILE", a->files, option_type::any_text("FILE"),
                 "Recordings to read, or folders of them; - is stdin")
      .required();
  add_new_bag(*options, a->bag, "BAG");
  options->add(
      "--stamp", a->stamp,
      option_type::one_of<StampFrom>("S", {{"header", StampFrom::kHeader},
                                           {"log", StampFrom::kLog},
                                           {"publish", StampFrom::kPublish}}),
      "Where _ts comes from, in recordings that know several times: header, the message's own "
      "(log where it has none); log, when it was recorded; publish, when it was sent");
  options->add("--time-field", a->time_field, option_type::any_text("NAME"),
               "The column of a table, or the data set of HDF5, that _ts comes from (found by its "
               "name: _ts, timestamp, time, t, ..., with the unit behind it: time_us)");
  options->add("--videos", a->videos,
               option_type::one_of<VideosAs>(
                   "V", {{"reference", VideosAs::kReference}, {"decode", VideosAs::kDecode}}),
               "What becomes of the videos of a data set: a frame says which of its file it is, "
               "and the file is attached, up to 64 MiB; or each is decoded and kept as a JPEG, "
               "which loses a little");
  add_tracks(*options, a->tracks, a->excluded);
  add_merge_rules(*options, a->merge);
  add_compression(*options, a->options.compression);
  add_max_items(*options, a->items_max);
  options->add_loudness(a->quiet);
  options->explain(format_section());
  options->explain({"Messages and rows",
                    {{"of other formats",
                      "Each is a point, also several of one time, unless --merge "
                      "is given"},
                     {"of JSON lines", "They are frames, which join as when they are recorded"}}});
  const OptionTable* const table = options.get();
  return {std::move(options), [a, table] { return run(*a, *table); }};
}

}  // namespace zbag
