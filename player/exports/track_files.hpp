// The files of an export whose format has one track a file: OUT itself, or a file a track below it.
//
//   TrackFiles files = TrackFiles::plan(source, options, ".csv").value();
//   for each track: OutputFile* file = files.begin(track).value(); file->write(...);
//   files.publish();
//
// Nothing is written before all names are decided; all appear together, with the files of bytes
// that lie beside them (--binary files). Not thread-safe.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "player/exports/binary_cells.hpp"
#include "player/exports/exporter.hpp"

namespace zbag {

class TrackFiles {
 public:
  // OUT is one file when it ends with `extension` (which begins with its dot) or is "-" for stdout,
  // else a folder. One file can hold one track: kInvalid says what to do with several. Tracks
  // that are written under other names than their own are noted. Errors as OutputFolder::plan.
  static Result<TrackFiles> plan(const ExportSource& source, const ExportOptions& options,
                                 const std::string& extension) {
    return plan(source, source.track_names(), options, extension);
  }
  // The same for some of the tracks.
  static Result<TrackFiles> plan(const ExportSource& source, const std::vector<std::string>& tracks,
                                 const ExportOptions& options, const std::string& extension);
  // OUT as one file, whatever its name and of however many tracks: to be begun once.
  static TrackFiles one(const ExportOptions& options) { return TrackFiles(options); }
  // OUT as a folder, whatever its name.
  static Result<TrackFiles> plan_folder(const ExportSource& source, const ExportOptions& options,
                                        const std::string& extension);

  // Ends the file before and begins that of `track`.
  Result<OutputFile*> begin(const std::string& track);
  // For the bytes of that file.
  BinaryCells& binaries() { return binaries_.back(); }
  // REQUIRES: of one file: begun.
  Status publish();
  bool is_folder() const { return folder_.has_value(); }

 private:
  static Result<TrackFiles> in_folder(const ExportSource& source,
                                      const std::vector<std::string>& tracks,
                                      const ExportOptions& options, const std::string& extension);
  Status publish_files();
  explicit TrackFiles(const ExportOptions& options)
      : out_(options.out), existing_(options.existing), binary_(options.binary) {}

  std::string out_;
  Existing existing_;
  BinaryAs binary_;
  std::optional<OutputFolder> folder_;
  std::optional<OutputFile> file_;    // the one, where there is no folder
  std::deque<BinaryCells> binaries_;  // a file's each; they go first
};

}  // namespace zbag
