#include "player/exports/track_files.hpp"

#include <fmt/format.h>

#include "schemas/track_name.hpp"

namespace zbag {

Result<TrackFiles> TrackFiles::plan(const ExportSource& source,
                                    const std::vector<std::string>& tracks,
                                    const ExportOptions& options, const std::string& extension) {
  if (options.out != "-" && !options.out.ends_with(extension))
    return in_folder(source, tracks, options, extension);
  if (tracks.size() > 1) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} tracks do not go into one file: choose one with --track, or give a "
                            "folder with -o",
                            tracks.size()));
  }
  return one(options);
}

Result<TrackFiles> TrackFiles::plan_folder(const ExportSource& source, const ExportOptions& options,
                                           const std::string& extension) {
  return in_folder(source, source.track_names(), options, extension);
}

Result<TrackFiles> TrackFiles::in_folder(const ExportSource& source,
                                         const std::vector<std::string>& tracks,
                                         const ExportOptions& options,
                                         const std::string& extension) {
  Result<OutputFolder> folder =
      OutputFolder::plan(options.out, tracks, extension, options.existing);
  if (!folder) return tl::unexpected(folder.error());
  for (const auto& [track, file] : folder->renamed()) {
    source.notice("files under other names, since those of their tracks are folders'",
                  fmt::format("that of track {} is {}", printable(track), printable(file)));
  }
  TrackFiles files(options);
  files.folder_.emplace(std::move(*folder));
  return files;
}

Result<OutputFile*> TrackFiles::begin(const std::string& track) {
  Result<OutputFile*> begun = nullptr;
  if (folder_) {
    begun = folder_->begin(track);
  } else if (Result<OutputFile> file = OutputFile::create(out_, existing_); file) {
    begun = &file_.emplace(std::move(*file));
  } else {
    begun = tl::unexpected(file.error());
  }
  if (begun) binaries_.emplace_back(binary_, (*begun)->path(), existing_);
  return begun;
}

Status TrackFiles::publish() {
  Status published;
  for (BinaryCells& binaries : binaries_) {
    if (published) published = binaries.publish();
  }
  if (published) published = publish_files();
  if (published) return published;
  for (BinaryCells& binaries : binaries_) binaries.take_back();
  return published;
}

Status TrackFiles::publish_files() {
  if (folder_) return folder_->publish();
  if (Status finished = file_->finish(); !finished) return finished;
  return file_->publish();
}

}  // namespace zbag
