// Any bytes as a JSON Schema and a message: what comes out is a frame that a session takes, or one
// that it refuses for its names.
#include <cstdint>
#include <optional>
#include <string>

#include "player/imports/messages/json_messages.hpp"
#include "schemas/check.hpp"
#include "schemas/item.hpp"
#include "schemas/text_bytes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  const std::size_t cut = bytes.size() * data[0] / 256;
  const auto decoder = zbag::json_decoder(
      {.encoding = "jsonschema", .text = std::string(zbag::text_of(bytes.first(cut)))}, 1'000);
  std::string map;
  std::optional<std::int64_t> stamp_ns;
  if (!decoder->decode(bytes.subspan(cut), map, stamp_ns)) return 0;
  zbag::item::Cursor in(zbag::bytes_of(map));
  ZBAG_CHECK(zbag::item::skip(in) == zbag::item::Fault::kNone && in.left() == 0);
  return 0;
}
