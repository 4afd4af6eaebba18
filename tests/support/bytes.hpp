// Bytes of frames, written as people write them down.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "schemas/frame.hpp"

namespace zbag {

// "82 a1 61 01" -> those bytes; blanks may stand anywhere.
inline std::string from_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  std::size_t nibbles = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) continue;
    if (nibbles++ % 2 == 0) {
      out.push_back(static_cast<char>(digit << 4));
    } else {
      out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) | digit);
    }
  }
  return out;
}

// REQUIRES: the text outlives the span.
inline std::span<const std::uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string encoded(const Fields& fields) {
  std::string out;
  encode_fields(fields, out);
  return out;
}

}  // namespace zbag
