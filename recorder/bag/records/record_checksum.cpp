#include "recorder/bag/records/record_checksum.hpp"

#include <xxhash.h>

#include <cstdint>
#include <cstring>

namespace zbag {
namespace {

// Each part seeds the next, so that no byte can move from one to another unnoticed.
std::uint64_t sum_of(std::string_view table, std::string_view key, std::string_view record) {
  std::uint64_t sum = 0;
  for (const std::string_view part : {table, key, record})
    sum = XXH3_64bits_withSeed(part.data(), part.size(), sum);
  return sum;
}

}  // namespace

void seal_record(std::string_view table, std::string_view key, std::string& record) {
  const std::uint64_t sum = sum_of(table, key, record);
  record.append(reinterpret_cast<const char*>(&sum), kRecordSumBytes);
}

std::optional<std::string_view> open_record(std::string_view table, std::string_view key,
                                            std::string_view value) {
  if (value.size() < kRecordSumBytes) return std::nullopt;
  const std::string_view record = value.substr(0, value.size() - kRecordSumBytes);
  std::uint64_t stored = 0;
  std::memcpy(&stored, value.data() + record.size(), kRecordSumBytes);
  if (stored != sum_of(table, key, record)) return std::nullopt;
  return record;
}

}  // namespace zbag
