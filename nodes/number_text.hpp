// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace zbag {

std::string bytes_text(std::uint64_t bytes);  // 12345678 -> "12.3 MB"
std::string count_text(std::uint64_t count);  // 1234567 -> "1,234,567"
// "1 frame", "1,234 frames"
std::string amount_text(std::uint64_t count, const std::string& one);
// " (12 kept apart)", or nothing where no point is.
std::string kept_apart_text(std::uint64_t points);

}  // namespace zbag
