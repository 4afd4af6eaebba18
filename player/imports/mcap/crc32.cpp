#include "player/imports/mcap/crc32.hpp"

#include <lzma.h>

#include "schemas/text_bytes.hpp"

namespace zbag {

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) {
  return lzma_crc32(bytes_of(bytes).data(), bytes.size(), before);
}

}  // namespace zbag
