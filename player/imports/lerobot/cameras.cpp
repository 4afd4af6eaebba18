#include "player/imports/lerobot/cameras.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <system_error>
#include <utility>

#include "player/video/jpeg_encoder.hpp"
#include "player/video/video_frames.hpp"
#include "recorder/bag/write/bag_writer.hpp"
#include "schemas/frame.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {

// One of them. Which file it is at changes with the episodes.
class Camera {
 public:
  Camera(const CameraSet& set, const SetFeature& feature, std::size_t number)
      : set_(set), feature_(feature), number_(number) {}
  virtual ~Camera() = default;

  Status take(const Episode& episode, const FrameTime& time, ImportSink& sink) {
    if (episode.number != episode_) {
      episode_ = episode.number;
      if (Status found = find(episode, sink); !found) return found;
    }
    if (!place_) return {};
    return take_frame(place_->from + time.in_episode, time.stamp, sink);
  }
  // Behind the last frame: what is told once.
  virtual void finish(ImportSink&) {}

 protected:
  // Another file than before: what it is called below the folder.
  virtual Status open(const std::string& file, ImportSink& sink) = 0;
  // `seconds`: in the file.
  virtual Status take_frame(double seconds, Timestamp stamp, ImportSink& sink) = 0;

  const CameraSet& set() const { return set_; }
  const SetFeature& feature() const { return feature_; }

 private:
  void lose(ErrorCode code, const std::string& what, ImportSink& sink) {
    place_.reset();
    set_.damages.add({code, what}, sink);
  }

  Status find(const Episode& episode, ImportSink& sink) {
    place_ = set_.episodes.video(episode, number_);
    if (!place_) {
      lose(ErrorCode::kDamaged,
           fmt::format("{}: nothing says where episode {} has its video of {}", set_.folder.path(),
                       episode.number, printable(feature_.key)),
           sink);
      return {};
    }
    const Result<std::string> file =
        set_.episodes.video_path(set_.info, episode, *place_, feature_.key);
    if (!file) {
      lose(file.error().code, fmt::format("{}: {}", set_.folder.path(), file.error().message),
           sink);
      return {};
    }
    if (file_ == *file) return {};
    file_ = *file;
    return open(file_, sink);
  }

  const CameraSet set_;
  const SetFeature& feature_;
  const std::size_t number_;
  std::int64_t episode_ = -1;
  std::optional<VideoPlace> place_;  // of the episode; nullopt: it has no frames
  std::string file_;
};

namespace {

class ReferencedCamera : public Camera {
 public:
  using Camera::Camera;

  void finish(ImportSink& sink) override {
    const auto videos = [](std::uint64_t count) {
      return count == 1 ? "a video" : fmt::format("{} videos", count);
    };
    if (missing_ > 0) {
      sink.leave_out(fmt::format("{} of {} not there: what refers to them is kept",
                                 videos(missing_),
                                 printable(feature().key) + (missing_ == 1 ? " is" : " are")));
    }
    if (too_large_ > 0) {
      sink.leave_out(fmt::format(
          "{} of {} more than {} MiB, which a bag does not keep: they stay in {}",
          videos(too_large_), printable(feature().key) + (too_large_ == 1 ? " has" : " have"),
          BagWriter::kAttachmentMax >> 20, set().folder.path()));
    }
  }

 private:
  Status open(const std::string& file, ImportSink& sink) override {
    name_ = file;
    if (!attached_.insert(file).second) return {};
    const Result<std::string> path = set().folder.find(file);
    if (!path && path.error().code == ErrorCode::kNotFound) {
      // What is said of its frames stays true: sets are had without their videos, too.
      ++missing_;
      return {};
    }
    if (!path) {
      set().damages.add(path.error(), sink);
      return {};
    }
    std::error_code unknown;
    if (std::filesystem::file_size(*path, unknown) > BagWriter::kAttachmentMax) {
      ++too_large_;
      return {};
    }
    const Result<std::string> content = set().folder.read(file, BagWriter::kAttachmentMax);
    if (content) return sink.attach(file, *content);
    set().damages.add(content.error(), sink);
    return {};
  }

  Status take_frame(double seconds, Timestamp stamp, ImportSink& sink) override {
    const std::string& track = set().tracks.track_of(feature().key);
    if (track.empty()) return {};
    const Fields fields{
        {"file", name_}, {"frame", std::llround(seconds * set().info.fps)}, {"timestamp", seconds}};
    map_.clear();
    encode_fields(fields, map_);
    return sink.frame(track, stamp, bytes_of(map_));
  }

  std::string name_;
  std::set<std::string> attached_;
  std::uint64_t too_large_ = 0;
  std::uint64_t missing_ = 0;
  std::string map_;
};

class DecodedCamera : public Camera {
 public:
  using Camera::Camera;

 private:
  Status open(const std::string& file, ImportSink& sink) override {
    video_.reset();
    const Result<std::string> path = set().folder.find(file);
    Result<VideoFrames> opened =
        path ? VideoFrames::open(*path) : Result<VideoFrames>(tl::unexpected(path.error()));
    if (opened) {
      video_.emplace(std::move(*opened));
    } else {
      set().damages.add(opened.error(), sink);
    }
    name_ = set().folder.name_of(file);
    return {};
  }

  Status take_frame(double seconds, Timestamp stamp, ImportSink& sink) override {
    if (!video_) return {};
    const Result<const AVFrame*> frame = video_->at(seconds, 0.5 / set().info.fps);
    if (!frame) return lose_video(frame.error(), seconds, sink);
    if (*frame == nullptr) {
      sink.refuse(fmt::format("{}: there is no frame at {:.6f} s", name_, seconds));
      return {};
    }
    const Result<std::span<const std::uint8_t>> jpeg = jpegs_.encode(**frame);
    if (!jpeg) return lose_video(jpeg.error(), seconds, sink);
    return set().tracks.take_picture(feature().key, stamp, text_of(*jpeg),
                                     static_cast<std::uint64_t>((*frame)->width),
                                     static_cast<std::uint64_t>((*frame)->height), sink);
  }

  Status lose_video(const Error& error, double seconds, ImportSink& sink) {
    video_.reset();
    set().damages.add(
        {ErrorCode::kDamaged, fmt::format("{}: its frames from {:.3f} s on are left out: {}", name_,
                                          seconds, error.message)},
        sink);
    return {};
  }

  std::string name_;
  std::optional<VideoFrames> video_;  // nullopt: it can not be read, or no more
  JpegEncoder jpegs_;
};

}  // namespace

Result<Cameras> Cameras::create(const CameraSet& set, VideosAs videos) {
  std::vector<std::unique_ptr<Camera>> all;
  for (const SetFeature& feature : set.info.features) {
    if (feature.dtype != "video") continue;
    // Distances are packed into their pixels in a way that no picture has.
    const bool is_decoded = videos == VideosAs::kDecode && !feature.is_depth;
    if (!is_decoded) {
      all.push_back(std::make_unique<ReferencedCamera>(set, feature, all.size()));
      continue;
    }
    if (const auto loaded = load_libav(); !loaded) return tl::unexpected(loaded.error());
    all.push_back(std::make_unique<DecodedCamera>(set, feature, all.size()));
  }
  return Cameras(std::move(all));
}

Cameras::Cameras(std::vector<std::unique_ptr<Camera>> all) : all_(std::move(all)) {}
Cameras::Cameras(Cameras&&) noexcept = default;
Cameras::~Cameras() = default;

Status Cameras::take(const Episode& episode, const FrameTime& time, ImportSink& sink) {
  for (const std::unique_ptr<Camera>& camera : all_) {
    if (Status taken = camera->take(episode, time, sink); !taken) return taken;
  }
  return {};
}

void Cameras::finish(ImportSink& sink) {
  for (const std::unique_ptr<Camera>& camera : all_) camera->finish(sink);
}

}  // namespace zbag
