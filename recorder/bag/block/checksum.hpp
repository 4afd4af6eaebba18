// The checksums of a block (FORMAT.md, Blocks): one of all that points are read from, and one of
// its head, which is header and summary, so that either is believed without the other. With the
// widest vectors the machine has: reading costs little else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace zbag {

inline constexpr std::size_t kChecksumOffset = 48;
inline constexpr std::size_t kHeadChecksumOffset = 60;

namespace block {

// Fills both in. REQUIRES: the rest of the block is in place.
void seal(std::span<std::uint8_t> block);
// The same for a block without summary whose end is still elsewhere: copies `tail` there on the
// way, so that a large one passes through the caches once.
void copy_and_seal(std::span<const std::uint8_t> tail, std::span<std::uint8_t> block);
// REQUIRES: at least a header and `summary_bytes`.
bool is_sealed(std::string_view block, std::size_t summary_bytes);
// Whether header and summary are as they were written. REQUIRES as is_sealed().
bool is_head_sealed(std::string_view block, std::size_t summary_bytes);

// Stands for `bytes` where they need not be known themselves.
std::uint64_t sum_of(std::span<const std::uint8_t> bytes);

}  // namespace block

}  // namespace zbag
