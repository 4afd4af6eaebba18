// The episodes of a LeRobotDataset, and its tasks, as its `meta` says them: in lines of JSON
// (version 2), or in Parquet files (version 3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "player/imports/lerobot/set_folder.hpp"
#include "player/imports/lerobot/set_info.hpp"
#include "player/imports/tables/parquet_table.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Where the frames of a camera lie.
struct VideoPlace {
  std::uint64_t chunk = 0;
  std::uint64_t file = 0;
  double from = 0.0;  // seconds into the file
};

struct Episode {
  std::int64_t number = 0;  // its index, 0 or more
  std::uint64_t frames = 0;
  std::uint64_t data_chunk = 0;
  std::uint64_t data_file = 0;
};

class EpisodeList {
 public:
  // Of all episodes and cameras together.
  static constexpr std::size_t kPlacesMax = std::size_t{1} << 21;

  // What can not be read is in faults(). kDamaged, kNotFound: nothing can. kClosed: it is not to go
  // on. Others: of the machine.
  static Result<EpisodeList> read(const SetFolder& folder, const SetInfo& info,
                                  const std::function<bool()>& goes_on);

  const std::vector<Episode>& all() const { return episodes_; }  // by their numbers
  const Episode* find(std::int64_t number) const;                // nullptr: there is none
  // `camera`: counts the features that are videos. nullopt: nothing says it.
  std::optional<VideoPlace> video(const Episode& episode, std::size_t camera) const;
  const std::string* task(std::int64_t number) const;  // nullptr: nothing says it
  // What of `meta` is damaged, or not there.
  const std::vector<Error>& faults() const { return faults_; }

  // Where the data of an episode lies, and a video.
  Result<std::string> data_path(const SetInfo& info, const Episode& episode) const;
  Result<std::string> video_path(const SetInfo& info, const Episode& episode,
                                 const VideoPlace& place, const std::string& key) const;

 private:
  EpisodeList() = default;
  Status read_lines(const SetFolder& folder, const SetInfo& info);
  Status take_line(std::string_view line, const std::string& place, const SetInfo& info);
  Status read_tables(const SetFolder& folder, const SetInfo& info,
                     const std::function<bool()>& goes_on);
  Status read_table(const SetFolder& folder, ParquetFiles& files, const std::string& file,
                    const std::vector<std::string>& cameras);
  Status take_row(std::span<const std::string_view> row, const std::string& place);
  Status read_tasks(const SetFolder& folder, bool are_lines);
  Status read_task_lines(const SetFolder& folder);
  Status read_task_table(const SetFolder& folder);
  Status add_task(std::optional<std::int64_t> number, const std::string& text,
                  const std::string& place);
  Status add(const Episode& episode, const std::string& place);
  // Of one file: an error that is not its own ends the reading.
  Status unless_of_file(Status read);
  void sort();

  std::vector<Episode> episodes_;
  std::vector<std::optional<VideoPlace>> places_;  // of each episode those of all cameras
  std::size_t cameras_ = 0;
  std::map<std::int64_t, std::string> tasks_;
  std::size_t task_bytes_ = 0;
  std::vector<Error> faults_;
};

// The keys of the features that are videos, in their order.
std::vector<std::string> camera_keys(const SetInfo& info);

}  // namespace zbag
