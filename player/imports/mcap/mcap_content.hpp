// What the records of an MCAP file say, read from their content. Texts and bytes are views of that.
//
//   std::optional<McapMessage> message = read_mcap_message(content);
//
// nullopt: the content ends before what it speaks of. What a later version adds behind is ignored.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "player/imports/mcap/mcap_format.hpp"
#include "schemas/byte_io.hpp"

namespace zbag {

using McapTextViews = std::vector<std::pair<std::string_view, std::string_view>>;

struct McapSchema {
  std::uint16_t id = 0;
  std::string_view name;
  std::string_view encoding;
  std::string_view text;
};
std::optional<McapSchema> read_mcap_schema(std::span<const std::uint8_t> content);

struct McapChannel {
  std::uint16_t id = 0;
  std::uint16_t schema = 0;  // 0: none
  std::string_view topic;
  std::string_view encoding;
  McapTextViews metadata;  // none where they are shorter than they say: the rest says enough
};
std::optional<McapChannel> read_mcap_channel(std::span<const std::uint8_t> content);

struct McapMessage {
  std::uint16_t channel = 0;
  std::uint64_t log_ns = 0;
  std::uint64_t publish_ns = 0;
  std::span<const std::uint8_t> data;
};
std::optional<McapMessage> read_mcap_message(std::span<const std::uint8_t> content);

struct McapChunk {
  std::uint64_t size = 0;  // of the records when they are unpacked
  std::uint32_t crc = 0;   // of the same; 0: not known
  std::string_view compression;
  std::uint64_t packed_size = 0;
  std::span<const std::uint8_t> packed;  // as much of it as is there
};
std::optional<McapChunk> read_mcap_chunk(std::span<const std::uint8_t> content);

struct McapAttachment {
  std::string_view name;
  std::span<const std::uint8_t> data;
  bool is_whole = false;  // as its checksum says, or nothing
};
std::optional<McapAttachment> read_mcap_attachment(std::span<const std::uint8_t> content);

struct McapMetadata {
  std::string_view name;
  McapTextViews texts;
};
std::optional<McapMetadata> read_mcap_metadata(std::span<const std::uint8_t> content);

// One record of several behind each other, as in a chunk.
struct McapRecordView {
  McapOpcode opcode{};
  std::span<const std::uint8_t> content;
};
// Takes the next one. nullopt: `in` ends before it does.
std::optional<McapRecordView> take_mcap_record(ByteInput& in);

}  // namespace zbag
