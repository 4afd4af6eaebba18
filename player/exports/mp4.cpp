// mp4: the pictures of a camera as a video, one a track.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/picture_track.hpp"
#include "player/exports/track_files.hpp"
#include "player/exports/video/video_file.hpp"

namespace zbag {
namespace {

constexpr const char* kExtension = ".mp4";
constexpr double kUsualRate = 30.0;  // frames a second, where the track does not tell

class Mp4Exporter : public Exporter {
 public:
  explicit Mp4Exporter(const ExportOptions& options)
      : options_(options), codec_(options.codec.value_or(VideoCodec::kH264)) {}

  Status write(ExportSource& source) override {
    if (options_.out == "-")
      return fail(ErrorCode::kInvalid, "an mp4 is written to and fro: give a file or folder");
    const std::vector<std::string> tracks = picture_tracks(source);
    if (tracks.empty()) return no_pictures();
    Result<TrackFiles> files = TrackFiles::plan(source, tracks, options_, kExtension);
    if (!files) return tl::unexpected(files.error());
    std::uint64_t pictures = 0;
    for (const std::string& track : tracks) {
      const Result<std::uint64_t> written = write_track(source, track, *files);
      if (!written) return tl::unexpected(written.error());
      pictures += *written;
    }
    return pictures == 0 ? no_pictures() : files->publish();
  }

 private:
  // Its file is begun by the first picture: tracks of other bytes get none.
  Result<std::uint64_t> write_track(ExportSource& source, const std::string& track,
                                    TrackFiles& files) {
    std::optional<VideoFile> video;
    Result<std::uint64_t> pictures = each_picture_of(
        source, track, [&](const Picture& picture, const PointView& point) -> Status {
          if (!video) {
            const Result<OutputFile*> file = files.begin(track);
            if (!file) return tl::unexpected(file.error());
            Result<VideoFile> made = VideoFile::create(
                (*file)->by_name(),
                {.codec = codec_, .rate = source.tracks().at(track).rate().value_or(kUsualRate)});
            if (!made) return tl::unexpected(made.error());
            video.emplace(std::move(*made));
          }
          return video->add(picture, point.stamp());
        });
    if (!pictures || !video) return pictures;
    if (Status finished = video->finish(); !finished) return tl::unexpected(finished.error());
    if (video->moved() > 0) {
      source.notice("frames that began in the microsecond of the one before begin in the next",
                    fmt::format("{} of track {}", video->moved(), printable(track)));
    }
    return pictures;
  }

  ExportOptions options_;
  VideoCodec codec_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_mp4_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<Mp4Exporter>(options));
}

}  // namespace zbag
