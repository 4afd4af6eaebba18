// The checksum of a block: XXH3-64 of the whole of it, the sum's own place taken as zero
// (FORMAT.md, Blocks). With the widest vectors the machine has: reading costs little else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace zbag {

inline constexpr std::size_t kChecksumOffset = 48;

namespace block {

// Fills the sum in. REQUIRES: its place is zero.
void seal(std::span<std::uint8_t> block);
// The same for a block whose end is still elsewhere: copies `tail` there on the way, so that a
// large one passes through the caches once.
void copy_and_seal(std::span<const std::uint8_t> tail, std::span<std::uint8_t> block);
// REQUIRES: at least a header.
bool is_sealed(std::string_view block);

}  // namespace block

}  // namespace zbag
