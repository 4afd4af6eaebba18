// Text as the bytes it is made of, and bytes as text. Both are views of what is given to them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace zbag {

inline std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace zbag
