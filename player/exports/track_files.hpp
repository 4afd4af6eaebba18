// The files of an export whose format has one track a file: OUT itself, or a file a track below it.
//
//   TrackFiles files = TrackFiles::plan(source, "out", ".csv").value();
//   for each track: OutputFile* file = files.begin(track).value(); file->write(...);
//   files.publish();
//
// Nothing is written before all names are decided; all appear together. Not thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "player/exports/export_source.hpp"
#include "player/exports/output_file.hpp"

namespace zbag {

class TrackFiles {
 public:
  // OUT is one file when it ends with `extension` (which begins with its dot) or is "-" for stdout,
  // else a folder. One file can hold one track: kInvalid says what to do with several. Tracks
  // that are written under other names than their own are noted. Errors as OutputFolder::plan.
  static Result<TrackFiles> plan(const ExportSource& source, const std::string& out,
                                 const std::string& extension, Existing existing);
  // The same for some of the tracks.
  static Result<TrackFiles> plan(const ExportSource& source, const std::vector<std::string>& tracks,
                                 const std::string& out, const std::string& extension,
                                 Existing existing);
  // OUT as a folder, whatever its name.
  static Result<TrackFiles> plan_folder(const ExportSource& source, const std::string& out,
                                        const std::string& extension, Existing existing);

  // Ends the file before and begins that of `track`.
  Result<OutputFile*> begin(const std::string& track);
  // REQUIRES: of one file: begun.
  Status publish();
  bool is_folder() const { return folder_.has_value(); }

 private:
  TrackFiles() = default;
  static Result<TrackFiles> in_folder(const ExportSource& source,
                                      const std::vector<std::string>& tracks,
                                      const std::string& out, const std::string& extension,
                                      Existing existing);

  std::optional<OutputFolder> folder_;
  std::string path_;  // of the one file
  Existing existing_ = Existing::kStays;
  std::optional<OutputFile> file_;
};

}  // namespace zbag
