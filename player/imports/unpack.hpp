// What recordings are compressed with, unpacked into a size that is known before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string_view>

#include "player/imports/input_file.hpp"
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
// The same of zstd data that say their size themselves, which is kUnpackedMax at most.
Status unpack_zstd(std::span<const std::uint8_t> packed, Bytes& unpacked);
// Writes what a file in zstd stands for, all of it from where it is read now, to `to`. kDamaged: it
// is not such data, or not whole; kDiskFull: it is more than `size_max`, or than there is room for;
// kIo; kClosed: it is not to go on.
Status unpack_zstd_file(InputFile& packed, std::FILE* to, std::uint64_t size_max,
                        const std::function<bool()>& goes_on);

}  // namespace zbag
