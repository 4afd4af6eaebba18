#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

#include "nodes/errors.hpp"
#include "nodes/live_screen.hpp"
#include "nodes/number_text.hpp"
#include "nodes/stop_signal.hpp"
#include "nodes/terminal.hpp"
#include "nodes/usual_options.hpp"
#include "nodes/verb.hpp"
#include "player/formats/importer.hpp"
#include "player/formats/neutral_file.hpp"
#include "player/formats/rows_document.hpp"
#include "recorder/bag_session.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string bag;
  MergeRules merge;
  BagOptions options;
  std::uint32_t items_max = kItemsMax;
  bool quiet = false;
};

// A file to read; one of rows is of a track.
struct Source {
  std::string path;
  std::optional<std::string> track;
};

// What `export` has called so in `folder`; nullopt: it is none of its files. Whether JSON that can
// not be read is one can not be told: whoever opens it says why.
std::optional<std::string> track_of(const std::filesystem::path& path, const std::string& folder) {
  const std::string name = path.lexically_relative(folder).string();
  std::optional<std::string> track = track_of_rows_file(name);
  if (!track || name.substr(track->size()).starts_with(".jsonl")) return track;
  // Other JSON may lie there, too.
  const bool may_be_one =
      RowsDocument::is_begun_in(path.string()) || ::access(path.c_str(), R_OK) != 0;
  return may_be_one ? track : std::nullopt;
}

// Those that `export` may have written into a folder, each of the track its path says. kNotFound:
// there is none. kIo: it can not be looked into, or a folder in it.
Result<std::vector<Source>> sources_in(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<Source> found;
  std::error_code error;
  fs::path seen = folder;  // where an error of the walk comes from
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    seen = at->path();
    std::error_code unknown;
    if (!at->is_regular_file(unknown)) continue;
    std::optional<std::string> track = track_of(seen, folder);
    if (!track) continue;
    if (leads_out_of(folder, seen)) {
      return fail(ErrorCode::kIo,
                  fmt::format("{}: a link out of the folder, which is not followed; "
                              "name what it leads to, or remove it",
                              printable(seen.string())));
    }
    found.push_back({seen.string(), std::move(track)});
  }
  if (error) {
    return fail(ErrorCode::kIo,
                fmt::format("{}: {}; what is in it would be left out: name the files to read",
                            printable(seen.string()), error.message()));
  }
  if (found.empty())
    return fail(ErrorCode::kNotFound,
                folder + ": a folder without files of export in it (.jsonl, .jsonl.xz, .json)");
  std::sort(found.begin(), found.end(),
            [](const Source& a, const Source& b) { return a.path < b.path; });
  return found;
}

// Files as they are given, and what is in folders.
Result<std::vector<Source>> sources_of(const std::vector<std::string>& given) {
  std::vector<Source> all;
  for (const std::string& path : given) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      all.push_back({path, {}});
      continue;
    }
    Result<std::vector<Source>> found = sources_in(path);
    if (!found) return found;
    std::move(found->begin(), found->end(), std::back_inserter(all));
  }
  return all;
}

// Of a line, which has some around its frame.
std::size_t values_max(const Arguments& arguments) {
  constexpr std::size_t kAround = 8;
  return std::size_t{arguments.items_max} + kAround;
}

bool goes_on() { return !StopSignal::wanted(); }

// What is looked at before anything is written. A pipe can be opened once; of other files there may
// be more than a process may have open.
using Readers = std::vector<std::optional<NeutralReader>>;
Result<Readers> look_at(const std::vector<Source>& files, const Arguments& arguments) {
  Readers readers;
  for (const Source& file : files) {
    Result<NeutralReader> reader =
        NeutralReader::open(file.path, {file.track, values_max(arguments), goes_on});
    if (!reader) return tl::unexpected(reader.error());
    std::error_code error;
    readers.emplace_back();
    if (!std::filesystem::is_regular_file(file.path, error)) readers.back() = std::move(*reader);
  }
  return readers;
}

class Import {
 public:
  Import(Session& session, const Arguments& arguments)
      : arguments_(arguments),
        bar_("import", arguments.quiet),
        importer_(session, {.goes_on = [this] { return goes_on(); },
                            .warn = [](const std::string& text) { warn("import", text); }}) {}

  Status run(const std::vector<Source>& files, Readers& readers) {
    for (std::size_t i = 0; i < files.size() && !StopSignal::wanted(); ++i) {
      if (!readers[i]) {
        Result<NeutralReader> again = NeutralReader::open(
            files[i].path,
            {files[i].track, values_max(arguments_), [this] { return this->goes_on(); }});
        if (!again) return tl::unexpected(again.error());
        readers[i] = std::move(*again);
      }
      reader_ = &*readers[i];
      share_before_ = static_cast<double>(i) / static_cast<double>(files.size());
      share_of_file_ = 1.0 / static_cast<double>(files.size());
      Status status = importer_.add(*reader_);
      reader_ = nullptr;
      readers[i].reset();
      bar_.clear();
      if (!status) return status;
    }
    return {};
  }
  const Importer::Counts& counts() const { return importer_.counts(); }

 private:
  bool goes_on() {
    if (const std::optional<double> share = reader_ ? reader_->share() : std::nullopt)
      bar_.show(share_before_ + share_of_file_ * *share);
    return !StopSignal::wanted();
  }

  const Arguments& arguments_;
  ProgressBar bar_;
  NeutralReader* reader_ = nullptr;
  double share_before_ = 0.0;
  double share_of_file_ = 1.0;
  Importer importer_;
};

// What is in the bag, whatever became of the rest, and where that is.
struct Outcome {
  Status status;
  std::string path;
  std::uint64_t kept = 0;
  bool is_rescued = false;  // somebody took the bag away, and this is a copy
  bool is_known = true;     // otherwise the bag may be no more what was written
};

// Half a recording must not look like a whole one: the run of one that ended early stays open, and
// of one that was stopped, or is empty, nothing stays, as of cut and merge.
Outcome end(Session& session, Recording& recording, Status status) {
  const auto kept = [&] {
    const Fate fate = recording.totals().fate;
    return fate.points + fate.merged;
  };
  if (!StopSignal::wanted()) {
    const Result<FlushResult> flushed = session.flush();
    if (status && !flushed) status = tl::unexpected(flushed.error());
  }
  const bool is_void = StopSignal::wanted() || kept() == 0;
  recording.end_as(is_void ? Ending::kNothing : status ? Ending::kWhole : Ending::kInterrupted);
  const Status closed = session.close();
  if (status && !is_void) status = closed;
  const std::optional<Error> failure = recording.failure();
  return {status, recording.path(), is_void ? 0 : kept(), recording.totals().rescued_bags > 0,
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
  if (outcome.kept > 0 && !arguments.quiet)
    say("imported {} into {}\n", amount_text(outcome.kept, "frame"), outcome.path);
  if (counts.refused > 0)
    warn("import", fmt::format("refused {}", amount_text(counts.refused, "line")));
  if (outcome.kept == 0)
    warn("import", fmt::format("nothing to import: there is no {}", arguments.bag));
  const bool is_lossy = counts.refused > 0 || outcome.kept == 0 || outcome.is_rescued;
  return is_lossy ? kExitLossy : kExitDone;
}

int show_stopped() {
  return show_unmade("import", {ErrorCode::kClosed, "stopped; nothing was written"});
}

int run(const Arguments& arguments) {
  std::error_code error;
  if (std::filesystem::exists(arguments.bag, error)) {
    return show("import", {ErrorCode::kExists,
                           fmt::format("{} exists; zbag never overwrites a bag", arguments.bag)});
  }
  const Result<std::vector<Source>> files = sources_of(arguments.files);
  if (!files) return show("import", files.error());
  Result<Readers> readers = look_at(*files, arguments);
  if (StopSignal::wanted()) return show_stopped();
  if (!readers) return show("import", readers.error());
  BagSessionOptions options;
  options.session.name = "import";
  // What a bag has recorded of the bus, too.
  options.session.system_tracks = true;
  options.recording.intake.filter = TrackFilter::parse({"**", "_sys/**"}, {}).value();
  options.recording.intake.warn = [](const std::string& text) { warn("import", text); };
  options.recording.storage.merge = arguments.merge;
  options.bag = arguments.options;
  options.recording.intake.items_max = arguments.items_max;
  Result<std::shared_ptr<Recording>> recording = open_session_recording(arguments.bag, options);
  if (!recording) return show_unmade("import", recording.error());
  Result<std::unique_ptr<Session>> session = session_into(*recording, nullptr, options.session);
  if (!session) return show("import", session.error());
  Import import(**session, arguments);
  const Status status = import.run(*files, *readers);
  const Outcome outcome = end(**session, **recording, status);
  // Whatever error a stop has come with.
  return StopSignal::wanted() ? show_stopped() : tell(arguments, outcome, import.counts());
}

}  // namespace

Verb add_import(CLI::App& root) {
  auto options = std::make_unique<OptionTable>(root, "import",
                                               "Makes a bag of JSON, plain or xz: neutral "
                                               "recordings, what export and cat have written",
                                               "zbag import run.jsonl.xz -o run.zbag");
  auto a = std::make_shared<Arguments>();
  options
      ->add_list("FILE", a->files, option_type::any_text("FILE"),
                 "Recordings to read, or folders of them; - is stdin")
      .required();
  add_new_bag(*options, a->bag, "BAG");
  add_merge_rules(*options, a->merge);
  add_compression(*options, a->options.compression);
  add_max_items(*options, a->items_max);
  options->add_loudness(a->quiet);
  return {std::move(options), [a] { return run(*a); }};
}

}  // namespace zbag
