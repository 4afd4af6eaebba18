#include "player/imports/mcap/mcap_content.hpp"

#include <algorithm>

#include "player/imports/mcap/crc32.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {
namespace {

bool take_text(ByteInput& in, std::string_view& text) {
  std::uint32_t size = 0;
  std::span<const std::uint8_t> bytes;
  if (!in.fixed(size) || !in.take(size, bytes)) return false;
  text = text_of(bytes);
  return true;
}

bool take_texts(ByteInput& in, McapTextViews& texts) {
  std::uint32_t size = 0;
  std::span<const std::uint8_t> bytes;
  if (!in.fixed(size) || !in.take(size, bytes)) return false;
  ByteInput all(bytes);
  while (all.left() > 0) {
    std::string_view name;
    std::string_view text;
    if (!take_text(all, name) || !take_text(all, text)) return false;
    texts.emplace_back(name, text);
  }
  return true;
}

}  // namespace

std::optional<McapSchema> read_mcap_schema(std::span<const std::uint8_t> content) {
  ByteInput in(content);
  McapSchema schema;
  const bool is_whole = in.fixed(schema.id) && take_text(in, schema.name) &&
                        take_text(in, schema.encoding) && take_text(in, schema.text);
  return is_whole ? std::optional(schema) : std::nullopt;
}

std::optional<McapChannel> read_mcap_channel(std::span<const std::uint8_t> content) {
  ByteInput in(content);
  McapChannel channel;
  const bool is_whole = in.fixed(channel.id) && in.fixed(channel.schema) &&
                        take_text(in, channel.topic) && take_text(in, channel.encoding);
  if (!is_whole) return std::nullopt;
  if (!take_texts(in, channel.metadata)) channel.metadata.clear();
  return channel;
}

std::optional<McapMessage> read_mcap_message(std::span<const std::uint8_t> content) {
  ByteInput in(content);
  McapMessage message;
  std::uint32_t sequence = 0;
  const bool is_whole = in.fixed(message.channel) && in.fixed(sequence) &&
                        in.fixed(message.log_ns) && in.fixed(message.publish_ns) &&
                        in.take(in.left(), message.data);
  return is_whole ? std::optional(message) : std::nullopt;
}

std::optional<McapChunk> read_mcap_chunk(std::span<const std::uint8_t> content) {
  ByteInput in(content);
  McapChunk chunk;
  std::uint64_t time = 0;
  const bool is_whole = in.fixed(time) && in.fixed(time) && in.fixed(chunk.size) &&
                        in.fixed(chunk.crc) && take_text(in, chunk.compression) &&
                        in.fixed(chunk.packed_size);
  if (!is_whole) return std::nullopt;
  in.take(std::min<std::uint64_t>(chunk.packed_size, in.left()), chunk.packed);
  return chunk;
}

std::optional<McapAttachment> read_mcap_attachment(std::span<const std::uint8_t> content) {
  ByteInput in(content);
  McapAttachment attachment;
  std::uint64_t number = 0;
  std::string_view media_type;
  if (!in.fixed(number) || !in.fixed(number) || !take_text(in, attachment.name) ||
      !take_text(in, media_type) || !in.fixed(number) || !in.take(number, attachment.data))
    return std::nullopt;
  const std::size_t before = content.size() - in.left();
  std::uint32_t crc = 0;
  if (!in.fixed(crc)) return std::nullopt;
  attachment.is_whole = crc == 0 || crc == crc32(text_of(content.first(before)));
  return attachment;
}

std::optional<McapMetadata> read_mcap_metadata(std::span<const std::uint8_t> content) {
  ByteInput in(content);
  McapMetadata metadata;
  const bool is_whole = take_text(in, metadata.name) && take_texts(in, metadata.texts);
  return is_whole ? std::optional(metadata) : std::nullopt;
}

std::optional<McapRecordView> take_mcap_record(ByteInput& in) {
  std::uint8_t opcode = 0;
  std::uint64_t size = 0;
  McapRecordView record;
  if (!in.fixed(opcode) || !in.fixed(size) || !in.take(size, record.content)) return std::nullopt;
  record.opcode = static_cast<McapOpcode>(opcode);
  return record;
}

}  // namespace zbag
