// What every block begins with (FORMAT.md, Blocks): what is in it, of which track, and from when to
// when. The header alone says how to go on; both checksums cover it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "recorder/bag/block/compression.hpp"
#include "schemas/result.hpp"

namespace zbag {

// On disk: append only.
enum class Codec : std::uint8_t { kRows = 0, kColumns = 1 };

inline constexpr std::uint32_t kBlockMagic = 0x314b425a;  // "ZBK1" as little-endian bytes
inline constexpr std::size_t kBlockHeaderBytes = 64;
inline constexpr std::size_t kLonePayloadOffset = 112;  // + 16 before the value = 2 * 64
inline constexpr std::size_t kSummaryBytesOffset = 56;
// It lies on one page with the header, which begins 16 bytes behind the border of the page.
inline constexpr std::size_t kSummaryBytesMax = 4096 - 16 - kBlockHeaderBytes;
inline constexpr std::size_t kBlockRawBytesMax = 256u << 20;
inline constexpr std::uint32_t kBlockPointsMax = 1u << 17;  // bounds what decoding allocates

enum BlockFlags : std::uint8_t {
  kBlockLate = 1,     // points that arrived behind the written end of their track
  kBlockIndexed = 2,  // carries an index for every point
  kBlockLone = 4,     // one large point whose map lies at kLonePayloadOffset
  kBlockFolded = 8,   // points may have been late, or had other ordinals; each key was there once
  kBlockBorder = 16,  // of the main run, without points: parts the late blocks around it
};

struct BlockHeader {
  Codec codec = Codec::kRows;
  Compression compression = Compression::kNone;
  std::uint8_t flags = 0;
  std::uint32_t track = 0;
  std::uint32_t count = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::uint32_t raw_bytes = 0;      // of the body before compression
  std::uint32_t stored_bytes = 0;   // of the body as it is
  std::uint64_t first_ordinal = 0;  // how many points of the main run lie before this block; of a
                                    // late lone block, the index of its point
  std::uint32_t summary_bytes = 0;  // between header and body; 0: none

  bool is_late() const { return (flags & kBlockLate) != 0; }
  bool is_folded() const { return (flags & kBlockFolded) != 0; }
};

// Writes it, and checksums of zero, to `at`, which has room for kBlockHeaderBytes.
void write_block_header(std::uint8_t* at, const BlockHeader& header);
// Reads the header of a stored block without looking at the checksums. kDamaged: it is none, or its
// sizes are impossible; kNewerFormat: an unknown codec. How large the summary is follows from the
// other sizes: damage of it does not cost the points.
Result<BlockHeader> read_block_header(std::string_view block);

}  // namespace zbag
