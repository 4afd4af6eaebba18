#include "player/imports/messages/payload_decoder.hpp"

#include <fmt/format.h>

#include "player/imports/messages/json_messages.hpp"
#include "player/imports/messages/message_decoder.hpp"
#include "player/imports/messages/own_stamp.hpp"
#include "player/imports/messages/protobuf_messages.hpp"
#include "schemas/frame.hpp"
#include "schemas/frame_scan.hpp"
#include "schemas/text_bytes.hpp"
#include "schemas/track_name.hpp"

namespace zbag {
namespace {

class RosMessages : public PayloadDecoder {
 public:
  explicit RosMessages(MessageDecoder decoder) : decoder_(std::move(decoder)) {}
  Status decode(std::span<const std::uint8_t> message, std::string& map,
                std::optional<std::int64_t>& stamp_ns) override {
    Status decoded = decoder_.decode(message, map, stamp_ns);
    has_more_ = has_more_ || (decoded && decoder_.left_over() > 0);
    return decoded;
  }
  std::string passed_over() const override {
    return has_more_ ? "bytes behind the last member" : "";
  }

 private:
  MessageDecoder decoder_;
  bool has_more_ = false;
};

// Maps as they are.
class MsgpackMessages : public PayloadDecoder {
 public:
  Status decode(std::span<const std::uint8_t> message, std::string& map,
                std::optional<std::int64_t>& stamp_ns) override {
    const std::optional<Refusal> refusal = scan_frame(message).refusal;
    if (refusal && *refusal != Refusal::kBadTimestamp) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("it is no map of MessagePack ({})", refusal_name(*refusal)));
    }
    map = text_of(message);
    stamp_ns = own_stamp_of(message);
    return {};
  }
};

class RawMessages : public PayloadDecoder {
 public:
  Status decode(std::span<const std::uint8_t> message, std::string& map,
                std::optional<std::int64_t>& stamp_ns) override {
    map.clear();
    encode_fields({{"data", Binary{std::string(text_of(message))}}}, map);
    stamp_ns.reset();
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<PayloadDecoder>> make_decoder(const OriginalSchema& schema,
                                                     std::size_t values_max) {
  const bool is_unsaid = schema.encoding.empty() && schema.text.empty() &&
                         (schema.messages == "cdr" || schema.messages == "ros1");
  if (is_unsaid) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("what {} is the recording does not say", printable(schema.name)));
  }
  const bool is_ros1 = schema.messages == "ros1" && schema.encoding == "ros1msg";
  const bool is_ros2 = schema.messages == "cdr" && schema.encoding == "ros2msg";
  if (is_ros1 || is_ros2) {
    Result<MessageLayout> layout = parse_definition(schema.name, schema.text);
    if (!layout) return tl::unexpected(layout.error());
    const auto encoding = is_ros1 ? MessageEncoding::kRos1 : MessageEncoding::kCdr;
    return std::make_unique<RosMessages>(MessageDecoder(std::move(*layout), encoding, values_max));
  }
  if (schema.messages == "json") return json_decoder(schema, values_max);
  if (schema.messages == "msgpack") return std::make_unique<MsgpackMessages>();
  if (schema.messages == "protobuf" && schema.encoding == "protobuf")
    return protobuf_decoder(schema, values_max);
  return fail(ErrorCode::kUnsupported,
              fmt::format("messages of {}, with schemas of {}, are not read",
                          printable(schema.messages), printable(schema.encoding)));
}

std::unique_ptr<PayloadDecoder> raw_decoder() { return std::make_unique<RawMessages>(); }

}  // namespace zbag
