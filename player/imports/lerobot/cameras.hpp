// The videos of a LeRobotDataset: by reference, or decoded.
//
// By reference a frame is {file, frame, timestamp}: the path of the video below the folder of the
// set, which is its name among the attachments, too; which of its frames, and when in it. The
// video itself is attached where a bag can hold it. Decoded, a frame is a JPEG in `data`.
//
// A video that is damaged, or not there, costs its frames. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "player/imports/format_reader.hpp"
#include "player/imports/import_sink.hpp"
#include "player/imports/lerobot/damages.hpp"
#include "player/imports/lerobot/episodes.hpp"
#include "player/imports/lerobot/feature_tracks.hpp"
#include "player/imports/lerobot/frame_time.hpp"
#include "player/imports/lerobot/set_folder.hpp"
#include "player/imports/lerobot/set_info.hpp"
#include "schemas/result.hpp"

namespace zbag {

class Camera;

// What cameras know of their set, lent.
struct CameraSet {
  const SetFolder& folder;
  const SetInfo& info;
  const EpisodeList& episodes;
  FeatureTracks& tracks;
  Damages& damages;
};

class Cameras {
 public:
  // kUnsupported: videos are to be decoded, and a library is missing.
  static Result<Cameras> create(const CameraSet& set, VideosAs videos);
  Cameras(Cameras&&) noexcept;
  ~Cameras();

  // What all cameras have of one frame. The sink's errors.
  Status take(const Episode& episode, const FrameTime& time, ImportSink& sink);
  // Behind the last frame.
  void finish(ImportSink& sink);

 private:
  explicit Cameras(std::vector<std::unique_ptr<Camera>> all);

  std::vector<std::unique_ptr<Camera>> all_;
};

}  // namespace zbag
