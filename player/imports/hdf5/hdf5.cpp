// HDF5: the layout of `export --format hdf5`, and files of others.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "player/imports/file_track.hpp"
#include "player/imports/format_reader.hpp"
#include "player/imports/hdf5/aside_reader.hpp"
#include "player/imports/hdf5/own_layout.hpp"
#include "player/imports/hdf5/plain_layout.hpp"
#include "player/imports/hdf5/track_reader.hpp"

namespace zbag {
namespace {

using hdf5::reading::FilePlan;
using hdf5::reading::FileTree;
using hdf5::reading::SourceFile;
using hdf5::reading::TrackPlan;
using hdf5::reading::TrackReader;

class Hdf5File : public FormatReader {
 public:
  Hdf5File(SourceFile file, FilePlan plan, std::size_t values_max)
      : file_(std::move(file)), plan_(std::move(plan)), values_max_(values_max) {
    for (const TrackPlan& track : plan_.tracks) rows_ += static_cast<double>(track.rows);
  }

  Status read(ImportSink& sink) override {
    for (const std::string& line : plan_.passed) sink.leave_out(line);
    for (const std::string& line : plan_.remarks) sink.note(line);
    for (const std::string& line : plan_.unreadable) sink.refuse(line);
    for (auto& [name, value] : plan_.about) sink.describe(name, std::move(value));
    for (const TrackPlan& track : plan_.tracks) {
      Result<TrackReader> reader = TrackReader::open(file_, track, values_max_);
      if (!reader) return tl::unexpected(reader.error());
      reader_ = &*reader;
      Status read = reader->read(sink);
      reader_ = nullptr;
      if (!read) return read;
      rows_before_ += static_cast<double>(track.rows);
    }
    return {};
  }

  std::string place() const override {
    return reader_ != nullptr ? reader_->place() : file_.path();
  }
  std::optional<double> share() const override {
    if (rows_ == 0.0) return 1.0;
    const double at = reader_ != nullptr ? static_cast<double>(reader_->row()) : 0.0;
    return (rows_before_ + at) / rows_;
  }

 private:
  SourceFile file_;
  FilePlan plan_;
  const std::size_t values_max_;
  const TrackReader* reader_ = nullptr;  // of the track at hand
  double rows_ = 0.0;                    // of all tracks
  double rows_before_ = 0.0;             // of those that are read
};

Result<std::unique_ptr<FormatReader>> open_here(const FoundRecording& recording,
                                                const ImportOptions& options) {
  Result<SourceFile> file = SourceFile::open(recording.path, options.goes_on);
  if (!file) return tl::unexpected(file.error());
  Result<FileTree> tree = hdf5::reading::tree_of(*file);
  if (!tree) return tl::unexpected(tree.error());
  const bool is_own = hdf5::reading::is_own_layout(*file);
  if (is_own && !options.time_field.empty())
    return fail(ErrorCode::kInvalid, recording.path +
                                         ": a file that zbag has written says itself "
                                         "what _ts is: leave --time-field out");
  Result<FilePlan> plan =
      is_own ? hdf5::reading::plan_own_layout(*file, std::move(*tree))
             : hdf5::reading::plan_plain_layout(
                   *file, std::move(*tree),
                   {file_track(recording), options.time_field, options.values_max});
  if (!plan) return tl::unexpected(plan.error());
  return std::make_unique<Hdf5File>(std::move(*file), std::move(*plan), options.values_max);
}

}  // namespace

Result<std::unique_ptr<FormatReader>> open_hdf5(const FoundRecording& recording,
                                                const ImportOptions& options) {
  // Once here, and not in every process that reads a file.
  if (const auto loaded = hdf5::load_hdf5(); !loaded) return fail(loaded.error(), recording.path);
  return hdf5::reading::open_aside(recording, options, open_here);
}

}  // namespace zbag
