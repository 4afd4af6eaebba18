// The container MCAP (mcap.dev/spec): what both who writes and who reads it call its parts.
//
// MAGIC, records, MAGIC. A record is an opcode, the length of its content in 8 bytes, the content;
// all little-endian, texts and maps behind their length in 4 bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace zbag {

inline constexpr std::string_view kMcapMagic{"\x89MCAP0\r\n", 8};

enum class McapOpcode : std::uint8_t {
  kHeader = 0x01,
  kFooter = 0x02,
  kSchema = 0x03,
  kChannel = 0x04,
  kMessage = 0x05,
  kChunk = 0x06,
  kMessageIndex = 0x07,
  kChunkIndex = 0x08,
  kAttachment = 0x09,
  kAttachmentIndex = 0x0a,
  kStatistics = 0x0b,
  kMetadata = 0x0c,
  kMetadataIndex = 0x0d,
  kSummaryOffset = 0x0e,
  kDataEnd = 0x0f,
};

using McapTexts = std::map<std::string, std::string>;

}  // namespace zbag
