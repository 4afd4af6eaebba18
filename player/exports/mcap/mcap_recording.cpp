#include "player/exports/mcap/mcap_recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "player/exports/mcap/bag_metadata.hpp"
#include "player/exports/mcap/mcap_writer.hpp"

namespace zbag {
namespace {

struct PlannedTrack {
  std::unique_ptr<TrackMessages> messages;
  McapTexts metadata;
};
using Plan = std::map<std::string, PlannedTrack, std::less<>>;

Result<PlannedTrack> plan_of(const ExportSource& source, const McapChoice& choice,
                             const MessageTypes& types, const std::string& track) {
  Result<std::optional<OriginalSchema>> found = source.original_of(track);
  if (!found) source.warn(found.error().message);
  const std::optional<OriginalSchema> original = std::move(found).value_or(std::nullopt);
  auto messages = make_track_messages(source, track, original, choice.encoding, choice.form, types);
  if (!messages) return tl::unexpected(messages.error());
  return PlannedTrack{std::move(*messages), original ? original->metadata : McapTexts()};
}

// Known before anything is written: a track that nothing can be made of costs itself alone.
Result<Plan> plan_tracks(ExportSource& source, const McapChoice& choice,
                         const MessageTypes& types) {
  Plan plan;
  std::map<std::string, std::string> without;
  for (const std::string& track : source.track_names()) {
    Result<PlannedTrack> planned = plan_of(source, choice, types, track);
    if (planned)
      plan.emplace(track, std::move(*planned));
    else
      without.emplace(track, std::move(planned.error().message));
  }
  if (plan.empty() && !without.empty()) {
    const auto& [track, why] = *without.begin();
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("no ROS message can be made of track {}{}: {}: choose others with --track, say "
                    "its kind with zbag schema, or take --format mcap --encoding json",
                    printable(track),
                    without.size() > 1 ? fmt::format(", nor of {} more", without.size() - 1) : "",
                    why));
  }
  for (const auto& [track, why] : without) {
    source.warn("tracks left out, since no ROS message can be made of them",
                fmt::format("{} ({})", printable(track), why));
    source.give_up(track);
  }
  return plan;
}

class Recording {
 public:
  // `types` and what else is no value is lent.
  Recording(ExportSource& source, const McapChoice& choice, const MessageTypes& types, Plan plan,
            ChunkCompressor compressor, OutputFile& file)
      : source_(source),
        choice_(choice),
        types_(types),
        plan_(std::move(plan)),
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
    const auto recorded = (*channel)->messages->recorded_at(point);
    const std::uint64_t log_ns = recorded ? static_cast<std::uint64_t>(*recorded) : time;
    contents_.first_ns = contents_.messages == 0 ? log_ns : std::min(contents_.first_ns, log_ns);
    contents_.last_ns = std::max(contents_.last_ns, log_ns);
    ++contents_.messages;
    ++(*channel)->topic->messages;
    return mcap_.add_message((*channel)->id, log_ns, content_, time);
  }

  // Made with the first point of its track.
  Result<Channel*> channel_of(std::string_view name) {
    const auto found = channels_.find(name);
    if (found != channels_.end()) return &found->second;
    const std::string track(name);
    Result<PlannedTrack> planned = take_plan(track);
    if (!planned) return tl::unexpected(planned.error());
    const MessageSchema& schema = planned->messages->schema();
    const Result<std::uint16_t> schema_id = id_of(schema);
    if (!schema_id) return tl::unexpected(schema_id.error());
    const auto topic = topics_.find(track);
    const std::string topic_name = topic == topics_.end() ? track : topic->second;
    const McapTexts& metadata = planned->metadata;
    const Result<std::uint16_t> id =
        mcap_.add_channel({topic_name, name_of(choice_.encoding), metadata}, *schema_id);
    if (!id) return tl::unexpected(id.error());
    const auto qos = metadata.find("offered_qos_profiles");
    McapContents::Topic& counted = contents_.topics[track] = {
        topic_name, schema.name, qos == metadata.end() ? "" : qos->second};
    return &channels_.emplace(track, Channel{std::move(planned->messages), *id, &counted})
                .first->second;
  }

  // One that is not there has come into a bag that is being written meanwhile.
  Result<PlannedTrack> take_plan(const std::string& track) {
    auto planned = plan_.extract(track);
    if (!planned.empty()) return std::move(planned.mapped());
    return plan_of(source_, choice_, types_, track);
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
  const MessageTypes& types_;
  Plan plan_;
  const McapChoice::Topics topics_;
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
  const MessageTypes types;
  Result<Plan> plan = plan_tracks(source, choice, types);
  if (!plan) return tl::unexpected(plan.error());
  return Recording(source, choice, types, std::move(*plan), std::move(compressor), file).write();
}

}  // namespace zbag
