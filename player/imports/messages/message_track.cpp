#include "player/imports/messages/message_track.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "player/imports/unpack.hpp"
#include "schemas/check.hpp"
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
    : MessageTrack(std::move(topic), std::vector{std::move(schema)}, options, is_packed) {}

MessageTrack::MessageTrack(std::string topic, std::vector<OriginalSchema> schemas,
                           const ImportOptions& options, bool is_packed)
    : topic_(topic.starts_with('/') ? topic.substr(1) : std::move(topic)),
      stamp_from_(options.stamp),
      is_packed_(is_packed) {
  ZBAG_CHECK(!schemas.empty());
  for (OriginalSchema& schema : schemas) {
    Result<std::unique_ptr<PayloadDecoder>> decoder = make_decoder(schema, options.values_max);
    if (!decoder) why_raw_ = decoder.error().message;
    forms_.push_back({std::move(schema), decoder ? std::move(*decoder) : raw_decoder()});
  }
}

void MessageTrack::begin(ImportSink& sink) {
  has_begun_ = true;
  if (!why_raw_.empty()) {
    sink.note(fmt::format("track {}: {}: messages are kept as they are, in the field data",
                          printable(topic_), why_raw_));
  }
  const OriginalSchema& schema = forms_.front().schema;
  const bool is_silent = schema.name.empty() && schema.text.empty() && schema.metadata.empty();
  if (!is_silent) sink.schema(topic_, schema);
}

Status MessageTrack::decode(std::span<const std::uint8_t> message, ImportSink& sink) {
  Status decoded = forms_.front().decoder->decode(message, map_, own_ns_);
  for (std::size_t i = 1; !decoded && i < forms_.size(); ++i) {
    if (!forms_[i].decoder->decode(message, map_, own_ns_)) continue;
    std::swap(forms_.front(), forms_[i]);
    sink.schema(topic_, forms_.front().schema);
    return {};
  }
  return decoded;
}

// -1 is a time here: nobody inherits a stamp from a recording.
void MessageTrack::take_frame_stamp() {
  frame_stamp_.reset();
  const std::string& encoding = forms_.front().schema.messages;
  const bool may_be_frame = encoding == "json" || encoding == "msgpack";
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
    if (ns == 0 && times.log_ns != 0 && !std::exchange(has_told_of_stamps_, true))
      sink.note(
          fmt::format("track {}: a header says the time 0, which is in 1970; --stamp log takes "
                      "when messages were recorded",
                      printable(topic_)));
  } else if (stamp_from_ == StampFrom::kHeader && why_raw_.empty() &&
             !std::exchange(has_told_of_stamps_, true)) {
    sink.note(fmt::format("track {}: its messages have no header: _ts is when they were recorded",
                          printable(topic_)));
  }
  const bool is_frame_stamp = frame_stamp_ && frame_stamp_->ns() == ns;
  return is_frame_stamp ? *frame_stamp_ : Timestamp::from_ns(ns);
}

// Behind the message's own fields, unless one has that name.
void MessageTrack::add_received(std::int64_t log_ns) {
  const std::optional<MapBytes> map = open_map(bytes_of(map_));
  if (!map || find_member(*map, kReceived)) return;
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
    decoded = decode(is_packed_ ? std::span<const std::uint8_t>(unpacked_) : message, sink);
  if (!decoded) {
    sink.refuse(fmt::format("{}: {}", from.place(), decoded.error().message));
    return {};
  }
  if (const std::string more = forms_.front().decoder->passed_over(); !more.empty())
    sink.leave_out(
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
