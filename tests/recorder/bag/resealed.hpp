// Puts the right checksums on changed blocks, as somebody with bad intent would.
#pragma once

#include <cstring>
#include <string>

#include "recorder/bag/block/checksum.hpp"
#include "recorder/bag/block/header.hpp"

namespace zbag {

// What is too short for a header, or of impossible sizes, stays as it is or is sealed as if it had
// no summary.
inline std::string resealed(std::string block) {
  if (block.size() < kBlockHeaderBytes) return block;
  const std::uint32_t summary = read_block_header(block).value_or(BlockHeader{}).summary_bytes;
  std::memcpy(block.data() + kSummaryBytesOffset, &summary, sizeof summary);
  block::seal({reinterpret_cast<std::uint8_t*>(block.data()), block.size()});
  return block;
}

}  // namespace zbag
