// The CRC of MCAP files, CRC-32/ISO-HDLC.
#pragma once

#include <cstdint>
#include <string_view>

namespace zbag {

// `before`: that of the bytes before these.
std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0);

}  // namespace zbag
