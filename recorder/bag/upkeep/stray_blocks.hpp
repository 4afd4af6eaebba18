// Blocks as they lie on pages, found by what they say themselves (FORMAT.md, Blocks). All lend from
// the bytes they are found in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "recorder/bag/block/header.hpp"

namespace zbag {

inline constexpr std::string_view kMagicText = "ZBK1";

// The intact block that begins at `bytes`, by the sizes its header names; nullopt: there is none.
std::optional<std::string_view> intact_block_at(std::string_view bytes);

struct StrayBlock {
  BlockHeader header;
  std::uint32_t serial = 0;  // 0: not known
  std::string_view value;
};
// Intact blocks inside a page or a part of one, whatever its header says: nodes lie at even
// offsets of it, and the key with the serial right before the value.
std::vector<StrayBlock> stray_blocks(std::span<const std::uint8_t> page);

}  // namespace zbag
