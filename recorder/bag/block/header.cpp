#include "recorder/bag/block/header.hpp"

#include <fmt/format.h>

#include "schemas/byte_io.hpp"

namespace zbag {
namespace {

using byte_io::store;

tl::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDamaged, fmt::format("block: {}", what));
}

}  // namespace

void write_block_header(std::uint8_t* at, const BlockHeader& header) {
  store(at, kBlockMagic);
  store(at, std::uint8_t{1});
  store(at, static_cast<std::uint8_t>(header.codec));
  store(at, static_cast<std::uint8_t>(header.compression));
  store(at, header.flags);
  store(at, header.track);
  store(at, header.count);
  store(at, header.first);
  store(at, header.last);
  store(at, header.raw_bytes);
  store(at, header.stored_bytes);
  store(at, header.first_ordinal);
  store(at, std::uint64_t{0});  // the checksum, filled in when everything else is in place
  store(at, header.summary_bytes);
  store(at, std::uint32_t{0});  // the checksum of the head
}

Result<BlockHeader> read_block_header(std::string_view block) {
  const auto* const at = reinterpret_cast<const std::uint8_t*>(block.data());
  if (block.size() < kBlockHeaderBytes || byte_io::load<std::uint32_t>(at) != kBlockMagic) {
    return damaged("not a block");
  }
  if (at[4] != 1 || at[5] > static_cast<std::uint8_t>(Codec::kColumns) ||
      at[6] > static_cast<std::uint8_t>(Compression::kZstd)) {
    return fail(ErrorCode::kNewerFormat,
                fmt::format("block format {}, codec {}, compression {}: written by a newer "
                            "zbag, or damaged",
                            at[4], at[5], at[6]));
  }
  BlockHeader header;
  header.codec = static_cast<Codec>(at[5]);
  header.compression = static_cast<Compression>(at[6]);
  header.flags = at[7];
  header.track = byte_io::load<std::uint32_t>(at + 8);
  header.count = byte_io::load<std::uint32_t>(at + 12);
  header.first = byte_io::load<std::int64_t>(at + 16);
  header.last = byte_io::load<std::int64_t>(at + 24);
  header.raw_bytes = byte_io::load<std::uint32_t>(at + 32);
  header.stored_bytes = byte_io::load<std::uint32_t>(at + 36);
  header.first_ordinal = byte_io::load<std::uint64_t>(at + 40);
  const std::size_t behind = block.size() - kBlockHeaderBytes;
  const std::size_t summary_max = header.codec == Codec::kColumns ? kSummaryBytesMax : 0;
  if (header.stored_bytes > behind || behind - header.stored_bytes > summary_max)
    return damaged("wrong size");
  header.summary_bytes = static_cast<std::uint32_t>(behind - header.stored_bytes);
  if (header.raw_bytes > kBlockRawBytesMax) return damaged("impossible size");
  if (header.flags == kBlockBorder && header.count == 0 && header.raw_bytes == 0) return header;
  // Every point takes two bytes of the body at least: a row length and an empty map.
  const bool fits = header.count <= header.raw_bytes / 2 && header.count <= kBlockPointsMax;
  if (header.count == 0 || !fits) return damaged("impossible count");
  return header;
}

}  // namespace zbag
