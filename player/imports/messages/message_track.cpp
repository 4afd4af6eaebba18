#include "player/imports/messages/message_track.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "player/imports/unpack.hpp"
#include "schemas/frame.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/map_bytes.hpp"
#include "schemas/map_member.hpp"
#include "schemas/put_item.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

constexpr std::string_view kReceived = "recv_ns";

}  // namespace

MessageTrack::MessageTrack(std::string topic, OriginalSchema schema, const ImportOptions& options,
                           bool is_packed)
    : topic_(topic.starts_with('/') ? topic.substr(1) : std::move(topic)),
      schema_(std::move(schema)),
      stamp_from_(options.stamp),
      is_packed_(is_packed) {
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
  const bool is_silent = schema_.name.empty() && schema_.text.empty() && schema_.metadata.empty();
  if (!is_silent) sink.schema(topic_, schema_);
}

// -1 is a time here: nobody inherits a stamp from a recording.
void MessageTrack::take_frame_stamp() {
  frame_stamp_.reset();
  const bool may_be_frame = schema_.messages == "json" || schema_.messages == "msgpack";
  const ScanOutcome outcome = may_be_frame ? scan_frame(bytes_of(map_)) : ScanOutcome{};
  if (outcome.refusal || outcome.scan.stamp_kind == StampKind::kMissing) return;
  const bool is_given = outcome.scan.stamp_kind == StampKind::kGiven;
  frame_stamp_ = is_given ? outcome.scan.stamp : Timestamp::from_seconds(-1.0);
  own_ns_ = frame_stamp_->ns();
  with_more_.clear();
  item::append_item(with_more_, [&](std::uint8_t*& at) { item::put_map(at, outcome.scan.fields); });
  for (std::size_t i = 0; i < outcome.scan.range_count; ++i) {
    const FrameScan::ByteRange& range = outcome.scan.ranges[i];
    with_more_.append(map_, range.begin, range.end - range.begin);
  }
  std::swap(map_, with_more_);
}

Timestamp MessageTrack::stamp_of(Times times, ImportSink& sink) {
  std::int64_t ns = stamp_from_ == StampFrom::kPublish ? times.publish_ns : times.log_ns;
  if (stamp_from_ == StampFrom::kHeader && own_ns_) {
    ns = *own_ns_;
  } else if (stamp_from_ == StampFrom::kHeader && why_raw_.empty()) {
    sink.note(fmt::format("track {}: its messages have no header: _ts is when they were recorded",
                          printable(topic_)));
  }
  const bool is_frame_stamp = frame_stamp_ && frame_stamp_->ns() == ns;
  return is_frame_stamp ? *frame_stamp_ : Timestamp::from_ns(ns);
}

// Behind the message's own fields, unless one has that name.
void MessageTrack::add_received(std::int64_t log_ns) {
  const std::optional<MapBytes> map = open_map(bytes_of(map_));
  const bool may_have_it = map_.find(kReceived) != std::string::npos;
  if (!map || (may_have_it && find_member(*map, kReceived))) return;
  // Nearly always a head of the same size, so that the rest may stay where it is.
  std::string head;
  item::append_item(head, [&](std::uint8_t*& at) { item::put_map(at, map->count + 1u); });
  map_.replace(0, map_.size() - map->pairs.size(), head);
  item::append_text(map_, kReceived);
  item::append_item(map_, [&](std::uint8_t*& at) { item::put_signed(at, log_ns); });
}

Status MessageTrack::take(std::span<const std::uint8_t> message, Times times,
                          const FormatReader& from, ImportSink& sink) {
  if (!has_begun_) begin(sink);
  Status decoded = is_packed_ ? unpack_zstd(message, unpacked_) : Status();
  if (decoded)
    decoded = decoder_->decode(is_packed_ ? std::span<const std::uint8_t>(unpacked_) : message,
                               map_, own_ns_);
  if (!decoded) {
    sink.refuse(fmt::format("{}: {}", from.place(), decoded.error().message));
    return {};
  }
  if (const std::string more = decoder_->passed_over(); !more.empty())
    sink.note(
        fmt::format("track {}: messages have {} that their definition does not speak of, "
                    "which are left out",
                    printable(topic_), more));
  take_frame_stamp();
  const Timestamp stamp = stamp_of(times, sink);
  // A frame that was exported was recorded when it says; no recording knows times before 1970.
  const bool is_same = frame_stamp_ && std::max<std::int64_t>(0, *own_ns_) == times.log_ns;
  if (own_ns_ && stamp_from_ == StampFrom::kHeader && !is_same) add_received(times.log_ns);
  return sink.frame(topic_, stamp, bytes_of(map_));
}

}  // namespace zbag
