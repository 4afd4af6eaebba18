#include "player/exports/track_files.hpp"

#include <fmt/format.h>

namespace zbag {

Result<TrackFiles> TrackFiles::plan(const ExportSource& source, const std::string& out,
                                    const std::string& extension, Existing existing) {
  return plan(source, source.track_names(), out, extension, existing);
}

Result<TrackFiles> TrackFiles::plan(const ExportSource& source,
                                    const std::vector<std::string>& tracks, const std::string& out,
                                    const std::string& extension, Existing existing) {
  if (out != "-" && !out.ends_with(extension))
    return in_folder(source, tracks, out, extension, existing);
  if (tracks.size() > 1) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} tracks do not go into one file: choose one with --track, or give a "
                            "folder with -o",
                            tracks.size()));
  }
  TrackFiles files;
  files.path_ = out;
  files.existing_ = existing;
  return files;
}

Result<TrackFiles> TrackFiles::plan_folder(const ExportSource& source, const std::string& out,
                                           const std::string& extension, Existing existing) {
  return in_folder(source, source.track_names(), out, extension, existing);
}

Result<TrackFiles> TrackFiles::in_folder(const ExportSource& source,
                                         const std::vector<std::string>& tracks,
                                         const std::string& out, const std::string& extension,
                                         Existing existing) {
  Result<OutputFolder> folder = OutputFolder::plan(out, tracks, extension, existing);
  if (!folder) return tl::unexpected(folder.error());
  for (const auto& [track, file] : folder->renamed()) {
    source.note(
        fmt::format("track {} is written to {}, since its own name is a folder's", track, file));
  }
  TrackFiles files;
  files.folder_.emplace(std::move(*folder));
  return files;
}

Result<OutputFile*> TrackFiles::begin(const std::string& track) {
  if (folder_) return folder_->begin(track);
  Result<OutputFile> file = OutputFile::create(path_, existing_);
  if (!file) return tl::unexpected(file.error());
  file_.emplace(std::move(*file));
  return &*file_;
}

Status TrackFiles::publish() {
  if (folder_) return folder_->publish();
  if (Status finished = file_->finish(); !finished) return finished;
  return file_->publish();
}

}  // namespace zbag
