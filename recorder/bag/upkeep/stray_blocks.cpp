#include "recorder/bag/upkeep/stray_blocks.hpp"

#include <cstring>

#include "recorder/bag/block/block.hpp"
#include "recorder/bag/records/layout.hpp"
#include "schemas/text_bytes.hpp"

namespace zbag {

std::optional<std::string_view> intact_block_at(std::string_view bytes) {
  constexpr std::size_t kStoredBytesOffset = 36;  // in a block's header
  if (bytes.size() < kBlockHeaderBytes || !bytes.starts_with(kMagicText)) return std::nullopt;
  std::uint32_t stored = 0;
  std::uint32_t summary = 0;
  std::memcpy(&stored, bytes.data() + kStoredBytesOffset, sizeof stored);
  std::memcpy(&summary, bytes.data() + kSummaryBytesOffset, sizeof summary);
  const std::size_t size = kBlockHeaderBytes + stored + summary;
  if (size > bytes.size() || !Block::open(bytes.substr(0, size))) return std::nullopt;
  return bytes.substr(0, size);
}

std::vector<StrayBlock> stray_blocks(std::span<const std::uint8_t> page) {
  constexpr std::size_t kKeyBytes = 16;
  const std::string_view bytes = text_of(page);
  std::vector<StrayBlock> blocks;
  for (std::size_t at = bytes.find(kMagicText); at != std::string_view::npos;
       at = bytes.find(kMagicText, at + 1)) {
    const auto value = at % 2 == 0 ? intact_block_at(bytes.substr(at)) : std::nullopt;
    if (!value) continue;
    StrayBlock block{*read_block_header(*value), 0, *value};
    const std::optional<BlockKey> key =
        at < kKeyBytes ? std::nullopt : BlockKey::decode(bytes.substr(at - kKeyBytes, kKeyBytes));
    if (key && key->track == block.header.track && key->first == block.header.first)
      block.serial = key->serial;
    blocks.push_back(block);
    at += value->size() - 1;
  }
  return blocks;
}

}  // namespace zbag
