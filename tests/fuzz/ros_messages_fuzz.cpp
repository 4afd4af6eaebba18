// Any bytes as a definition of ROS and a message of it, in both encodings: what comes out is a map
// that can be walked, no larger than a frame may be.
#include <cstdint>
#include <optional>
#include <string>

#include "player/imports/messages/message_decoder.hpp"
#include "schemas/check.hpp"
#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

constexpr std::size_t kValuesMax = 1'000;

void check(const MessageLayout& layout, MessageEncoding encoding,
           std::span<const std::uint8_t> message) {
  MessageDecoder decoder(layout, encoding, kValuesMax);
  static std::string map;  // whose memory every message finds as the one before has left it
  std::optional<std::int64_t> stamp_ns;
  const Status decoded = decoder.decode(message, map, stamp_ns);
  ZBAG_CHECK(decoded || !decoded.error().message.empty());
  if (!decoded) return;
  item::Cursor in(bytes_of(map));
  std::uint64_t left = 4 * kValuesMax;
  const item::Fault fault = item::skip(in, 0, left);
  ZBAG_CHECK(fault == item::Fault::kNone && in.left() == 0);
}

}  // namespace
}  // namespace zbag

// The first byte says where the definition ends, in 256ths.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  const auto layout = zbag::parse_definition("a/T", zbag::text_of(bytes.first(cut)));
  ZBAG_CHECK(layout || !layout.error().message.empty());
  if (!layout) return 0;
  for (const auto encoding : {zbag::MessageEncoding::kRos1, zbag::MessageEncoding::kCdr})
    zbag::check(*layout, encoding, bytes.subspan(cut));
  return 0;
}
