// LeRobotDatasets of version 2.0, 2.1 and 3.0 (github.com/huggingface/lerobot): folders with
// meta/info.json, data in Parquet, videos in MP4.
//
// A file that is damaged, or not there, costs what is in it: the others are read, and the end says
// so. frame_time.hpp says when frames were.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "player/imports/format_reader.hpp"
#include "player/imports/lerobot/cameras.hpp"
#include "player/imports/lerobot/damages.hpp"
#include "player/imports/lerobot/episodes.hpp"
#include "player/imports/lerobot/feature_tracks.hpp"
#include "player/imports/lerobot/frame_rows.hpp"
#include "player/imports/lerobot/frame_time.hpp"
#include "player/imports/lerobot/set_folder.hpp"
#include "player/imports/lerobot/set_info.hpp"
#include "player/query/database.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr const char* kInfo = "meta/info.json";
constexpr std::size_t kInfoBytesMax = 16u << 20;
// Kept with the bag, as they are.
constexpr std::array kKept = {kInfo, "meta/stats.json", "meta/episodes_stats.jsonl"};

class LerobotSet : public FormatReader {
 public:
  LerobotSet(SetFolder folder, SetInfo info, EpisodeList episodes, ImportOptions options)
      : folder_(std::move(folder)),
        info_(std::move(info)),
        episodes_(std::move(episodes)),
        options_(std::move(options)),
        tracks_(info_),
        place_(folder_.path()) {
    for (const Episode& episode : episodes_.all())
      frames_ += static_cast<double>(std::min<std::uint64_t>(episode.frames, 1u << 30));
  }

  // What is missing for the videos.
  Status open() {
    Result<Cameras> cameras =
        Cameras::create({folder_, info_, episodes_, tracks_, damages_}, options_.videos);
    if (!cameras) return tl::unexpected(cameras.error());
    cameras_.emplace(std::move(*cameras));
    return {};
  }

  Status read(ImportSink& sink) override {
    for (const Error& fault : episodes_.faults()) damages_.add(fault, sink);
    if (Status kept = keep_meta(sink); !kept) return kept;
    sink.note(fmt::format("{}: its episodes follow one another on one line of time, from 0 on",
                          folder_.path()));
    std::set<std::string> done;
    for (const Episode& episode : episodes_.all()) {
      const Result<std::string> file = episodes_.data_path(info_, episode);
      if (!file) {
        damages_.add(file.error(), sink);
        continue;
      }
      if (!done.insert(*file).second) continue;
      if (!sink.goes_on()) return fail(ErrorCode::kClosed, folder_.path() + ": stopped");
      if (Status read = unless_of_file(read_file(*file, sink), sink); !read) return read;
    }
    cameras_->finish(sink);
    tell(sink);
    return damages_.status();
  }

  std::string place() const override { return place_; }
  std::optional<double> share() const override {
    if (frames_ <= 0.0) return std::nullopt;
    return std::min(1.0, static_cast<double>(frame_) / frames_);
  }

 private:
  // Whatever the sink says, and what is of the machine, ends it.
  Status unless_of_file(Status read, ImportSink& sink) {
    if (read || has_sink_failed_) return read;
    const ErrorCode code = read.error().code;
    const bool is_its_own = code == ErrorCode::kDamaged || code == ErrorCode::kNotFound ||
                            code == ErrorCode::kUnsupported;
    if (!is_its_own) return read;
    damages_.add(std::move(read.error()), sink);
    return {};
  }

  Status keep_meta(ImportSink& sink) {
    if (!info_.robot_type.empty()) sink.describe("robot_type", Value(info_.robot_type));
    const std::string* const task = only_task();
    if (task != nullptr) sink.describe("task", Value(*task));
    sink.describe("lerobot", Value(info_.described));
    for (const char* const name : kKept) {
      const Result<std::string> content = folder_.read(name, BagWriter::kAttachmentMax);
      if (content) {
        if (Status attached = sink.attach(name, *content); !attached) return attached;
      } else if (content.error().code != ErrorCode::kNotFound) {
        sink.leave_out(fmt::format("{} is left out: {}", name, content.error().message));
      }
    }
    return {};
  }
  // That `export` says again.
  const std::string* only_task() const {
    const std::string* const first = episodes_.task(0);
    return first != nullptr && episodes_.task(1) == nullptr ? first : nullptr;
  }

  Status read_file(const std::string& file, ImportSink& sink) {
    const Result<std::string> path = folder_.find(file);
    if (!path) return tl::unexpected(path.error());
    Result<FrameRows> rows = FrameRows::open(files_, *path);
    if (!rows) return tl::unexpected(rows.error());
    const auto at = [&](std::uint64_t row) {
      place_ = fmt::format("{}: row {}", *path, row);
      ++frame_;
    };
    return rows->each(
        [&](std::uint64_t number, const FrameRows::Row& row) {
          at(number);
          Status taken = take_row(row, rows->features(), sink);
          has_sink_failed_ = !taken;
          return taken;
        },
        [&](std::uint64_t number) {
          at(number);
          sink.refuse(place_ + ": it does not say which frame it is");
        });
  }

  Status take_row(const FrameRows::Row& row, const std::vector<std::string>& features,
                  ImportSink& sink) {
    const std::optional<FrameTime> time =
        frame_time(info_.fps, row.index, row.frame_index, row.timestamp);
    if (!time) {
      sink.refuse(fmt::format("{}: frame {} of an episode is no frame {} of the set", place_,
                              row.frame_index, row.index));
      return {};
    }
    if (!time->is_as_said) ++moved_;
    const Episode* const episode = episodes_.find(row.episode_index);
    if (Status told = take_episode(row, episode, time->stamp, sink); !told) return told;
    for (std::size_t n = 0; n < features.size(); ++n) {
      Status taken = tracks_.take(features[n], time->stamp, row.values[n], place_, sink);
      if (!taken) return taken;
    }
    return episode != nullptr ? cameras_->take(*episode, *time, sink) : Status();
  }

  // Where an episode begins, or its task is another one.
  Status take_episode(const FrameRows::Row& row, const Episode* episode, Timestamp stamp,
                      ImportSink& sink) {
    const bool is_first = row.episode_index != last_episode_;
    if (!is_first && row.task_index == last_task_) return {};
    last_episode_ = row.episode_index;
    last_task_ = row.task_index;
    Fields fields{{"episode_index", row.episode_index}, {"is_first", is_first}};
    if (row.task_index >= 0) fields.emplace_back("task_index", row.task_index);
    if (const std::string* const task = episodes_.task(row.task_index); task != nullptr)
      fields.emplace_back("task", *task);
    if (episode != nullptr) {
      fields.emplace_back("length", episode->frames);
    } else {
      sink.note(fmt::format("{}: meta does not speak of all of its episodes", folder_.path()));
    }
    map_.clear();
    encode_fields(fields, map_);
    return sink.frame(kEpisodeTrack, stamp, bytes_of(map_));
  }

  void tell(ImportSink& sink) const {
    if (moved_ > 0) {
      sink.note(
          fmt::format("{}: {} frames are not where their timestamp says, but where their "
                      "frame_index does, at {} a second",
                      folder_.path(), moved_, info_.fps));
    }
    for (const SetFeature& feature : info_.features) {
      if (feature.dtype == "video" && feature.is_depth && options_.videos == VideosAs::kDecode)
        sink.note(fmt::format("{}: a video of distances, which is kept by reference",
                              printable(feature.key)));
    }
  }

  const SetFolder folder_;
  const SetInfo info_;
  const EpisodeList episodes_;
  const ImportOptions options_;
  FeatureTracks tracks_;
  Damages damages_;
  // Of pictures a page has a thousand, as LeRobot writes them.
  ParquetFiles files_{0};
  std::optional<Cameras> cameras_;
  std::string place_;
  double frames_ = 0.0;      // that it says it has
  std::uint64_t frame_ = 0;  // that are read
  std::uint64_t moved_ = 0;  // not as their timestamp says
  bool has_sink_failed_ = false;
  std::int64_t last_episode_ = -1;
  std::int64_t last_task_ = -1;
  std::string map_;
};

}  // namespace

bool is_lerobot(const std::string& path, std::string_view begin) {
  return begin.empty() && is_lerobot_folder(path);
}

Result<std::unique_ptr<FormatReader>> open_lerobot(const FoundRecording& recording,
                                                   const ImportOptions& options) {
  SetFolder folder(recording.path);
  const Result<std::string> text = folder.read(kInfo, kInfoBytesMax);
  if (!text) return tl::unexpected(text.error());
  Result<SetInfo> info = parse_set_info(*text);
  if (!info) return fail(info.error(), folder.name_of(kInfo));
  // Said once, not of each file.
  if (const auto version = Database::library_version(); !version)
    return fail(version.error(), folder.path());
  Result<EpisodeList> episodes = EpisodeList::read(folder, *info, options.goes_on);
  if (!episodes) return tl::unexpected(episodes.error());
  auto reader = std::make_unique<LerobotSet>(std::move(folder), std::move(*info),
                                             std::move(*episodes), options);
  if (Status opened = reader->open(); !opened) return tl::unexpected(opened.error());
  return reader;
}

}  // namespace zbag
