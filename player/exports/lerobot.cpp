// lerobot: a LeRobotDataset v3.0, the folder that LeRobot trains from (its documents:
// huggingface.co/docs/lerobot/lerobot-dataset-v3). features.hpp says what becomes of which track.
//
// The format knows one constant rate: a frame is the row that is nearest to its time, and rows are
// the points of one track with what the others had then. Rows begin where all tracks have begun.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <utility>

#include "player/exports/exporter.hpp"
#include "player/exports/lerobot/data_set.hpp"
#include "player/exports/lerobot/features.hpp"
#include "player/exports/lerobot/frame_clock.hpp"
#include "player/exports/lerobot/frame_numbers.hpp"
#include "player/exports/output_tree.hpp"
#include "player/exports/picture_track.hpp"
#include "schemas/field_lookup.hpp"
#include "schemas/map_member.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr double kUsualRate = 30.0;  // frames a second, of less than two points
constexpr double kRateMax = 10'000.0;

std::optional<MapBytes> map_of(MapBytes row, std::string_view track) {
  const auto value = find_member(row, track);
  return value ? open_map(*value) : std::nullopt;
}

// The video of one camera.
class CameraFile {
 public:
  CameraFile(CameraFeature feature, std::string path, VideoCodec codec, unsigned rate)
      : feature_(std::move(feature)), path_(std::move(path)), codec_(codec), rate_(rate) {}

  const CameraFeature& feature() const { return feature_; }
  // The row's picture; where it has none, the one before again. REQUIRES: the first row has one.
  Status add(MapBytes row, Timestamp shown_at) {
    if (const std::optional<MapBytes> map = map_of(row, feature_.track)) {
      const auto picture = picture_of(*map);
      if (!picture) return named(tl::unexpected(picture.error()), shown_at);
      if (*picture) {
        map_.clear();
        append_map(*map, map_);
        return named(encode(**picture, shown_at), shown_at);
      }
    }
    ++repeated_;
    const auto picture = picture_of(*open_map(bytes_of(map_)));
    return encode(**picture, shown_at);
  }
  Status finish() { return video_->finish(); }
  std::uint64_t repeated() const { return repeated_; }
  DataSetFacts::Camera facts() const {
    return {feature_.key, codec_ == VideoCodec::kAv1 ? "av1" : "h264", colours_->width(),
            colours_->height()};
  }
  FeatureStats stats() const { return FeatureStats::of_camera(feature_.key, *colours_); }

 private:
  Status encode(const Picture& picture, Timestamp shown_at) {
    if (!video_) {
      Result<VideoFile> made = VideoFile::create(
          path_, {.codec = codec_, .rate = static_cast<double>(rate_), .colours = colours_.get()});
      if (!made) return tl::unexpected(made.error());
      video_.emplace(std::move(*made));
    }
    return video_->add(picture, shown_at);
  }
  Status named(Status status, Timestamp at) const {
    if (!status) status.error() = picture_error(status.error(), feature_.track, at);
    return status;
  }

  CameraFeature feature_;
  std::string path_;
  VideoCodec codec_;
  unsigned rate_;
  std::unique_ptr<ColourCount> colours_ = std::make_unique<ColourCount>();
  std::optional<VideoFile> video_;
  std::string map_;  // of the last picture
  std::uint64_t repeated_ = 0;
};

// One episode, from rows to files.
class Episode {
 public:
  Episode(ExportSource& source, const FeaturePlan& plan, unsigned rate)
      : source_(source), plan_(plan), rate_(rate) {}

  Status write(const DataSetFolder& folder, VideoCodec codec) {
    Result<FrameNumbers> numbers = FrameNumbers::create(folder.data_path(), plan_);
    if (!numbers) return tl::unexpected(numbers.error());
    for (const CameraFeature& camera : plan_.cameras)
      cameras_.emplace_back(camera, folder.video_path(camera.key), codec, rate_);
    FrameClock clock(rate_, [&](std::uint64_t frame, MapBytes row) {
      return add_frame(frame, row, clock.first(), *numbers);
    });
    missing_.insert(plan_.tracks.begin(), plan_.tracks.end());
    Status read = source_.each_point([&](const PointView& row) { return add_row(row, clock); });
    if (!read) return read;
    if (clock.rows() == 0) return no_rows();
    if (Status last = clock.finish(); !last) return last;
    for (CameraFile& camera : cameras_) {
      if (Status finished = camera.finish(); !finished) return finished;
    }
    if (Status finished = numbers->finish(); !finished) return finished;
    Status written = write_meta(folder, clock.frames());
    if (written) tell(clock, *numbers);
    return written;
  }

 private:
  // Rows count from where every track has something.
  Status add_row(const PointView& row, FrameClock& clock) {
    const MapBytes map = *open_map(row.map);
    if (!missing_.empty()) {
      std::erase_if(missing_, [&](const std::string& track) { return has_begun(map, track); });
      if (!missing_.empty()) {
        ++rows_before_;
        return {};
      }
    }
    return clock.add(row.key, row.map);
  }
  bool has_begun(MapBytes row, const std::string& track) const {
    const std::optional<MapBytes> map = map_of(row, track);
    if (!map) return false;
    const bool is_camera =
        std::ranges::find(plan_.cameras, track, &CameraFeature::track) != plan_.cameras.end();
    if (!is_camera) return true;
    // What is wrong with a picture is told when it is taken.
    const auto picture = picture_of(*map);
    return !picture || picture->has_value();
  }
  Status add_frame(std::uint64_t frame, MapBytes row, std::int64_t first, FrameNumbers& numbers) {
    // The video has exactly what the float32 in the table says: they are compared.
    const auto seconds = static_cast<float>(static_cast<double>(frame) / rate_);
    const Timestamp shown_at =
        Timestamp::from_ns(first + std::llround(static_cast<double>(seconds) * 1e9));
    for (CameraFile& camera : cameras_) {
      if (Status added = camera.add(row, shown_at); !added) return added;
    }
    return numbers.add(frame, seconds, row);
  }
  Status no_rows() const {
    if (rows_before_ == 0) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("track {}, whose points are to be frames, has none here",
                              printable(plan_.clock)));
    }
    return fail(ErrorCode::kUnsupported,
                fmt::format("no row has all of the tracks: there is nothing of {} by the {} points "
                            "of {}; choose tracks with --track, or a wider --tolerance",
                            printable(*missing_.begin()), rows_before_, printable(plan_.clock)));
  }
  void tell(const FrameClock& clock, const FrameNumbers& numbers) const {
    for (const Remark& remark : plan_.remarks) source_.remark(remark);
    const std::string name = printable(plan_.clock);
    source_.notice(fmt::format("frames are the points of track {}, at {} a second", name, rate_));
    if (rows_before_ > 0) {
      source_.warn(
          fmt::format("{} points of track {} come before all tracks have begun and are left out",
                      rows_before_, name));
    }
    if (clock.passed_over() + clock.repeated() > 0) {
      source_.warn(
          fmt::format("track {} does not keep that rate: {} of its points are no frame, {} "
                      "frames repeat the one before",
                      name, clock.passed_over(), clock.repeated()));
    }
    if (numbers.missing() > 0)
      source_.warn(fmt::format("{} numbers were missing and are NaN", numbers.missing()));
    for (const auto& [field, count] : numbers.infinite())
      source_.warn("fields with infinite numbers",
                   fmt::format("{} in {}", count, printable(field)));
    for (const CameraFile& camera : cameras_) {
      if (camera.repeated() > 0) {
        source_.warn(
            "frames have no picture at their time and repeat the one before",
            fmt::format("{} of track {}", camera.repeated(), printable(camera.feature().track)));
      }
    }
  }
  Status write_meta(const DataSetFolder& folder, std::uint64_t frames) const {
    DataSetFacts facts{.rate = rate_, .frames = frames};
    facts.task =
        said("task").value_or(std::filesystem::path(source_.bags().front().path).stem().string());
    facts.robot = said("robot_type").value_or("");
    std::vector<FeatureStats> stats;
    for (const CameraFile& camera : cameras_) {
      facts.cameras.push_back(camera.facts());
      stats.push_back(camera.stats());
    }
    return folder.write_meta(plan_, facts, std::move(stats));
  }
  // `record --metadata NAME=TEXT`, by the last run that says it.
  std::optional<std::string> said(const std::string& name) const {
    std::optional<std::string> found;
    for (const BagSummary& bag : source_.bags()) {
      for (const RunRecord& run : bag.runs) {
        const Value* value = find_field(run.metadata, name);
        const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
        if (text != nullptr && !text->empty()) found = printable(*text);
      }
    }
    return found;
  }

  ExportSource& source_;
  const FeaturePlan& plan_;
  const unsigned rate_;
  std::vector<CameraFile> cameras_;
  std::set<std::string> missing_;  // tracks that have not begun
  std::uint64_t rows_before_ = 0;
};

class LerobotExporter : public Exporter {
 public:
  explicit LerobotExporter(const ExportOptions& options) : options_(options) {}

  Status write(ExportSource& source) override {
    if (source.tracks().empty()) return fail(ErrorCode::kUnsupported, "no point is chosen");
    Result<OutputTree> tree = OutputTree::create(options_.out, options_.existing);
    if (!tree) return tl::unexpected(tree.error());
    const Result<FeaturePlan> plan = FeaturePlan::of(source, options_.alignment.track);
    if (!plan) return tl::unexpected(plan.error());
    const Result<unsigned> rate = rate_of(source, plan->clock);
    if (!rate) return tl::unexpected(rate.error());
    Alignment alignment = options_.alignment;
    alignment.track = plan->clock;
    for (const CameraFeature& camera : plan->cameras) alignment.whole.insert(camera.track);
    source.align(std::move(alignment));
    if (Status known = source.check(); !known) return known;
    const Result<DataSetFolder> folder = DataSetFolder::create(*tree, plan->cameras);
    if (!folder) return tl::unexpected(folder.error());
    Status written =
        Episode(source, *plan, *rate).write(*folder, options_.codec.value_or(VideoCodec::kH264));
    return written ? tree->publish() : written;
  }

 private:
  // Whole frames a second.
  static Result<unsigned> rate_of(const ExportSource& source, const std::string& clock) {
    if (!source.tracks().contains(clock)) return 1u;
    const Result<std::uint64_t> interval = source.interval_of(clock);
    if (!interval) return tl::unexpected(interval.error());
    const double rate = *interval > 0 ? 1e9 / static_cast<double>(*interval) : kUsualRate;
    return static_cast<unsigned>(std::lround(std::clamp(rate, 1.0, kRateMax)));
  }

  ExportOptions options_;
};

}  // namespace

Result<std::unique_ptr<Exporter>> make_lerobot_exporter(const ExportOptions& options) {
  return std::unique_ptr<Exporter>(std::make_unique<LerobotExporter>(options));
}

}  // namespace zbag
