#include "player/imports/found_recordings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

#include "player/imports/neutral_file.hpp"
#include "player/imports/outward_link.hpp"
#include "player/imports/rows_document.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

namespace fs = std::filesystem;

// What `export` has called so in `folder`; nullopt: it is none of its files. Whether JSON that can
// not be read is one can not be told: whoever opens it says why.
std::optional<std::string> track_of(const fs::path& path, const fs::path& folder) {
  const std::string name = path.lexically_relative(folder).string();
  std::optional<std::string> track = track_of_rows_file(name);
  if (!track || name.substr(track->size()).starts_with(".jsonl")) return track;
  // Other JSON may lie there, too.
  const bool may_be_one =
      RowsDocument::is_begun_in(path.string()) || ::access(path.c_str(), R_OK) != 0;
  return may_be_one ? track : std::nullopt;
}

std::optional<FoundRecording> recording_at(const fs::path& path, const fs::path& folder) {
  if (std::optional<std::string> track = track_of(path, folder))
    return FoundRecording{path.string(), std::move(track), true};
  if (!has_format_name(path.string())) return std::nullopt;
  // A table is of the track that its path says.
  return FoundRecording{path.string(), path.lexically_relative(folder).replace_extension().string(),
                        true};
}

// A link out of the folder, or to a folder in it, which would be read twice.
tl::unexpected<Error> not_followed(const fs::path& link) {
  return fail(ErrorCode::kIo,
              fmt::format("{}: a link out of the folder, or to another one, which is "
                          "not followed; name what it leads to, or remove it",
                          printable(link.string())));
}

Result<std::vector<FoundRecording>> recordings_in(const std::string& folder) {
  std::vector<FoundRecording> found;
  std::error_code error;
  fs::path seen = folder;  // where an error of the walk comes from
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    seen = at->path();
    std::error_code unknown;
    if (at->is_symlink(unknown) && at->is_directory(unknown)) return not_followed(seen);
    if (at->is_directory(unknown) && is_recording_folder(seen.string())) {
      found.push_back({.path = seen.string(), .is_of_folder = true});
      at.disable_recursion_pending();
      continue;
    }
    if (!at->is_regular_file(unknown)) continue;
    std::optional<FoundRecording> recording = recording_at(seen, folder);
    if (!recording) continue;
    if (leads_out_of(folder, seen)) return not_followed(seen);
    found.push_back(std::move(*recording));
  }
  if (error) {
    return fail(ErrorCode::kIo,
                fmt::format("{}: {}; what is in it would be left out: name the files to read",
                            printable(seen.string()), error.message()));
  }
  if (found.empty())
    return fail(ErrorCode::kNotFound,
                folder + ": a folder without recordings in it (zbag import --help names formats)");
  std::sort(found.begin(), found.end(),
            [](const FoundRecording& a, const FoundRecording& b) { return a.path < b.path; });
  return found;
}

}  // namespace

Result<std::vector<FoundRecording>> find_recordings(const std::vector<std::string>& paths) {
  std::vector<FoundRecording> all;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error) || is_recording_folder(path)) {
      all.push_back({.path = path});
      continue;
    }
    Result<std::vector<FoundRecording>> found = recordings_in(path);
    if (!found) return found;
    std::move(found->begin(), found->end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace zbag
