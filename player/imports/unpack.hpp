// What recordings are compressed with, unpacked into a size that is known before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/byte_io.hpp"
#include "schemas/result.hpp"

namespace zbag {

// Most that one piece of a recording may be unpacked: what says it is more is refused before memory
// is taken.
inline constexpr std::size_t kUnpackedMax = 256u << 20;

// Replaces `unpacked` by what `packed` stands for: "none" (or ""), "lz4" (a frame), "zstd", "bz2".
// kUnsupported: another compression; kInvalid: it is no such data, or not of that size.
Status unpack(std::string_view compression, std::span<const std::uint8_t> packed, std::size_t size,
              Bytes& unpacked);

}  // namespace zbag
