#include "player/imports/messages/message_track.hpp"

#include <fmt/format.h>

#include <utility>

#include "schemas/frame.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kReceived = "recv_ns";

}  // namespace

MessageTrack::MessageTrack(std::string topic, OriginalSchema schema, const ImportOptions& options)
    : topic_(topic.starts_with('/') ? topic.substr(1) : std::move(topic)),
      schema_(std::move(schema)),
      stamp_from_(options.stamp) {
  Result<std::unique_ptr<PayloadDecoder>> decoder = make_decoder(schema_, options.values_max);
  if (!decoder) why_raw_ = decoder.error().message;
  decoder_ = decoder ? std::move(*decoder) : raw_decoder();
}

void MessageTrack::begin(ImportSink& sink) {
  has_begun_ = true;
  if (!why_raw_.empty()) {
    sink.note(fmt::format("track {}: {}: messages are kept as they are, in the field data",
                          printable(topic_), why_raw_));
  }
  if (!schema_.name.empty() || !schema_.text.empty()) sink.schema(topic_, schema_);
}

std::int64_t MessageTrack::stamp_of(Times times, ImportSink& sink) {
  if (stamp_from_ == StampFrom::kPublish) return times.publish_ns;
  if (stamp_from_ == StampFrom::kLog) return times.log_ns;
  if (own_ns_) return *own_ns_;
  if (why_raw_.empty()) {
    sink.note(fmt::format("track {}: its messages have no header: _ts is when they were recorded",
                          printable(topic_)));
  }
  return times.log_ns;
}

// Behind the message's own fields, unless one has that name.
void MessageTrack::add_received(std::int64_t log_ns) {
  const std::optional<MapBytes> map = open_map(bytes_of(map_));
  if (!map) return;
  PairWalk walk(map->pairs, map->count);
  while (const std::optional<PairBytes> pair = walk.next()) {
    if (pair->name == kReceived) return;
  }
  with_more_.clear();
  item::append_item(with_more_, [&](std::uint8_t*& at) { item::put_map(at, map->count + 1u); });
  with_more_ += text_of(map->pairs);
  item::append_text(with_more_, kReceived);
  item::append_item(with_more_, [&](std::uint8_t*& at) { item::put_signed(at, log_ns); });
  std::swap(map_, with_more_);
}

Status MessageTrack::take(std::span<const std::uint8_t> message, Times times,
                          const FormatReader& from, ImportSink& sink) {
  if (!has_begun_) begin(sink);
  if (Status decoded = decoder_->decode(message, map_, own_ns_); !decoded) {
    sink.refuse(fmt::format("{}: {}", from.place(), decoded.error().message));
    return {};
  }
  const std::int64_t stamp = stamp_of(times, sink);
  if (own_ns_ && stamp_from_ == StampFrom::kHeader) add_received(times.log_ns);
  return sink.frame(topic_, Timestamp::from_ns(stamp), bytes_of(map_));
}

}  // namespace zbag
