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
#include "recorder/bag/pages/lock_file.hpp"
#include "recorder/bag/read/bag_reader.hpp"
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
  const std::string name = std::filesystem::relative(path, folder).string();
  std::optional<std::string> track = track_of_rows_file(name);
  if (!track || name.substr(track->size()).starts_with(".jsonl")) return track;
  // Other JSON may lie there, too.
  const bool may_be_rows =
      RowsDocument::is_begun_in(path.string()) || ::access(path.c_str(), R_OK) != 0;
  return may_be_rows ? track : std::nullopt;
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
    if (std::optional<std::string> track = track_of(seen, folder))
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

// What is looked at before anything is written. A pipe can be opened once; of other files there may
// be more than a process may have open.
using Readers = std::vector<std::optional<NeutralReader>>;
Result<Readers> look_at(const std::vector<Source>& files) {
  Readers readers;
  for (const Source& file : files) {
    Result<NeutralReader> reader = NeutralReader::open(file.path, file.track);
    if (!reader) return tl::unexpected(reader.error());
    std::error_code error;
    readers.emplace_back();
    if (!std::filesystem::is_regular_file(file.path, error)) readers.back() = std::move(*reader);
  }
  return readers;
}

// How many frames the bag has taken, whatever became of the rest.
std::uint64_t frames_in(const std::string& bag) {
  const Result<BagReader> reader = BagReader::open(bag);
  const Result<BagSummary> summary =
      reader ? reader->summary() : Result<BagSummary>(tl::unexpected(reader.error()));
  if (!summary) return 0;
  const Fate fate = summary->fate();
  return fate.points + fate.merged;
}

class Import {
 public:
  Import(Session& session, const Arguments& arguments)
      : bar_("import", arguments.quiet),
        importer_(session, {.goes_on = [this] { return goes_on(); },
                            .warn = [](const std::string& text) { warn("import", text); }}) {}

  Status run(const std::vector<Source>& files, Readers& readers) {
    for (std::size_t i = 0; i < files.size() && !StopSignal::wanted(); ++i) {
      if (!readers[i]) {
        Result<NeutralReader> again = NeutralReader::open(files[i].path, files[i].track);
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
    if (const std::optional<double> share = reader_->share())
      bar_.show(share_before_ + share_of_file_ * *share);
    return !StopSignal::wanted();
  }

  ProgressBar bar_;
  NeutralReader* reader_ = nullptr;
  double share_before_ = 0.0;
  double share_of_file_ = 1.0;
  Importer importer_;
};

// What became of the files, `kept` frames of which are in the bag now.
int tell(const Arguments& arguments, const Status& status, const Importer::Counts& counts,
         std::uint64_t kept) {
  if (!status) {
    // On a full disk what was read is not what is there.
    return show(
        "import",
        {status.error().code,
         fmt::format("{}; {} frames were read, {}", status.error().message,
                     count_text(counts.frames),
                     kept == 0 ? "none is kept: there is no bag"
                               : fmt::format("{} are in {}", count_text(kept), arguments.bag))});
  }
  if (counts.refused > 0)
    warn("import", fmt::format("refused {}", amount_text(counts.refused, "line")));
  if (kept == 0) warn("import", fmt::format("nothing to import: there is no {}", arguments.bag));
  return counts.refused > 0 || kept == 0 ? kExitLossy : kExitDone;
}

int run(const Arguments& arguments) {
  std::error_code error;
  if (std::filesystem::exists(arguments.bag, error)) {
    return show("import", {ErrorCode::kExists,
                           fmt::format("{} exists; zbag never overwrites a bag", arguments.bag)});
  }
  const Result<std::vector<Source>> files = sources_of(arguments.files);
  if (!files) return show("import", files.error());
  Result<Readers> readers = look_at(*files);
  if (!readers) return show("import", readers.error());
  BagSessionOptions options;
  options.session.name = "import";
  options.recording.intake.warn = [](const std::string& text) { warn("import", text); };
  options.recording.storage.merge = arguments.merge;
  options.bag = arguments.options;
  options.recording.intake.items_max = arguments.items_max;
  Result<std::unique_ptr<Session>> session = open_bag_session(arguments.bag, std::move(options));
  if (!session) return show("import", session.error());
  Import import(**session, arguments);
  Status status = import.run(*files, *readers);
  const Status closed = (*session)->close();
  session->reset();
  if (status) status = closed;
  // Half a recording that looks like a whole one would be worse than none, as for cut and merge.
  if (status && StopSignal::wanted()) {
    remove_bag(arguments.bag);
    return show_unmade("import", {ErrorCode::kClosed, "stopped; nothing was written"});
  }
  const Importer::Counts& counts = import.counts();
  const std::uint64_t kept = frames_in(arguments.bag);
  if (status && counts.frames > 0 && !std::filesystem::exists(arguments.bag, error)) {
    return show("import", {ErrorCode::kIo,
                           fmt::format("{} was removed while it was written", arguments.bag)});
  }
  if (kept == 0) {
    remove_bag(arguments.bag);
  } else if (!arguments.quiet) {
    say("imported {} into {}\n", amount_text(kept, "frame"), arguments.bag);
  }
  return tell(arguments, status, counts, kept);
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
