#include "recorder/bag_session.hpp"

#include <algorithm>
#include <filesystem>

#include "recorder/bag/read/bag_reader.hpp"
#include "recorder/refusal_text.hpp"
#include "recorder/storage/lmdb_storage.hpp"

namespace zbag {
namespace {

class BagSink : public FrameSink {
 public:
  explicit BagSink(std::shared_ptr<Recording> recording) : recording_(std::move(recording)) {}

  Status write(const TrackName& track, std::span<const std::uint8_t> frame) override {
    if (const std::optional<Error> failure = recording_->failure()) return tl::unexpected(*failure);
    const std::optional<Refusal> refusal =
        recording_->intake().accept(track.str(), frame, ArrivalTime::now());
    if (refusal) {
      return fail(ErrorCode::kInvalid, refusal_text(*refusal, track.str(), frame));
    }
    recording_->hand_over(false);
    return {};
  }
  Status announce(const TrackName&, std::span<const std::uint8_t> frame) override {
    recording_->intake().announce(frame);
    return {};
  }
  Status describe(const TrackName& track, const TrackAbout& about) override {
    return recording_->describe_track(track.str(), about);
  }
  Result<FlushResult> flush(const TrackName* track) override { return recording_->flush(track); }
  Status tick() override {
    recording_->hand_over(true);
    return {};
  }
  Status close() override { return recording_->close(); }
  bool announces() const override { return true; }  // so that the bag knows the publisher's name

 private:
  std::shared_ptr<Recording> recording_;
};

class BagSource : public PointSource {
 public:
  explicit BagSource(BagReader reader) : reader_(std::move(reader)) {}

  Result<std::vector<Point>> read(const TrackName& track, TimeRange range, std::size_t limit,
                                  bool reverse) override {
    std::vector<Point> points;
    if (range.empty()) return points;
    BagReader::Selection selection;
    selection.range = range;
    selection.track = track.str();
    selection.reverse = reverse;
    Result<BagCursor> cursor = reader_.cursor(selection);
    if (!cursor) return tl::unexpected(cursor.error());
    while (points.size() < limit) {
      const Result<std::optional<PointView>> view = cursor->next();
      if (!view) return tl::unexpected(view.error());
      if (!*view) break;
      Result<Fields> fields = (*view)->fields();
      if (!fields) return tl::unexpected(fields.error());
      points.push_back({**view, 0, std::move(*fields)});
    }
    return points;
  }
  Result<Page> read_page(const TrackName& track, std::uint64_t start, std::size_t limit) override {
    return reader_.read_page(track.str(), start, limit);
  }
  Result<std::optional<Point>> floor(const TrackName& track, Timestamp stamp) override {
    return reader_.floor(track.str(), stamp);
  }
  Result<std::vector<TrackStats>> tracks() override {
    const Result<BagSummary> summary = reader_.summary();
    if (!summary) return tl::unexpected(summary.error());
    if (!summary->damaged_tracks.empty())
      return fail(ErrorCode::kDamaged, summary->path + ": " + summary->damaged_tracks.front());
    std::vector<TrackStats> stats;
    for (const TrackRecord& track : summary->tracks) {
      TrackStats one{.name = track.name, .points = track.total(), .bytes = track.bytes};
      if (track.first)
        one.first = Timestamp::from_stored(*track.first, seconds_of_key(*track.first));
      if (track.last) one.last = Timestamp::from_stored(*track.last, seconds_of_key(*track.last));
      stats.push_back(std::move(one));
    }
    return stats;
  }

 private:
  BagReader reader_;
};

}  // namespace

Result<std::shared_ptr<Recording>> open_session_recording(const std::string& path,
                                                          BagSessionOptions& options) {
  // It reads what it has written, which would lie in several bags.
  if (options.recording.split.bytes_max > 0 || options.recording.split.age_max)
    return fail(ErrorCode::kInvalid, "a session writes into one bag: it takes no rules of a split");
  // A session is not a live sensor: it waits rather than lose its own points.
  options.recording.overflow = Overflow::kBlock;
  // What waits to be handed over is not durable either: it may add a tenth to the interval.
  using std::chrono::milliseconds;
  if (options.recording.sync) {
    options.session.tick_every =
        std::clamp(*options.recording.sync / 10, milliseconds(1), options.session.tick_every);
  }
  return Recording::open(path, options.recording, lmdb_storage(options.bag));
}

Result<std::unique_ptr<Session>> session_into(std::shared_ptr<Recording> recording,
                                              std::unique_ptr<PointSource> source,
                                              Session::Options options) {
  return Session::into(std::make_unique<BagSink>(std::move(recording)), std::move(source),
                       std::move(options));
}

Result<std::unique_ptr<Session>> open_bag_session(const std::string& path,
                                                  BagSessionOptions options) {
  std::error_code error;
  const bool is_new = !std::filesystem::exists(path, error);
  Result<std::shared_ptr<Recording>> recording = open_session_recording(path, options);
  if (!recording) return tl::unexpected(recording.error());
  Result<BagReader> reader = BagReader::open(path);
  if (!reader) {
    if (is_new) (*recording)->end_as(Ending::kNothing);  // nobody has written into it
    static_cast<void>((*recording)->close());
    return tl::unexpected(reader.error());
  }
  return session_into(std::move(*recording), std::make_unique<BagSource>(std::move(*reader)),
                      std::move(options.session));
}

}  // namespace zbag
