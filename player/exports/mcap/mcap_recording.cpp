#include "player/exports/mcap/mcap_recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "player/exports/mcap/bag_metadata.hpp"
#include "player/exports/mcap/mcap_writer.hpp"

namespace zbag {
namespace {

class Recording {
 public:
  Recording(ExportSource& source, const McapChoice& choice, ChunkCompressor compressor,
            OutputFile& file)
      : source_(source),
        choice_(choice),
        topics_(choice.topics ? choice.topics(source) : McapChoice::Topics()),
        mcap_(file, choice.profile, std::move(compressor)) {}

  Result<McapContents> write() {
    const Status points =
        source_.each_point([this](const PointView& point) { return take(point); });
    if (!points) return tl::unexpected(points.error());
    if (early_ > 0) {
      source_.warn(
          fmt::format("MCAP knows no time before 1970; points written as of then: {}", early_));
    }
    if (Status added = add_bag_metadata(source_, mcap_); !added)
      return tl::unexpected(added.error());
    if (Status finished = mcap_.finish(); !finished) return tl::unexpected(finished.error());
    return std::move(contents_);
  }

 private:
  struct Channel {
    std::unique_ptr<TrackMessages> messages;
    std::uint16_t id = 0;
    McapContents::Topic* topic = nullptr;
  };

  Status take(const PointView& point) {
    const Result<Channel*> channel = channel_of(point.track);
    if (!channel) return tl::unexpected(channel.error());
    content_.clear();
    if (Status made = (*channel)->messages->append(point, content_); !made) return made;
    if (point.key < 0) ++early_;
    const auto time = static_cast<std::uint64_t>(std::max<std::int64_t>(0, point.key));
    if (contents_.messages++ == 0) contents_.first_ns = time;
    contents_.last_ns = time;
    ++(*channel)->topic->messages;
    const auto recorded = (*channel)->messages->recorded_at(point);
    return mcap_.add_message(
        (*channel)->id, recorded ? static_cast<std::uint64_t>(*recorded) : time, content_, time);
  }

  // Made with the first point of its track.
  Result<Channel*> channel_of(std::string_view name) {
    const auto found = channels_.find(name);
    if (found != channels_.end()) return &found->second;
    const std::string track(name);
    const std::optional<OriginalSchema> original = original_of(track);
    auto messages = make_track_messages(
        source_, track, choice_.by_original ? original : std::nullopt, choice_.encoding, types_);
    if (!messages) return tl::unexpected(messages.error());
    const MessageSchema& schema = (*messages)->schema();
    const Result<std::uint16_t> schema_id = id_of(schema);
    if (!schema_id) return tl::unexpected(schema_id.error());
    const auto topic = topics_.find(track);
    const std::string topic_name = topic == topics_.end() ? track : topic->second;
    const McapTexts metadata = original ? original->metadata : McapTexts();
    const Result<std::uint16_t> id =
        mcap_.add_channel({topic_name, name_of(choice_.encoding), metadata}, *schema_id);
    if (!id) return tl::unexpected(id.error());
    const auto qos = metadata.find("offered_qos_profiles");
    McapContents::Topic& counted = contents_.topics[track] = {
        topic_name, schema.name, qos == metadata.end() ? "" : qos->second};
    return &channels_.emplace(track, Channel{std::move(*messages), *id, &counted}).first->second;
  }

  // What can not be read is told.
  std::optional<OriginalSchema> original_of(const std::string& track) const {
    Result<std::optional<OriginalSchema>> original = source_.original_of(track);
    if (original) return std::move(*original);
    source_.warn(original.error().message);
    return std::nullopt;
  }

  // Tracks of one kind share its schema.
  Result<std::uint16_t> id_of(const MessageSchema& schema) {
    const auto [known, is_new] = schemas_.try_emplace({schema.name, schema.text});
    if (!is_new) return known->second;
    Result<std::uint16_t> id = mcap_.add_schema(schema.name, schema.encoding, schema.text);
    if (id) known->second = *id;
    return id;
  }

  ExportSource& source_;
  const McapChoice& choice_;
  const McapChoice::Topics topics_;
  const MessageTypes types_;
  McapWriter mcap_;
  std::map<std::string, Channel, std::less<>> channels_;  // by track
  std::map<std::pair<std::string, std::string>, std::uint16_t> schemas_;
  McapContents contents_;
  std::uint64_t early_ = 0;
  std::string content_;
};

}  // namespace

Result<McapContents> write_mcap(ExportSource& source, const McapChoice& choice,
                                ChunkCompressor compressor, OutputFile& file) {
  return Recording(source, choice, std::move(compressor), file).write();
}

}  // namespace zbag
