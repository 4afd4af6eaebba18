// The messages of one track of a recording, on their way to the sink: decoded, stamped, refused
// with a word.
//
//   MessageTrack track("imu", schema, options);
//   track.take(message, {.log_ns = log, .publish_ns = publish}, *this, sink);
//
// A message that has a time of its own, and is stamped by it, gets a field `recv_ns` beside its
// own: when it was recorded. One that has none is stamped with that, which is noted once a track.
// What no decoder reads is kept as `data`, noted once a track.
//
// A message in MessagePack or JSON that is a frame of zbag, which exports and bridges write, has
// its stamp in `_ts`: that is its own time then, to the bit, and neither it nor `_seq` and `_src`
// is a field.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "player/imports/format_reader.hpp"
#include "player/imports/messages/payload_decoder.hpp"
#include "schemas/byte_io.hpp"

namespace zbag {

class MessageTrack {
 public:
  struct Times {
    std::int64_t log_ns = 0;
    std::int64_t publish_ns = 0;
  };

  // `topic`: a name as the recording has it; the slash in front of one of ROS is left out.
  // `is_packed`: each message is compressed, with zstd.
  MessageTrack(std::string topic, OriginalSchema schema, const ImportOptions& options,
               bool is_packed = false);
  // Of a recording that does not say which one its messages have: one that does not fit the schema
  // of that before it is tried with the others. REQUIRES: one of them at least.
  MessageTrack(std::string topic, std::vector<OriginalSchema> schemas, const ImportOptions& options,
               bool is_packed = false);

  // `from`: who has read the message, and knows where. The sink's errors.
  Status take(std::span<const std::uint8_t> message, Times times, const FormatReader& from,
              ImportSink& sink);

 private:
  struct Form {
    OriginalSchema schema;
    std::unique_ptr<PayloadDecoder> decoder;
  };

  void begin(ImportSink& sink);
  Status decode(std::span<const std::uint8_t> message, ImportSink& sink);
  void take_frame_stamp();
  Timestamp stamp_of(Times times, ImportSink& sink);
  void add_received(std::int64_t log_ns);

  const std::string topic_;
  const StampFrom stamp_from_;
  const bool is_packed_;
  std::vector<Form> forms_;  // that of the last message first
  std::string why_raw_;      // empty: it is decoded
  bool has_begun_ = false;
  bool has_told_of_stamps_ = false;
  Bytes unpacked_;
  std::string map_;
  std::optional<std::int64_t> own_ns_;
  std::optional<Timestamp> frame_stamp_;  // of a frame of zbag
  std::string with_more_;
};

}  // namespace zbag
