// The checksum of a record (FORMAT.md, Records): every value of every table but `blocks` ends with
// it. It covers table, key and value, so that a record is right only where it was put, and what
// lies on a stray page says itself of which table it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace zbag {

inline constexpr std::size_t kRecordSumBytes = 8;

// Appends the sum to `record`.
void seal_record(std::string_view table, std::string_view key, std::string& record);
// The record in a value that was sealed; nullopt: the checksum is wrong.
std::optional<std::string_view> open_record(std::string_view table, std::string_view key,
                                            std::string_view value);

}  // namespace zbag
