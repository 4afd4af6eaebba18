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
#include "schemas/json_text.hpp"
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

// "%2F" stands for a slash, as those who write partitions have it.
std::string without_percents(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::optional<std::string> byte =
        text[at] == '%' ? unhex(text.substr(at + 1, 2)) : std::nullopt;
    const bool is_written = byte && byte->size() == 1;
    plain += is_written ? byte->front() : text[at];
    if (is_written) at += 2;
  }
  return plain;
}

// The track of a table by its path in the folder that was named: "robot/imu" of robot/imu.parquet.
// Folders `key=value` part one track: "robot/imu" of robot/imu/date=2026-11-29/data_0.parquet and
// of track=robot%2Fimu/hour=07/data_0.parquet.
std::string track_of_table(const fs::path& path) {
  fs::path track;
  bool is_parted = false;
  for (const fs::path& part : path.parent_path()) {
    const std::string name = part.string();
    constexpr std::string_view kOfKeys = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    const std::size_t equals = name.find_first_not_of(kOfKeys);
    if (equals == 0 || equals == std::string::npos || name[equals] != '=') {
      track /= part;
      continue;
    }
    is_parted = true;
    if (name.substr(0, equals) == "track") return without_percents(name.substr(equals + 1));
  }
  if (!is_parted) return fs::path(path).replace_extension().string();
  return track.empty() ? path.stem().string() : track.string();
}

std::optional<FoundRecording> recording_at(const fs::path& path, const fs::path& folder) {
  if (std::optional<std::string> track = track_of(path, folder))
    return FoundRecording{path.string(), std::move(track), true};
  if (!has_format_name(path.string())) return std::nullopt;
  return FoundRecording{path.string(), track_of_table(path.lexically_relative(folder)), true};
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
