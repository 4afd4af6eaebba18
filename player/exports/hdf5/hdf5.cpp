// hdf5: one file of groups RUN/TRACK, one for each segment of a track's name, with a dataset for
// each column: those of `--columns`, `_ts` in seconds and `_ts_ns` (track_rows.hpp). What is known
// of the file, of runs, tracks and columns are their attributes.

#include <algorithm>
#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/hdf5/run_groups.hpp"
#include "player/exports/hdf5/track_plans.hpp"
#include "schemas/json_text.hpp"

namespace zbag {
namespace {

using hdf5::Codec;
using hdf5::File;
using hdf5::Filters;
using hdf5::Group;
using hdf5::RunGroups;
using hdf5::TrackPlan;
using hdf5::TrackRows;

// Level 4 is what h5py takes where none is said.
Filters filters_of(const ExportOptions& options) {
  Filters filters;
  if (options.compression == "none") filters.codec = Codec::kNone;
  if (options.compression == "lzf") filters.codec = Codec::kLzf;
  if (options.compression == "szip") filters.codec = Codec::kSzip;
  if (options.level) filters.level = *options.level;
  return filters;
}

// Of that track in the run that began then.
std::string losses_of(const std::vector<LossRecord>& losses, const std::string& track,
                      std::int64_t run_start_ns) {
  Array listed;
  for (const LossRecord& loss : losses) {
    if (loss.track != track || loss.run_start_ns != run_start_ns) continue;
    listed.emplace_back(Fields{{"publisher", loss.publisher},
                               {"lost", loss.lost},
                               {"missed_before", loss.missed_before},
                               {"received", loss.received}});
  }
  std::string text;
  if (!listed.empty()) write_json(Value(std::move(listed)), text);
  return text;
}

// The tracks of a file, one after the other.
class TrackGroups {
 public:
  TrackGroups(ExportSource& source, RunGroups runs, std::vector<LossRecord> losses)
      : source_(source), runs_(std::move(runs)), losses_(std::move(losses)) {}

  Status write(TrackPlan& plan) {
    if (Status decided = decide_forms(source_, plan); !decided) return decided;
    Status written = source_.each_chunk_of(
        plan.track, plan.fields(), [&](const ColumnChunk& chunk) { return append(plan, chunk); });
    return written ? finish(plan) : written;
  }

 private:
  // Points are in order of time, and so are runs.
  Status append(const TrackPlan& plan, const ColumnChunk& chunk) {
    std::vector<Cells> cells(chunk.fields.begin(), chunk.fields.end());
    for (std::size_t first = 0; first < chunk.keys.size();) {
      const std::size_t run = runs_.at(chunk.keys[first]);
      std::size_t behind = first + 1;
      while (behind < chunk.keys.size() && runs_.at(chunk.keys[behind]) == run) ++behind;
      if (Status begun = begin(plan, run); !begun) return begun;
      if (Status added = rows_->append(chunk, cells, first, behind - first); !added) return added;
      first = behind;
    }
    return {};
  }

  Status begin(const TrackPlan& plan, std::size_t run) {
    if (rows_ && run == run_) return {};
    if (Status finished = finish(plan); !finished) return finished;
    Result<TrackRows> rows = TrackRows::create(runs_.group(run), plan);
    if (!rows) return tl::unexpected(rows.error());
    rows_ = std::make_unique<TrackRows>(std::move(*rows));
    run_ = run;
    return {};
  }

  Status finish(const TrackPlan& plan) {
    const std::unique_ptr<TrackRows> rows = std::move(rows_);
    if (!rows) return {};
    if (Status finished = rows->finish(); !finished) return finished;
    const std::string losses = losses_of(losses_, plan.track, runs_.start_ns(run_));
    return losses.empty() ? Status() : rows->group().set("losses", losses);
  }

  ExportSource& source_;
  RunGroups runs_;
  std::vector<LossRecord> losses_;
  std::unique_ptr<TrackRows> rows_;  // of the run at hand
  std::size_t run_ = 0;
};

class Hdf5Exporter : public Exporter {
 public:
  explicit Hdf5Exporter(const ExportOptions& options)
      : out_(options.out), existing_(options.existing), filters_(filters_of(options)) {}

  Status write(ExportSource& source) override {
    Result<std::vector<TrackPlan>> plans = hdf5::plan_tracks(source);
    if (!plans) return tl::unexpected(plans.error());
    Result<OutputFile> output = OutputFile::create(out_, existing_);
    if (!output) return tl::unexpected(output.error());
    Result<File> file = File::create(output->by_name(), filters_);
    if (!file) return tl::unexpected(file.error());
    if (Status written = write_groups(source, *file, *plans); !written) return written;
    if (Status closed = file->close(); !closed) return closed;
    if (Status finished = output->finish(); !finished) return finished;
    return output->publish();
  }

 private:
  static Status write_groups(ExportSource& source, File& file, std::vector<TrackPlan>& plans) {
    ExportRecords records = records_of(source);
    Result<Group> root = file.root();
    if (!root) return tl::unexpected(root.error());
    for (const auto& [name, text] : records.origin) {
      if (Status said = root->set(name.c_str(), text); !said) return said;
    }
    Result<RunGroups> runs = RunGroups::create(*root, records);
    if (!runs) return tl::unexpected(runs.error());
    TrackGroups tracks(source, std::move(*runs), std::move(records.losses));
    for (TrackPlan& plan : plans) {
      if (Status written = tracks.write(plan); !written) return written;
    }
    return {};
  }

  std::string out_;
  Existing existing_;
  Filters filters_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_hdf5_exporter(const ExportOptions& options) {
  if (options.out == "-") {
    return fail(ErrorCode::kInvalid,
                "hdf5 is no text, which stdout is for; give a file with -o, such as run.h5");
  }
  if (Status known = hdf5::check(filters_of(options)); !known) return tl::unexpected(known.error());
  return std::make_unique<Hdf5Exporter>(options);
}

}  // namespace zbag
